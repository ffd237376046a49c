using System.Globalization;
using System.Security.Cryptography;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// The record of who looked at or did what. An entry is written before what was asked for is given out: where it cannot be written
/// <see cref="LakeException"/> is thrown, and nothing is given out. Safe for several tasks and processes at once.
/// </summary>
public sealed class AuditLog(DocumentStore documents, TimeProvider time)
{
    /// <summary>Who stands for the command line.</summary>
    public const string CommandLine = "command line";

    /// <summary>Writes an entry about a viewer.</summary>
    /// <param name="viewer">Who.</param>
    /// <param name="what">What.</param>
    /// <param name="patient">Which patient they may see; null where it is about none.</param>
    /// <param name="team">Which team; null for the patient's, or none.</param>
    /// <param name="reason">The reason they gave.</param>
    /// <param name="detail">What else belongs to it; it names no patient.</param>
    /// <param name="shown">Which lists they are shown.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task RecordAsync(
        Viewer viewer, AuditEvent what, AllowedPatient? patient = null, string? team = null, string? reason = null, string? detail = null, ListsShown? shown = null, CancellationToken cancellationToken = default) =>
        RecordAsync(
            new AuditEntry
            {
                Id = "",
                At = default,
                Event = what,
                User = viewer.UserName,
                PatientId = patient?.PatientId,
                CareTeamId = team ?? patient?.Roster.CareTeamId,
                Ground = patient?.Ground,
                Reason = reason,
                Detail = detail,
                Shown = shown,
                Address = viewer.Address,
            },
            cancellationToken);

    /// <summary>Writes an entry; its id and time are set here.</summary>
    public async Task RecordAsync(AuditEntry entry, CancellationToken cancellationToken)
    {
        var now = UnixMicros.ToInstant(Instant.FromDateTimeOffset(time.GetUtcNow()).ToUnixMicros());
        // What comes after the time tells entries of one instant apart.
        entry = entry with { At = now, Id = now.ToUnixMicros().ToString("D20", CultureInfo.InvariantCulture) + "-" + RandomNumberGenerator.GetHexString(12, lowercase: true) };
        var document = new Document { PartitionKey = AuditEntry.PartitionOf(now.InUtc().Date), Id = entry.Id, Body = entry.ToJson() };
        if (await documents.TryCreateAsync(Containers.Audit, document, cancellationToken) is null)
        {
            throw new LakeException("An entry of the audit is there already under the same id; try again.");
        }
    }

    /// <summary>The entries of a UTC day, in the order of time.</summary>
    public async Task<IReadOnlyList<AuditEntry>> OfDayAsync(LocalDate day, CancellationToken cancellationToken) =>
        [.. (await documents.ListAsync(Containers.Audit, AuditEntry.PartitionOf(day), cancellationToken)).Select(d => AuditEntry.Read(d.Body))];
}
