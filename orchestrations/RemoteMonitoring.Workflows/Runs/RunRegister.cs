using System.Globalization;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.Runs;

/// <summary>What came of asking for a run.</summary>
public enum AskedRun
{
    /// <summary>It was never asked for before, and is under way now.</summary>
    New,

    /// <summary>It was under way already, as it was asked for then.</summary>
    UnderWay,

    /// <summary>It was done before, and stands.</summary>
    Stands,

    /// <summary>It is done once more, as it is asked for now.</summary>
    Again,
}

/// <summary>
/// Starts instances under ids made of what is asked for, each once: a document that is created, and never replaced, is the rule. What is
/// asked for again stands as it is; what failed is tried again under the number of the attempt, and finds what was made before.
/// </summary>
public sealed class RunRegister(Lake lake, IWorkflowClient client, TimeProvider time)
{
    /// <summary>The lake that its documents are in.</summary>
    public Lake Lake => lake;

    /// <summary>Id of what a workflow is asked to do for a cohort, and a task where it has one, at an instant.</summary>
    public static string IdOf(string workflow, string cohort, string? task, Instant asOf) =>
        $"{workflow}-{cohort}-{(task is null ? "" : $"{task}-")}{LakePaths.Stamp(asOf.ToUnixMicros())}";

    /// <summary>Starts what is asked for, unless it was before; gives the latest attempt at it, and whether that is new.</summary>
    public async Task<(string InstanceId, bool IsNew)> StartAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string request, TIn input, CancellationToken cancellationToken)
    {
        if (await LatestAsync(request, cancellationToken) is not { } latest)
        {
            return (await AttemptAsync(workflow, request, 1, JsonSerializer.SerializeToElement(input, workflow.Input), cancellationToken), true);
        }

        // Stopped between the document and the start; or forgotten since, and then its archive is there.
        if (await client.FindAsync(latest.InstanceId, cancellationToken) is null && !await lake.ExistsAsync(LakePaths.RunArchive(latest.InstanceId), cancellationToken))
        {
            return (latest.InstanceId, await client.TryStartAsync(workflow, latest.InstanceId, latest.Input.Deserialize(workflow.Input)!, cancellationToken));
        }

        return (latest.InstanceId, false);
    }

    /// <summary>
    /// What a person asks for: what is under way goes on; what succeeded stands, unless it is wanted <paramref name="anew"/> or is asked for
    /// otherwise than then; what failed or was ended is tried again. Whatever is done, is done as it is asked for now.
    /// </summary>
    /// <param name="workflow">The workflow.</param>
    /// <param name="request">Id of what is asked for.</param>
    /// <param name="input">How it is asked for.</param>
    /// <param name="essence">Leaves of an input what makes it another; null where all of it does.</param>
    /// <param name="anew">Whether it is done again though it succeeded.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<(string InstanceId, AskedRun How)> AskAsync<TIn, TOut>(
        WorkflowDefinition<TIn, TOut> workflow, string request, TIn input, Func<TIn, TIn>? essence, bool anew, CancellationToken cancellationToken)
    {
        var (id, isNew) = await StartAsync(workflow, request, input, cancellationToken);
        if (isNew)
        {
            return (id, AskedRun.New);
        }

        var latest = (await FindAsync(id, cancellationToken))!;
        var status = (await client.FindAsync(id, cancellationToken))?.Status;
        if (status == InstanceStatus.Running)
        {
            return (id, AskedRun.UnderWay);
        }

        // What was forgotten ended long ago, and its archive does not say how: it stands.
        var stands = !anew && (status is null or InstanceStatus.Completed) && Essence(input) == Essence(latest.Input.Deserialize(workflow.Input)!);
        return stands
            ? (id, AskedRun.Stands)
            : (await AttemptAsync(workflow, request, latest.Attempt + 1, JsonSerializer.SerializeToElement(input, workflow.Input), cancellationToken), AskedRun.Again);

        string Essence(TIn asked) => JsonSerializer.Serialize(essence is null ? asked : essence(asked), workflow.Input);
    }

    /// <summary>Does again what has ended, as it was asked for but for what <paramref name="change"/> changes; null where an attempt is under way, or there never was one.</summary>
    public async Task<string?> ResumeAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string request, Func<TIn, TIn>? change, CancellationToken cancellationToken)
    {
        if (await LatestAsync(request, cancellationToken) is not { } latest || (await client.FindAsync(latest.InstanceId, cancellationToken))?.Status == InstanceStatus.Running)
        {
            return null;
        }

        var input = latest.Input.Deserialize(workflow.Input)!;
        return await AttemptAsync(workflow, request, latest.Attempt + 1, JsonSerializer.SerializeToElement(change is null ? input : change(input), workflow.Input), cancellationToken);
    }

    /// <summary>The record of an instance, or null.</summary>
    public async Task<RunRecord?> FindAsync(string instanceId, CancellationToken cancellationToken) =>
        await lake.TryReadAsync(LakePaths.RunRecord(instanceId), cancellationToken) is { } bytes ? RunRecord.Read(bytes) : null;

    /// <summary>The latest attempt at a request, or null.</summary>
    public async Task<RunRecord?> LatestAsync(string request, CancellationToken cancellationToken)
    {
        RunRecord? latest = null;
        for (var attempt = 1; await FindAsync(InstanceId(request, attempt), cancellationToken) is { } next; attempt++)
        {
            latest = next;
        }

        return latest;
    }

    private async Task<string> AttemptAsync<TIn, TOut>(WorkflowDefinition<TIn, TOut> workflow, string request, int attempt, JsonElement input, CancellationToken cancellationToken)
    {
        var record = new RunRecord
        {
            InstanceId = InstanceId(request, attempt),
            Request = request,
            Attempt = attempt,
            Workflow = workflow.Name,
            Input = input,
            Started = Instant.FromDateTimeOffset(time.GetUtcNow()),
        };
        // Where somebody was faster it is theirs, with their input.
        if (!await lake.TryCreateAsync(LakePaths.RunRecord(record.InstanceId), record.ToBytes(), cancellationToken))
        {
            record = await FindAsync(record.InstanceId, cancellationToken) ?? record;
        }

        await client.TryStartAsync(workflow, record.InstanceId, record.Input.Deserialize(workflow.Input)!, cancellationToken);
        return record.InstanceId;
    }

    private static string InstanceId(string request, int attempt) => attempt == 1 ? request : string.Create(CultureInfo.InvariantCulture, $"{request}.attempt-{attempt}");
}
