using System.Collections.Concurrent;
using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>Made-up patients of two teams: half are on a list, half have a reading beyond a personal limit. Their follow-ups are begun some at a time.</summary>
internal sealed class ChaosWard
{
    public const string Cohort = "ward";

    private const string Task = "admission-7d";
    private const string Run = "chaos";

    private static readonly string[] s_teams = ["north", "south"];

    private readonly CohortStore _store;
    private readonly UrgentReading[] _urgent;
    private readonly ConcurrentDictionary<string, Instant> _begun = new(StringComparer.Ordinal);

    private ChaosWard(CohortStore store, IReadOnlyList<FollowUpInput> all, UrgentReading[] urgent) => (_store, All, _urgent) = (store, all, urgent);

    /// <summary>All follow-ups that there are to be.</summary>
    public IReadOnlyList<FollowUpInput> All { get; }

    /// <summary>How many of them were begun.</summary>
    public int Begun => _begun.Count;

    /// <summary>When one of them was, or before.</summary>
    public Instant BegunAt(FollowUpInput input) => _begun[input.Key];

    public static async Task<ChaosWard> MakeAsync(CohortStore store, int count, CancellationToken cancellationToken)
    {
        // To microseconds, as it is kept.
        var now = UnixMicros.ToInstant(Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()).ToUnixMicros());
        var patients = Enumerable.Range(0, count).Select(i => new Patient { PatientId = string.Create(CultureInfo.InvariantCulture, $"p{i:D5}"), CareTeamId = s_teams[i / 2 % 2], Known = now }).ToArray();
        await store.Reference.AppendAsync(ReferenceKinds.Teams, Lines(s_teams.Select(t => new CareTeam { CareTeamId = t, Name = $"Team {t}", Capacity = count, Known = now })), cancellationToken);
        await store.Reference.AppendAsync(ReferenceKinds.Roster, Lines(patients), cancellationToken);
        var (listed, urgent) = (patients.Where((_, i) => i % 2 == 0).ToArray(), patients.Where((_, i) => i % 2 == 1).ToArray());
        foreach (var team in s_teams)
        {
            var list = new TeamWorklist
            {
                CareTeamId = team,
                Name = $"Team {team}",
                Capacity = count,
                Title = "Hospital admission in the next 7 days",
                AsOf = now,
                Run = Run,
                Scored = count,
                Listed = [.. listed.Where(p => p.CareTeamId == team).Select((p, i) => PredictionOf(p.PatientId, now, 0.2 - (i * 1e-4)))],
                NotScored = [],
            };
            await store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = team, Id = $"{LakePaths.Stamp(now.ToUnixMicros())}-{Run}", Body = RiskDocumentJson.ToJson(list) }], cancellationToken);
        }

        UrgentReading[] readings = [.. urgent.Select(p => new UrgentReading($"u-{p.PatientId}", p.PatientId, "heart_rate", 141, "/min", now, now, null, 120))];
        FollowUpInput[] all =
        [
            .. listed.Select(p => new FollowUpInput { Cohort = Cohort, Kind = FollowUpKind.Listed, CareTeamId = p.CareTeamId, PatientId = p.PatientId, Task = Task, AsOf = now, Run = Run })
                .Zip(urgent.Select((p, i) => new FollowUpInput { Cohort = Cohort, Kind = FollowUpKind.Urgent, CareTeamId = p.CareTeamId, PatientId = p.PatientId, Task = readings[i].Id, AsOf = now }))
                .SelectMany(pair => new[] { pair.First, pair.Second }),
            .. listed.Skip(urgent.Length).Select(p => new FollowUpInput { Cohort = Cohort, Kind = FollowUpKind.Listed, CareTeamId = p.CareTeamId, PatientId = p.PatientId, Task = Task, AsOf = now, Run = Run }),
        ];
        return new ChaosWard(store, all, readings);
    }

    /// <summary>Begins some more: those of lists by more than one who ask at once, those of readings by the documents alone, which serving processes find.</summary>
    public async Task BeginAsync(IWorkflowClient client, int count, CancellationToken cancellationToken)
    {
        foreach (var input in All.Skip(Begun).Take(count).ToArray())
        {
            _begun[input.Key] = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
            if (input.Kind == FollowUpKind.Listed)
            {
                await System.Threading.Tasks.Task.WhenAll(Enumerable.Range(0, 3).Select(_ => FollowUpActivities.StartAsync(_store, client, input, cancellationToken)));
            }
            else
            {
                var reading = _urgent.First(u => u.Id == input.Task);
                await _store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(reading.Known), Id = reading.Id, Body = reading.ToJson() }], cancellationToken);
            }
        }
    }

    private static Prediction PredictionOf(string patientId, Instant asOf, double probability) => new()
    {
        Id = $"{LakePaths.Stamp(asOf.ToUnixMicros())}-{Run}",
        PatientId = patientId,
        Task = Task,
        AsOf = asOf,
        KnownBy = asOf,
        Model = "made-up",
        FeatureSetHash = "made-up",
        Run = Run,
        Probability = probability,
        Raw = Math.Log(probability / (1 - probability)),
        Reasons = [new Reason { Text = "made up", Contribution = 1 }],
    };

    private static byte[] Lines<T>(IEnumerable<T> rows) => Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n")));
}
