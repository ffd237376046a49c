using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>Erases a patient's documents, and the patient from the lists of teams.</summary>
internal static class DocumentErasure
{
    private static readonly string[] s_byPatient = [Containers.Telemetry, Containers.Patients, Containers.Predictions];

    public static async Task EraseAsync(DocumentStore documents, string patientId, ErasureReport report, bool dryRun, CancellationToken cancellationToken)
    {
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

        var lists = new List<Document>();
        await foreach (var document in documents.ListAsync(Containers.Worklists, cancellationToken))
        {
            var list = RiskDocumentJson.ReadWorklist(document.Body);
            if (list.Listed.Any(p => p.PatientId == patientId) || list.NotScored.Concat(list.SetAside).Any(n => n.PatientId == patientId))
            {
                lists.Add(document with
                {
                    Body = RiskDocumentJson.ToJson(list with
                    {
                        Listed = [.. list.Listed.Where(p => p.PatientId != patientId)],
                        NotScored = [.. list.NotScored.Where(n => n.PatientId != patientId)],
                        SetAside = [.. list.SetAside.Where(n => n.PatientId != patientId)],
                    }),
                });
            }
        }

        if (lists.Count > 0)
        {
            _ = dryRun ? 0 : await documents.UpsertAsync(Containers.Worklists, lists, cancellationToken);
            report.Add("documents", Containers.Worklists, lists.Count, null);
        }
    }
}
