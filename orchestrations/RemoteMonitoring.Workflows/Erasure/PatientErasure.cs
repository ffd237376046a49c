using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>
/// Erases a patient from a cohort: first states the tombstone, from when on nothing of theirs comes in or back; then takes
/// what is there out of each place, every file as a new generation of its name; then proves it. Killed at any point and run
/// again it completes: each step does only what is still to do.
/// </summary>
public static class PatientErasure
{
    /// <summary>Says what an erasure would do, and changes nothing.</summary>
    public static async Task<(ErasurePlan Plan, ErasureReport Report)> TryOutAsync(
        CohortStore store, string patientId, TimeProvider time, CancellationToken cancellationToken, IWorkflowClient? client = null)
    {
        // Where tombstones are already, theirs is the key that recognises the devices.
        var key = (await store.Reference.ErasuresAsync(cancellationToken)).Count > 0 ? store.MakeErasureKey() : ErasureKey.Passing();
        var plan = await ErasurePlan.MakeAsync(store, patientId, key, time, cancellationToken);
        var report = new ErasureReport();
        await EraseLakeAsync(store, plan, key, report, dryRun: true, time, cancellationToken);
        await new GoldErasure(store.Lake, await plan.AfterAsync(store.Reference, key, cancellationToken), plan).EraseAsync(report, dryRun: true, cancellationToken);
        await DocumentErasure.EraseAsync(store.Documents, patientId, plan.Roster, store.FindHandleKey()?.HandleOf(patientId), key, report, dryRun: true, cancellationToken);
        await ReportErasure.EraseAsync(store, patientId, report, dryRun: true, time, null, cancellationToken);
        await FollowUpErasure.EraseAsync(client, patientId, report, dryRun: true, time, cancellationToken);
        return (plan, report);
    }

    /// <summary>Erases a patient; one of whom nothing is known, and who was not erased before, throws <see cref="LakeException"/>.</summary>
    /// <param name="store">Cohort.</param>
    /// <param name="patientId">Whom.</param>
    /// <param name="time">Time.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <param name="client">The client of the engine that runs follow-ups; null where none does, or its instances are out of reach.</param>
    /// <param name="tasks">The tasks there are; null for the bundled ones.</param>
    public static async Task<(ErasureProof Proof, string Path)> RunAsync(
        CohortStore store, string patientId, TimeProvider time, CancellationToken cancellationToken, IWorkflowClient? client = null, IReadOnlyList<TaskDefinition>? tasks = null)
    {
        var key = store.MakeErasureKey();
        var plan = await ErasurePlan.MakeAsync(store, patientId, key, time, cancellationToken);
        plan = await LakeErasure.StateAsync(store, plan, cancellationToken);
        var report = new ErasureReport();
        await ErasureProof.RecallAsync(store.Lake, plan.Sequence, report, cancellationToken);
        // While it is known of which teams the patient was: lists counted them there without a name. Once more with the documents, for those that came meanwhile.
        await DocumentErasure.EraseListsAsync(store.Documents, patientId, plan.Roster, key.OfPatient(patientId), report, dryRun: false, cancellationToken);
        await EraseLakeAsync(store, plan, key, report, dryRun: false, time, cancellationToken);
        await LakeErasure.EraseReferenceAsync(store, report, cancellationToken);
        if (await store.Lake.ExistsAsync(LakePaths.ObservationsManifest, cancellationToken))
        {
            await CompactionStage.RunAsync(store, cancellationToken);
        }

        await new GoldErasure(store.Lake, await store.Reference.ErasuresAsync(cancellationToken), plan).EraseAsync(report, dryRun: false, cancellationToken);
        await LedgerErasure.NoteAsync(store, plan, report, cancellationToken);
        await EraseDocumentsAsync(store, plan, key, report, cancellationToken);
        await ReportErasure.EraseAsync(store, patientId, report, dryRun: false, time, tasks, cancellationToken);
        // After the documents: by now nobody finds a reason to begin another.
        await FollowUpErasure.EraseAsync(client, patientId, report, dryRun: false, time, cancellationToken);
        if (await store.Lake.DeleteDraftsAsync(cancellationToken) is > 0 and var drafts)
        {
            report.Add("half-written files", "drafts", drafts, null);
        }

        ErasureRemains.Name(store.Folder, store.IsInAzure, report, Instant.FromDateTimeOffset(time.GetUtcNow()));
        var proof = ErasureProof.Of(plan, report);
        await store.Lake.ReplaceAsync(LakePaths.ErasureProof(plan.Sequence), proof.ToBytes(), cancellationToken);
        return (proof, LakePaths.ErasureProof(plan.Sequence));
    }

    private static async Task EraseLakeAsync(
        CohortStore store, ErasurePlan plan, ErasureKey key, ErasureReport report, bool dryRun, TimeProvider time, CancellationToken cancellationToken)
    {
        var silver = await LakeErasure.SilverAfterAsync(store, plan, key, cancellationToken);
        await LakeErasure.EraseGatewayAsync(store, silver, report, dryRun, time, cancellationToken);
        await LakeErasure.EraseAsync(store, silver, plan, report, dryRun, cancellationToken);
    }

    private static async Task EraseDocumentsAsync(CohortStore store, ErasurePlan plan, ErasureKey key, ErasureReport report, CancellationToken cancellationToken)
    {
        await DocumentErasure.EraseAsync(store.Documents, plan.PatientId, plan.Roster, store.FindHandleKey()?.HandleOf(plan.PatientId), key, report, dryRun: false, cancellationToken);
        // All of them anew: of messages that go on without some of their readings they have other ids now.
        await DocumentProjection.RunAsync(store, await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken), cancellationToken);
        await store.Documents.CompactAsync(cancellationToken);
    }
}
