using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Lineage;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>
/// The facts of predictions, a file a day and table. They are many rows: as long as the hash of what they are made of stays, the files do.
/// </summary>
internal sealed class PredictionFacts
{
    /// <summary>Changes with the rules below: files made by others are made anew.</summary>
    private const string Rules = "report predictions 1";

    private const int DaysTogether = 8;

    private static readonly Duration s_today = Duration.FromDays(1);

    private readonly ReportMonth _month;
    private readonly Dictionary<string, Instant[]> _instants = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (int Part, Dictionary<(string PatientId, long AsOf), bool> Labels)> _labels = new(StringComparer.Ordinal);
    private readonly Dictionary<string, Instant?> _trainedUntil = new(StringComparer.Ordinal);

    private PredictionFacts(ReportMonth month) => _month = month;

    private ReportContext Context => _month.Context;

    /// <summary>Those of a month.</summary>
    public static PredictionFacts Of(ReportMonth month)
    {
        var facts = new PredictionFacts(month);
        foreach (var ofTask in month.Days.GroupBy(d => d.Task.Name, StringComparer.Ordinal))
        {
            facts._instants.Add(ofTask.Key, [.. ofTask.Select(d => d.Made.AsOf).Distinct().Order()]);
        }

        return facts;
    }

    /// <summary>The lists of one day and what their run left: all that its rows come from but the files of predictions.</summary>
    public async Task<DayOfPredictions?> DayAsync(ReportDay day, CancellationToken cancellationToken)
    {
        if (await LedgeredRun.TryReadAsync(Context.Store.Lake, day.Made.Run, cancellationToken) is not { Entry: var entry })
        {
            return null;
        }

        if (!_trainedUntil.TryGetValue($"{entry.Task}/{entry.Model}", out var trainedUntil))
        {
            try
            {
                trainedUntil = (await ModelVersions.DocumentAsync(Context.Store.Lake, entry.Task, entry.Model, cancellationToken)).Training.TrainedUntil;
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                trainedUntil = null;
            }

            _trainedUntil.Add($"{entry.Task}/{entry.Model}", trainedUntil);
        }

        // By the rule that a run goes by; of a model that is gone nobody can say what it had been taught.
        var isRetrospective = trainedUntil is not { } until || (until > entry.AsOf && UnixMicros.ToInstant(entry.Inputs.Watermark) > entry.AsOf + s_today);
        var listings = new SortedDictionary<string, Listing>(StringComparer.Ordinal);
        var others = new SortedDictionary<string, Other>(StringComparer.Ordinal);
        foreach (var team in _month.Teams.Where(t => t.Task.Name == day.Task.Name))
        {
            foreach (var (at, list) in team.Period.Lists.Index().Where(l => l.Item.Run == entry.Run))
            {
                foreach (var (place, listed) in list.Listed.Index())
                {
                    listings[listed.PatientId] = new(place + 1, team.HadEvent(listed.PatientId, list.AsOf), TeamFigures.IsActedOn(team.Period, at, listed.PatientId));
                }

                foreach (var (id, other) in list.Resting.Select(r => (r.PatientId, new Other("resting", null)))
                    .Concat(list.NotScored.Select(n => (n.PatientId, new Other("not scored", n.Why)))).Concat(list.SetAside.Select(n => (n.PatientId, new Other("set aside", n.Why)))))
                {
                    others[id] = other;
                }
            }
        }

        return new(day, entry, isRetrospective, listings, others);
    }

    /// <summary>Hash of all that the rows of a UTC day are made of.</summary>
    public string InputsOf(IReadOnlyList<DayOfPredictions> days)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        void Add(string line) => hash.AppendData(Encoding.UTF8.GetBytes(line + "\n"));
        Add(string.Create(CultureInfo.InvariantCulture, $"{Rules}\n{Context.KeyId}\n{Context.Erasures}"));
        foreach (var day in days)
        {
            Add(Lake.Hash(RiskDocumentJson.ToBytes(day.Entry)));
            Add($"retrospective {day.IsRetrospective}");
            foreach (var (id, listing) in day.Listings)
            {
                Add($"{id}\t{listing}");
            }

            foreach (var (id, other) in day.Others)
            {
                Add($"{id}\t{other}");
            }

            foreach (var ((id, asOf), label) in LabelsOf(day).Where(l => day.Day.Task.Grid == AsOfGrid.OnceAfterEnrolment || l.Key.AsOf == day.Entry.AsOf.ToUnixMicros()).OrderBy(l => l.Key.PatientId, StringComparer.Ordinal).ThenBy(l => l.Key.AsOf))
            {
                Add(string.Create(CultureInfo.InvariantCulture, $"{id}\t{asOf}\t{label}"));
            }
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>The rows of a UTC day, and their sums. A file of predictions that is gone throws <see cref="LakeException"/>.</summary>
    public async Task<(ReportRows Predictions, ReportRows Calibration)> RowsAsync(IReadOnlyList<DayOfPredictions> days, CancellationToken cancellationToken)
    {
        var (rows, sums) = (new ReportRows(ReportSchema.Prediction), new Dictionary<(int Date, string Team, string Model, int Bin), Sum>());
        foreach (var day in days)
        {
            foreach (var path in day.Entry.Outputs.Select(o => o.Path).Where(p => p.StartsWith("gold/predictions/", StringComparison.Ordinal)))
            {
                var table = await Context.Store.Lake.ReadTableAsync(path, ["patient_id", "as_of", "probability", "band", "news2_low", "news2_point", "news2_high"], cancellationToken);
                var (patients, asOf, probability, band) = (table.Text("patient_id"), table.Time("as_of"), table.Float64("probability"), table.Text("band"));
                var (low, point, high) = (table.Float64("news2_low"), table.Float64("news2_point"), table.Float64("news2_high"));
                for (var r = 0; r < table.Rows; r++)
                {
                    Add(day, patients[r]!, asOf[r], "scored", null, probability[r], string.IsNullOrEmpty(band[r]) ? null : band[r], low[r], point[r], high[r], rows, sums);
                }
            }

            foreach (var (id, other) in day.Others.Where(o => o.Value.State != "resting"))
            {
                Add(day, id, day.Entry.AsOf.ToUnixMicros(), other.State, other.Why, double.NaN, null, double.NaN, double.NaN, double.NaN, rows, sums);
            }
        }

        var calibration = new ReportRows(ReportSchema.Calibration);
        foreach (var (key, sum) in sums)
        {
            calibration.Add(key.Date, key.Team, key.Model, key.Bin, sum.Predictions, sum.Certain, sum.Observed, sum.Expected);
        }

        return (rows, calibration);
    }

    private void Add(
        DayOfPredictions day, string id, long asOf, string state, string? why, double probability, string? band, double low, double point, double high, ReportRows rows, Dictionary<(int, string, string, int), Sum> sums)
    {
        if (!Context.Knows(id))
        {
            return;
        }

        var (date, team, model) = (ReportTable.DateKey(day.Day.Day), Context.Records.RosterAt(id, day.Entry.KnownBy)!.CareTeamId, $"{day.Entry.Task}/{day.Entry.Model}");
        var listing = day.Listings.GetValueOrDefault(id);
        var certain = LabelsOf(day).TryGetValue((id, asOf), out var label);
        var bin = double.IsNaN(probability) ? 0 : ReportSchema.RiskBinOf(probability);
        rows.Add(
            date, asOf, Context.PatientKey(id), team, model, state, why, probability, bin, band, listing is not null, listing?.Rank ?? 0, day.Others.GetValueOrDefault(id)?.State == "resting", low, point, high,
            day.IsRetrospective, certain, label, listing?.HadEvent == true, listing?.ActedOn == true);
        if (!day.IsRetrospective)
        {
            var sum = sums.TryGetValue((date, team, model, bin), out var there) ? there : sums[(date, team, model, bin)] = new Sum();
            sum.Predictions++;
            sum.Certain += certain ? 1 : 0;
            sum.Observed += label ? 1 : 0;
            sum.Expected += certain && bin > 0 ? probability : 0;
        }
    }

    /// <summary>Labels by the rules that models are taught by: of some days at a time, since those of a month of a large cohort would take gigabytes.</summary>
    private Dictionary<(string PatientId, long AsOf), bool> LabelsOf(DayOfPredictions day)
    {
        var (task, instants) = (day.Day.Task, _instants[day.Day.Task.Name]);
        var part = task.Grid == AsOfGrid.OnceAfterEnrolment ? 0 : Array.IndexOf(instants, day.Day.Made.AsOf) / DaysTogether;
        if (_labels.TryGetValue(task.Name, out var there) && there.Part == part)
        {
            return there.Labels;
        }

        var labels = Context.Observations is not { } observations ? [] : Cohort
            .Build(
                task, Context.Reference, task.Grid == AsOfGrid.OnceAfterEnrolment ? null : instants[(part * DaysTogether)..Math.Min(instants.Length, (part + 1) * DaysTogether)],
                Instant.Min(Context.Now, TrainingStage.EndOfData(task, observations, Context.Reference)))
            .Rows.ToDictionary(r => (r.PatientId, r.AsOf.ToUnixMicros()), r => r.Label);
        _labels[task.Name] = (part, labels);
        return labels;
    }

    private sealed class Sum
    {
        public int Predictions { get; set; }

        public int Certain { get; set; }

        public int Observed { get; set; }

        public double Expected { get; set; }
    }
}

/// <summary>What a list says of a patient who is on it.</summary>
internal sealed record Listing(int Rank, bool HadEvent, bool ActedOn);

/// <summary>What a list says of a patient beside it.</summary>
internal sealed record Other(string State, string? Why);

/// <summary>A day of a task: its run, and what its lists say.</summary>
internal sealed record DayOfPredictions(ReportDay Day, LedgerEntry Entry, bool IsRetrospective, IReadOnlyDictionary<string, Listing> Listings, IReadOnlyDictionary<string, Other> Others);
