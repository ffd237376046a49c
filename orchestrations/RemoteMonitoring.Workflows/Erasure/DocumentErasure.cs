using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>
/// Erases a patient's documents, and the patient from the lists of teams. Who looked at them stays on record, about a keyed hash; how users sign in
/// names no patient, and whose glass they broke goes.
/// </summary>
internal static class DocumentErasure
{
    private static readonly string[] s_byPatient = [Containers.Telemetry, Containers.Patients, Containers.Predictions];

    /// <summary>Erases them.</summary>
    /// <param name="documents">The documents.</param>
    /// <param name="patientId">Whose.</param>
    /// <param name="teams">What the roster said of the patient, while it still did: lists of those teams counted them without a name. Empty where it is gone.</param>
    /// <param name="handle">Name of the patient in addresses; null where nobody was ever named by one.</param>
    /// <param name="key">What the patient is hashed with.</param>
    /// <param name="report">Where it is told.</param>
    /// <param name="dryRun">Whether nothing is changed.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public static async Task EraseAsync(DocumentStore documents, string patientId, IReadOnlyList<Patient> teams, string? handle, ErasureKey key, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        // Before the predictions: they tell which lists counted the patient.
        await EraseListsAsync(documents, patientId, teams, key.OfPatient(patientId), report, dryRun, cancellationToken);
        foreach (var container in s_byPatient)
        {
            var count = dryRun
                ? (await documents.ListAsync(container, patientId, cancellationToken)).Count
                : await documents.DeletePartitionAsync(container, patientId, cancellationToken);
            if (count > 0)
            {
                report.Add("documents", container, count, null);
            }
        }

        await EraseUrgentAsync(documents, patientId, report, dryRun, cancellationToken);
        await EraseGlassAsync(documents, handle, report, dryRun, cancellationToken);
        await EraseAuditAsync(documents, patientId, key.OfPatient(patientId), report, dryRun, cancellationToken);
    }

    /// <summary>Takes a patient off the lists, and out of what they count. Done twice it is done once: a list says by the hash whom it was already taken out of.</summary>
    public static async Task EraseListsAsync(DocumentStore documents, string patientId, IReadOnlyList<Patient> teams, string hash, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var scored = (await documents.ListAsync(Containers.Predictions, patientId, cancellationToken))
            .Select(d => (Team: teams.LastOrDefault(t => t.Known <= RiskDocumentJson.ReadPrediction(d.Body).KnownBy)?.CareTeamId, d.Id)).ToHashSet();
        var lists = new List<Document>();
        await foreach (var document in documents.ListAsync(Containers.Worklists, cancellationToken))
        {
            var list = RiskDocumentJson.ReadWorklist(document.Body);
            var without = list.Without(patientId, hash, scored.Contains((document.PartitionKey, document.Id)));
            if (!ReferenceEquals(without, list))
            {
                lists.Add(document with { Body = RiskDocumentJson.ToJson(without) });
            }
        }

        if (lists.Count > 0)
        {
            _ = dryRun ? 0 : await documents.UpsertAsync(Containers.Worklists, lists, cancellationToken);
            report.Add("documents", Containers.Worklists, lists.Count, null);
        }
    }

    private static async Task EraseUrgentAsync(DocumentStore documents, string patientId, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var urgent = await documents.ListAsync(Containers.Urgent, cancellationToken)
            // What cannot be read goes too where it has the id: nothing else tells whose it is, and 'rmon rebuild' makes what was another's again.
            .Where(d => UrgentReading.TryRead(d.Body) is { } reading ? reading.PatientId == patientId : d.Body.Contains(patientId, StringComparison.Ordinal))
            .Select(d => new DocumentKey(d.PartitionKey, d.Id))
            .ToArrayAsync(cancellationToken);
        if (urgent.Length > 0)
        {
            _ = dryRun ? 0 : await documents.DeleteAsync(Containers.Urgent, urgent, cancellationToken);
            report.Add("documents", Containers.Urgent, urgent.Length, null);
        }
    }

    private static async Task EraseGlassAsync(DocumentStore documents, string? handle, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        if (handle is null)
        {
            return;
        }

        var broken = await documents.ListAsync(Containers.Logins, cancellationToken)
            .Where(d => d.Id == Containers.GlassPrefix + handle)
            .Select(d => new DocumentKey(d.PartitionKey, d.Id))
            .ToArrayAsync(cancellationToken);
        if (broken.Length > 0)
        {
            _ = dryRun ? 0 : await documents.DeleteAsync(Containers.Logins, broken, cancellationToken);
            report.Add("documents", Containers.Logins, broken.Length, null);
        }
    }

    private static async Task EraseAuditAsync(DocumentStore documents, string patientId, string hash, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
        var entries = await documents.ListAsync(Containers.Audit, cancellationToken)
            .Select(d => (Document: d, Entry: AuditEntry.Read(d.Body)))
            .Where(e => e.Entry.Names(patientId))
            .Select(e => e.Document with { Body = e.Entry.Without(patientId, hash).ToJson() })
            .ToArrayAsync(cancellationToken);
        if (entries.Length > 0)
        {
            _ = dryRun ? 0 : await documents.UpsertAsync(Containers.Audit, entries, cancellationToken);
            report.Add("documents", Containers.Audit, entries.Length, null);
        }
    }
}
