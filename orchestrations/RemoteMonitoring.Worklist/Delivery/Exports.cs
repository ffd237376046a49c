using System.Globalization;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>What is taken away of a team for a spreadsheet: its lists, and what is urgent now.</summary>
/// <param name="Lists">The lists.</param>
/// <param name="Urgent">Readings beyond personal limits that are open now, beside whatever lists.</param>
/// <param name="ZoneOf">The zone of a patient.</param>
/// <param name="Zone">The zone of the team.</param>
public sealed record ExportedLists(IReadOnlyList<TeamWorklist> Lists, IReadOnlyList<UrgentReading> Urgent, Func<string, DateTimeZone> ZoneOf, DateTimeZone Zone);

/// <summary>Gathers what is taken away, for the pages and for the command line.</summary>
public sealed class Exports(WorklistServices services)
{
    /// <summary>Readings and predictions of a patient that are exported: those of the last days.</summary>
    public const int Days = 90;

    /// <summary>The lists of a team, cut to the patients who are the team's today.</summary>
    /// <param name="team">Whose.</param>
    /// <param name="id">Which, by <see cref="ListsMade.Id"/>; null for those that hold, one of each task.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Null where there are no lists of this id.</returns>
    public async Task<IReadOnlyList<TeamWorklist>?> ListsAsync(AllowedTeam team, string? id, CancellationToken cancellationToken)
    {
        var wanted = string.IsNullOrEmpty(id)
            ? await services.Lists.LatestAsync(cancellationToken)
            : [.. (await services.Lists.AllAsync(cancellationToken)).Where(l => l.Id == id)];
        if (wanted.Count == 0 && !string.IsNullOrEmpty(id))
        {
            return null;
        }

        var found = new List<TeamWorklist>();
        foreach (var made in wanted)
        {
            if (await services.Lists.ReadAsync(team, made, cancellationToken) is { } list)
            {
                found.Add(list);
            }
        }

        return found;
    }

    /// <summary>The same, and the urgent readings that are open: what the file for a spreadsheet has.</summary>
    public async Task<ExportedLists?> WithUrgentAsync(AllowedTeam team, string? id, CancellationToken cancellationToken)
    {
        if (await ListsAsync(team, id, cancellationToken) is not { } lists)
        {
            return null;
        }

        await services.Actions.RefreshAsync(cancellationToken);
        return new ExportedLists(lists, await services.Urgent.OfAsync(team, cancellationToken), patientId => ListReader.ZoneOf(team.Patients[patientId]), team.Zone);
    }

    /// <summary>What goes on record of lists that leave whole.</summary>
    /// <param name="lists">The lists.</param>
    /// <param name="urgent">Urgent readings that leave with them; null for a file of the listed alone.</param>
    public static ListsShown Shown(IEnumerable<TeamWorklist> lists, IReadOnlyList<UrgentReading>? urgent) => new()
    {
        Lists = [.. lists.Select(l => new ShownList(l.Title, l.AsOf, l.Run))],
        Lanes = urgent is not null,
        Urgent = [.. (urgent ?? []).Select(u => u.PatientId).Distinct(StringComparer.Ordinal)],
    };

    /// <summary>The patients of lists, with what was foreseen there.</summary>
    public static IReadOnlyList<FhirSubject> Subjects(AllowedTeam team, IEnumerable<TeamWorklist> lists) =>
    [
        .. lists.SelectMany(l => l.Listed).GroupBy(p => p.PatientId, StringComparer.Ordinal)
            .Select(g => new FhirSubject(g.Key, ListReader.ZoneOf(team.Patients[g.Key]), [.. g], [])),
    ];

    /// <summary>A patient with what was foreseen, and all readings that hold, of the last <see cref="Days"/>.</summary>
    public async Task<FhirSubject> SubjectAsync(AllowedPatient patient, CancellationToken cancellationToken)
    {
        var (now, since) = (services.Now, services.Now - Duration.FromDays(Days));
        return new(
            patient.PatientId,
            ListReader.ZoneOf(patient.Roster),
            [.. (await services.Lists.PredictionsAsync(patient, cancellationToken)).Where(p => p.AsOf > since)],
            await ReadingsAsync(services.Store, patient, since, now, cancellationToken));
    }

    /// <summary>Readings in (since, to] that hold now.</summary>
    public static async Task<IReadOnlyList<PatientReading>> ReadingsAsync(CohortStore store, AllowedPatient patient, Instant since, Instant to, CancellationToken cancellationToken) =>
        await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken) is not { } manifest
            ? []
            : [.. (await PatientReadings.ReadAsync(store.Lake, manifest, patient.PatientId, since.ToUnixMicros(), to.ToUnixMicros(), cancellationToken)).Where(r => r.KnownTo == UnixMicros.Open)];

    /// <summary>Name of the file that lists are saved as: the instant of the latest.</summary>
    public static string FileName(IReadOnlyList<TeamWorklist> lists, string extension) =>
        lists.Count == 0 ? $"list.{extension}" : $"list-{lists.Max(l => l.AsOf).ToString("uuuu-MM-dd'T'HHmm'Z'", CultureInfo.InvariantCulture)}.{extension}";
}
