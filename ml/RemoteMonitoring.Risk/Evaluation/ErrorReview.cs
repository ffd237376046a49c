using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>A column that moved a score.</summary>
/// <param name="Column">Which.</param>
/// <param name="Value">Its value; NaN where unknown.</param>
/// <param name="Contribution">What it adds to the log-odds; below 0 lowers the risk.</param>
public sealed record Mover(FeatureColumn Column, double Value, double Contribution);

/// <summary>The last reading of a vital before an instant.</summary>
/// <param name="VitalKey">Key of the vital.</param>
/// <param name="Value">Its value.</param>
/// <param name="Unit">UCUM unit.</param>
/// <param name="AgeHours">How long before the instant it was taken; NaN where the feature set does not say.</param>
public sealed record LastReading(string VitalKey, double Value, string Unit, double AgeHours);

/// <summary>Why a row has its score, and what was measured.</summary>
/// <param name="Movers">The columns that moved the score most, by size.</param>
/// <param name="Readings">The last value of each vital that has one, in the order of the set.</param>
public sealed record RowExplanation(IReadOnlyList<Mover> Movers, IReadOnlyList<LastReading> Readings);

/// <summary>A row at which the model was badly wrong.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="AsOf">Its instant, Unix microseconds.</param>
/// <param name="P">The risk foreseen.</param>
/// <param name="Event">When the event was that the row had to detect, or else the next one, Unix microseconds; <see cref="UnixMicros.Open"/> where none is known of.</param>
/// <param name="Why">What the model made of it.</param>
public sealed record ErrorCase(string PatientId, long AsOf, double P, long Event, RowExplanation Why);

/// <summary>
/// The rows to learn from. A miss is an event whose highest risk in the 7 days before (of a task that looks back: on its day, or while it lasted)
/// was low, shown at the instant of that risk; a false alarm a patient with a high risk and no outcome in the window, shown at the highest.
/// </summary>
/// <param name="Misses">Lowest risk first.</param>
/// <param name="FalseAlarms">Highest risk first; each of another patient.</param>
public sealed record ErrorReview(IReadOnlyList<ErrorCase> Misses, IReadOnlyList<ErrorCase> FalseAlarms)
{
    /// <summary>Cases of a kind at the most.</summary>
    public const int Most = 10;

    private const int MostMovers = 6;

    /// <summary>Picks the rows, and has each of them explained.</summary>
    public static ErrorReview Of(HeldOutRows rows, Func<int, RowExplanation> explain)
    {
        var (patient, _) = rows.NumberPatients();
        var misses = HeldOutEvents.Of(rows, patient)
            .Where(e => e.Rows.Length > 0)
            .Select(e => e.Rows.MaxBy(i => (rows.P[i], rows.Raw[i])))
            .OrderBy(i => rows.P[i]).ThenBy(i => rows.Raw[i]).ThenBy(i => rows.PatientId[i], StringComparer.Ordinal).ThenBy(i => rows.AsOf[i])
            .Take(Most);
        var alarms = Enumerable.Range(0, rows.Rows)
            .Where(i => !rows.Label[i])
            .OrderByDescending(i => rows.P[i]).ThenByDescending(i => rows.Raw[i]).ThenBy(i => rows.PatientId[i], StringComparer.Ordinal).ThenBy(i => rows.AsOf[i])
            .DistinctBy(i => rows.PatientId[i])
            .Take(Most);
        ErrorCase Case(int row) => new(rows.PatientId[row], rows.AsOf[row], rows.P[row], rows.OwnEvent[row] == UnixMicros.Open ? rows.NextEvent[row] : rows.OwnEvent[row], explain(row));
        return new([.. misses.Select(Case)], [.. alarms.Select(Case)]);
    }

    /// <summary>What the trees that foresaw a row made of it.</summary>
    internal static RowExplanation Explain(LabelledRows data, TreeEnsemble trees, int row)
    {
        var columns = data.Features.Columns;
        var vector = data.FeatureRow[row];
        var contributions = new TreeContributions(trees, columns.Count).Of(data.Matrix.Row(row));
        var movers = Enumerable.Range(0, columns.Count)
            .Where(c => contributions[c] != 0)
            .OrderByDescending(c => Math.Abs(contributions[c])).ThenBy(c => c)
            .Take(MostMovers)
            .Select(c => new Mover(columns[c], data.Features.Values[c][vector], contributions[c]));
        var ages = Enumerable.Range(0, columns.Count)
            .Where(c => columns[c] is { Statistic: "age", VitalKey: not null })
            .ToDictionary(c => columns[c].VitalKey!, c => data.Features.Values[c][vector], StringComparer.Ordinal);
        var readings = Enumerable.Range(0, columns.Count)
            .Where(c => columns[c] is { Statistic: "last", VitalKey: not null } && double.IsFinite(data.Features.Values[c][vector]))
            .Select(c => new LastReading(columns[c].VitalKey!, data.Features.Values[c][vector], columns[c].Unit, ages.GetValueOrDefault(columns[c].VitalKey!, double.NaN)));
        return new([.. movers], [.. readings]);
    }
}
