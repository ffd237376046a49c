using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Benchmarks.Features;
using RemoteMonitoring.Benchmarks.Night;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Benchmarks.MorningList;

/// <summary>
/// A home in the middle of its morning: the cohort of the nights, care plans, what staff did in the last two weeks, a user for each team, readings
/// beyond limits, and the lists of two nights. The next night has not been yet.
/// </summary>
internal static class WardHome
{
    /// <summary>Password of every user.</summary>
    public const string Password = "seven tall green boats";

    private const int Actions = 5_000;
    private const int PatientsOfAPlan = 5;
    private const int UrgentReadings = 20;
    private const int PatientsOfTheModel = 2_000;

    private static readonly ActionKind[] s_kinds =
        [ActionKind.Contacted, ActionKind.NoAnswer, ActionKind.Claim, ActionKind.Note, ActionKind.VisitArranged, ActionKind.FalseAlarm, ActionKind.MedicationQuestion, ActionKind.Contacted];

    /// <summary>The midnight that the night to come speaks for.</summary>
    public static Instant Tonight { get; } = UnixMicros.ToInstant(FeatureCohort.AsOf("Etc/UTC"));

    /// <summary>When it is there: the data have come as far.</summary>
    public static Instant Now { get; } = UnixMicros.ToInstant(FeatureCohort.KnownBy);

    /// <summary>Name of the user of a team.</summary>
    public static string UserOf(string team) => $"nurse-of-{team}";

    /// <summary>Writes it.</summary>
    /// <returns>The teams.</returns>
    public static async Task<IReadOnlyList<string>> WriteAsync(string home, int patients)
    {
        var taught = home + "-model";
        await NightAlone.WriteHomeAsync(taught, PatientsOfTheModel, null);
        IReadOnlyList<string> teams = [];
        await NightAlone.WriteHomeAsync(home, patients, NightAlone.ModelOf(taught), async (store, cohort) => teams = await StateAsync(store, cohort.Reference));
        Directory.Delete(taught, recursive: true);
        await using var documents = CohortStore.Open(home, NightAlone.Cohort);
        await using var engine = NightAlone.StartEngine(documents, new EngineOptions());
        foreach (var days in (int[])[2, 1])
        {
            await NightAlone.RunNightAsync(engine, $"{days}-days-before", Tonight - Duration.FromDays(days));
        }

        return teams;
    }

    private static async Task<IReadOnlyList<string>> StateAsync(CohortStore store, ReferenceData reference)
    {
        var known = Now - Duration.FromDays(30);
        var roster = reference.Patients;
        string[] teams = [.. reference.Teams.Select(t => t.CareTeamId)];
        CarePlan[] plans =
        [
            .. roster.Where((_, i) => i % PatientsOfAPlan == 0).Select(p => new CarePlan
            {
                PatientId = p.PatientId,
                Limits = [new PersonalLimit("spo2", 88, null), new PersonalLimit("systolic_bp", 95, 175), new PersonalLimit("weight", null, 130)],
                ContactPreference = "rings after ten, not on Wednesdays",
                By = "clinic",
                Known = known,
            }),
        ];
        await AppendAsync(store, ReferenceKinds.CarePlans, plans);
        await AppendAsync(store, ReferenceKinds.Members, [.. teams.Select(t => new Member { UserName = UserOf(t), DisplayName = $"Nurse of {t}", Roles = [Role.CareManager], Teams = [t], By = "clinic", Known = known })]);
        var logins = new LoginStore(store.Documents, TimeProvider.System);
        await Parallel.ForEachAsync(teams, async (team, token) => await logins.SetPasswordAsync(UserOf(team), Password, token));

        // One to a batch, as people act.
        var random = new Random(5);
        WorklistAction[] actions = [.. Enumerable.Range(0, Actions).Select(i => ActionOf(i, roster[random.Next(roster.Count)]))];
        await Parallel.ForAsync(0, Actions, async (i, token) => await store.Reference.TryAppendAsync(ReferenceKinds.Actions, i + 1, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(actions[i]) + "\n"), token));

        var urgent = Enumerable.Range(0, UrgentReadings).Select(i => UrgentOf(i, plans[i * 7 % plans.Length].PatientId));
        await store.Documents.UpsertAsync(
            Containers.Urgent,
            [.. urgent.Select(u => new Document { PartitionKey = u.Known.InUtc().Date.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture), Id = u.Id, Body = u.ToJson() })],
            CancellationToken.None);
        return teams;
    }

    private static WorklistAction ActionOf(int number, Patient patient) => new()
    {
        Id = number.ToString("x32", CultureInfo.InvariantCulture),
        PatientId = patient.PatientId,
        CareTeamId = patient.CareTeamId,
        Kind = s_kinds[number % s_kinds.Length],
        By = UserOf(patient.CareTeamId),
        Note = number % 3 == 0 ? "Says that the ankles are thicker since Sunday; will weigh again tomorrow morning." : null,
        Known = Now - Duration.FromDays(14) + Duration.FromSeconds(number * (13L * 86_400 / Actions)),
    };

    private static UrgentReading UrgentOf(int number, string patientId) => new(
        number.ToString("x32", CultureInfo.InvariantCulture), patientId, "spo2", 86 - (number % 3), "%", Now - Duration.FromMinutes(number + 5), Now - Duration.FromMinutes(number + 4), 88, null);

    private static Task<bool> AppendAsync<T>(CohortStore store, string kind, IReadOnlyList<T> events)
        where T : notnull => store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Join('\n', events.Select(ReferenceJson.ToLine)) + "\n"), CancellationToken.None);
}
