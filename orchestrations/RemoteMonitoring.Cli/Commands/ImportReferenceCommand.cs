using System.CommandLine;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon import roster|teams|assignments|outcomes|census|care-plans FILE.csv</c>: reference events into the reference log.</summary>
internal static class ImportReferenceCommand
{
    public static Option<bool> DryRun { get; } = new("--dry-run") { Description = "Say what would be new, changed and moved, and append nothing" };

    public static Option<bool> SkipBad { get; } = new("--skip-bad") { Description = "Append the good rows although there are bad ones, which are listed and counted (exit 4)" };

    public static IEnumerable<Command> CreateAll() =>
    [
        Create(ReferenceKinds.Roster, "patients: patient_id, care_team_id[, age, sex, conditions, time_zone, known]", ReferenceCsv.ReadRoster, r => r.Patients, ReferenceChange.Of),
        Create(ReferenceKinds.Teams, "care teams: care_team_id, name, capacity[, known]", ReferenceCsv.ReadTeams, r => r.Teams, ReferenceChange.Of),
        Create(ReferenceKinds.Assignments, "who had which device: device_id, patient_id, from[, to, device_model, known]", ReferenceCsv.ReadAssignments, r => r.Assignments, ReferenceChange.Of),
        Create(ReferenceKinds.Outcomes, "outcomes: patient_id, kind, effective[, detail, known]", ReferenceCsv.ReadOutcomes, r => r.Outcomes, ReferenceChange.Of),
        Create(ReferenceKinds.Census, "enrolments, admissions, discharges, withdrawals, deaths: patient_id, kind, effective[, known]", ReferenceCsv.ReadCensus, r => r.Census, ReferenceChange.Of),
        Create(ReferenceKinds.CarePlans, "personal limits, a line each, and how a patient wants to be reached: patient_id, vital[, low, high, unit, contact_preference, known]; all lines of a patient replace the plan before", ReferenceCsv.ReadCarePlans, r => r.CarePlans, ReferenceChange.Of),
    ];

    /// <summary>Lists bad places on standard error; throws where they mean that nothing is appended.</summary>
    public static void ShowProblems(Terminal terminal, IReadOnlyList<FileProblem> problems, bool skipBad)
    {
        foreach (var problem in problems)
        {
            terminal.Warn(problem.ToString());
        }

        if (problems.Count > 0 && !skipBad)
        {
            throw new UserException($"{Terminal.Number(problems.Count)} bad rows; nothing is appended. Mend them, or append the good ones with --skip-bad.");
        }
    }

    /// <summary>Appends rows and brings documents behind; returns how many documents moved.</summary>
    public static async Task<ProjectedDocuments> AppendAsync<T>(CohortStore store, string kind, IReadOnlyList<T> rows, CancellationToken cancellationToken)
    {
        if (rows.Count == 0)
        {
            return default;
        }

        await store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), cancellationToken);
        if (kind is not (ReferenceKinds.Roster or ReferenceKinds.Assignments))
        {
            return default;
        }

        var (silver, _) = await QuarantineCommand.CaughtUpAsync(store, cancellationToken);
        return await DocumentProjection.RunAsync(store, silver, cancellationToken);
    }

    private static Command Create<T>(
        string kind,
        string what,
        Func<string, Instant, FileRows<T>> read,
        Func<ReferenceData, IReadOnlyList<T>> log,
        Func<IReadOnlyList<T>, IReadOnlyList<T>, ReferenceChanges<T>> compare)
    {
        var file = new Argument<string>("file") { Description = "CSV file with a header; instants as 2025-01-31T07:40:00Z" };
        var command = new Command(kind, $"Append to the reference log, from CSV, {what}") { file, DryRun, SkipBad };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var (path, isDry) = (parsed.GetRequiredValue(file), parsed.GetValue(DryRun));
            var rows = read(path, Instant.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()));
            ShowProblems(terminal, rows.Problems, parsed.GetValue(SkipBad) || isDry);
            await using var store = await GlobalOptions.OpenOrMakeCohortAsync(parsed, token, isMade: !isDry);
            var reference = await store.Reference.LoadAsync(await store.Reference.PositionAsync(token), token);
            var changes = compare(log(reference), rows.Rows);
            terminal.Line($"{kind}: {Terminal.Number(changes.New.Count)} new, {Terminal.Number(changes.Changed.Count)} changed, {Terminal.Number(changes.Unchanged)} unchanged, {Terminal.Number(rows.Problems.Count)} bad{(isDry ? "; nothing is appended" : "")}");
            var moves = changes.ToAppend is IReadOnlyList<DeviceAssignment> more ? await MovesAsync(store, reference.Assignments, more, token) : [];
            var projected = isDry ? default : await AppendAsync(store, kind, changes.ToAppend, token);
            ShowMoves(terminal, moves, isDry, projected);
            terminal.Document(new JsonObject
            {
                ["kind"] = kind,
                ["dry_run"] = isDry,
                ["new"] = changes.New.Count,
                ["changed"] = changes.Changed.Count,
                ["unchanged"] = changes.Unchanged,
                ["bad"] = rows.Problems.Count,
                ["appended"] = isDry ? 0 : changes.ToAppend.Count,
                ["documents_moved"] = projected.Moved,
                ["moves"] = new JsonArray([.. moves.Select(m => new JsonObject { ["device_id"] = m.DeviceId, ["from"] = m.From, ["to"] = m.To, ["readings"] = m.Readings })]),
            });
            return rows.Problems.Count > 0 ? ExitCodes.DoneWithUnreadableLines : ExitCodes.Done;
        });
        return command;
    }

    private static async Task<IReadOnlyList<Reassignment>> MovesAsync(
        CohortStore store, IReadOnlyList<DeviceAssignment> before, IReadOnlyList<DeviceAssignment> more, CancellationToken cancellationToken)
    {
        var (silver, _) = await QuarantineCommand.CaughtUpAsync(store, cancellationToken);
        return await Reassignment.OfAsync(store.Lake, silver, before, more, cancellationToken);
    }

    private static void ShowMoves(Terminal terminal, IReadOnlyList<Reassignment> moves, bool isDry, ProjectedDocuments projected)
    {
        if (moves.Count == 0)
        {
            return;
        }

        terminal.Table(
            ["device", "readings", "held to be of", "will be of"],
            moves.Select(m => new[] { m.DeviceId, Terminal.Number(m.Readings), m.From ?? "nobody", m.To ?? "nobody" }),
            1);
        terminal.Line($"{Terminal.Number(moves.Sum(m => m.Readings))} readings {(isDry ? "would change" : "change")} hands at the next compaction; what was known before stays what it was then."
            + (isDry ? "" : $" {Terminal.Number(projected.Moved)} telemetry documents have moved."));
    }
}
