using System.Globalization;
using NodaTime.Text;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>Held-out rows as a lake table: all figures of an evaluation can be computed again from it.</summary>
public static class HeldOutTable
{
    private const string RulePrefix = "rule_";

    private const string WindowKey = "remotemonitoring.window";

    private const string Behind = "behind-as-of";

    /// <summary>The rows as a table.</summary>
    public static ParquetTable ToParquet(HeldOutRows rows)
    {
        var table = new ParquetTable()
            .Text("patient_id", rows.PatientId)
            .Time("as_of", rows.AsOf)
            .Int32("fold", rows.Fold)
            .Boolean("label", rows.Label)
            .Float64("p", rows.P)
            .Float64("news2_low", rows.News2Low)
            .Float64("news2_point", rows.News2Point)
            .Float64("news2_high", rows.News2High)
            .Float64("p_logistic", rows.Logistic)
            .Float64("raw_logistic", rows.LogisticRaw)
            .Float64("raw", rows.Raw)
            .Boolean("alert", rows.Alert)
            .Text("day", Array.ConvertAll(rows.Day, LocalDatePattern.Iso.Format))
            .Time("own_event", rows.OwnEvent)
            .Time("next_event", rows.NextEvent)
            .Text("team", rows.Team)
            .Float64("age", rows.Age)
            .Text("sex", rows.Sex)
            .Text("conditions", rows.Conditions)
            .Text("device_models", rows.DeviceModels)
            .Float64("team_capacity", rows.TeamCapacity)
            .Int32("team_patients", rows.TeamPatients)
            .Float64("contacts_7d", rows.Contacts7Days);
        table.Metadata[WindowKey] = rows.LooksBack ? Behind : "ahead-of-as-of";
        foreach (var (name, score) in rows.Rules)
        {
            table.Float64(RulePrefix + name, score);
        }

        for (var i = 0; i < rows.Ablated.Count; i++)
        {
            var (name, columns, raw, alert) = rows.Ablated[i];
            table.Float64(RawWithout(i), raw).Boolean(AlertWithout(i), alert);
            table.Metadata[WithoutKey(i)] = string.Create(CultureInfo.InvariantCulture, $"{columns} {name}");
        }

        return table;
    }

    /// <summary>Whether a file of this footer has the column <c>own_event</c>; those that were written before it was have not.</summary>
    public static bool NamesEvents(IReadOnlyDictionary<string, string> metadata) => metadata.ContainsKey(WindowKey);

    /// <summary>The rows of a table; one that lacks a column throws <see cref="LakeException"/>.</summary>
    public static HeldOutRows FromParquet(ParquetTable table) => new()
    {
        PatientId = Text(table, "patient_id"),
        AsOf = table.Time("as_of"),
        Day = Array.ConvertAll(Text(table, "day"), d => LocalDatePattern.Iso.Parse(d).GetValueOrThrow()),
        Fold = table.Int32("fold"),
        Label = table.Boolean("label"),
        P = table.Float64("p"),
        News2Low = table.Float64("news2_low"),
        News2Point = table.Float64("news2_point"),
        News2High = table.Float64("news2_high"),
        Logistic = table.Float64("p_logistic"),
        LogisticRaw = table.Float64("raw_logistic"),
        Raw = table.Float64("raw"),
        Alert = table.Boolean("alert"),
        OwnEvent = table.Time("own_event"),
        NextEvent = table.Time("next_event"),
        Team = Text(table, "team"),
        Age = table.Float64("age"),
        Sex = Text(table, "sex"),
        Conditions = Text(table, "conditions"),
        DeviceModels = Text(table, "device_models"),
        TeamCapacity = table.Float64("team_capacity"),
        TeamPatients = table.Int32("team_patients"),
        Contacts7Days = table.Float64("contacts_7d"),
        LooksBack = table.Metadata.GetValueOrDefault(WindowKey) == Behind,
        Rules = [.. table.ColumnNames.Where(c => c.StartsWith(RulePrefix, StringComparison.Ordinal)).Select(c => new RuleScores(c[RulePrefix.Length..], table.Float64(c)))],
        Ablated = [.. Ablated(table)],
    };

    private static IEnumerable<AblatedScores> Ablated(ParquetTable table)
    {
        for (var i = 0; table.Metadata.TryGetValue(WithoutKey(i), out var said); i++)
        {
            var space = said.IndexOf(' ', StringComparison.Ordinal);
            yield return new AblatedScores(said[(space + 1)..], int.Parse(said[..space], CultureInfo.InvariantCulture), table.Float64(RawWithout(i)), table.Boolean(AlertWithout(i)));
        }
    }

    private static string RawWithout(int ablation) => string.Create(CultureInfo.InvariantCulture, $"raw_without_{ablation + 1}");

    private static string AlertWithout(int ablation) => string.Create(CultureInfo.InvariantCulture, $"alert_without_{ablation + 1}");

    private static string WithoutKey(int ablation) => string.Create(CultureInfo.InvariantCulture, $"remotemonitoring.without-{ablation + 1}");

    private static string[] Text(ParquetTable table, string column) => Array.ConvertAll(table.Text(column), t => t ?? "");
}
