using System.CommandLine;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Cohorts.Import.Hospital;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon import adt|fhir FILE</c>: admissions, discharges and deaths from a hospital's own messages.</summary>
internal static class ImportHospitalCommand
{
    public static IEnumerable<Command> CreateAll() =>
    [
        Create("adt", "Append admissions (A01, A04), discharges (A03), cancelled admissions (A11) and deaths (PID-30) from HL7 v2 ADT messages", "File of HL7 v2 messages, one or many, MLLP frames tolerated", AdtFile.Read),
        Create("fhir", "Append admissions, discharges and deaths from FHIR R4 Encounter and Patient resources", "Newline-delimited JSON (bulk export), or one resource or Bundle", FhirFile.Read),
    ];

    private static Command Create(string name, string what, string about, Func<string, HospitalFileOptions, HospitalEvents> read)
    {
        var file = new Argument<string>("file") { Description = about };
        var system = new Option<string?>("--id-system") { Description = "Assigning authority, or identifier system, whose patient ids are the roster's", HelpName = "SYSTEM" };
        var zone = new Option<string?>("--time-zone") { Description = "IANA zone of times that state none; without it such times are refused", HelpName = "ZONE" };
        var command = new Command(name, what) { file, system, zone, ImportReferenceCommand.DryRun, ImportReferenceCommand.SkipBad };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var isDry = parsed.GetValue(ImportReferenceCommand.DryRun);
            var timeZone = parsed.GetValue(zone) is { } id ? DateTimeZoneProviders.Tzdb.GetZoneOrNull(id) ?? throw new UserException($"'{id}' is no IANA time zone; write one like Europe/Berlin.") : null;
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var reference = await store.Reference.LoadAsync(await store.Reference.PositionAsync(token), token);
            var events = read(parsed.GetRequiredValue(file), new HospitalFileOptions(
                reference.Patients.Select(p => p.PatientId).ToHashSet(StringComparer.Ordinal),
                reference.Census,
                parsed.GetValue(system),
                timeZone,
                Instant.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds())));
            ImportReferenceCommand.ShowProblems(terminal, events.Problems, parsed.GetValue(ImportReferenceCommand.SkipBad) || isDry);
            var census = ReferenceChange.Of(reference.Census, events.Census);
            var outcomes = ReferenceChange.Of(reference.Outcomes, events.Outcomes);
            if (!isDry)
            {
                await ImportReferenceCommand.AppendAsync(store, ReferenceKinds.Census, census.ToAppend, token);
                await ImportReferenceCommand.AppendAsync(store, ReferenceKinds.Outcomes, outcomes.ToAppend, token);
            }

            long Count(CensusKind kind, bool takenBack = false) => census.ToAppend.Count(e => e.Kind == kind && e.TakenBack == true == takenBack);
            terminal.Line($"{Terminal.Number(events.Read)} read: {Terminal.Number(Count(CensusKind.Admitted))} admissions, {Terminal.Number(Count(CensusKind.Discharged))} discharges, "
                + $"{Terminal.Number(Count(CensusKind.Died))} deaths, {Terminal.Number(Count(CensusKind.Admitted, takenBack: true))} admissions taken back, "
                + $"{Terminal.Number(census.Unchanged)} known already, {Terminal.Number(events.Problems.Count)} bad{(isDry ? "; nothing is appended" : "")}");
            foreach (var (ignored, count) in events.Ignored)
            {
                terminal.Line($"  of no concern: {Terminal.Number(count)} {ignored}");
            }

            terminal.Document(new JsonObject
            {
                ["read"] = events.Read,
                ["dry_run"] = isDry,
                ["admissions"] = Count(CensusKind.Admitted),
                ["discharges"] = Count(CensusKind.Discharged),
                ["deaths"] = Count(CensusKind.Died),
                ["taken_back"] = Count(CensusKind.Admitted, takenBack: true),
                ["unchanged"] = census.Unchanged,
                ["outcomes"] = outcomes.ToAppend.Count,
                ["bad"] = events.Problems.Count,
                ["ignored"] = new JsonObject(events.Ignored.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)i.Value))),
            });
            return events.Problems.Count > 0 ? ExitCodes.DoneWithUnreadableLines : ExitCodes.Done;
        });
        return command;
    }
}
