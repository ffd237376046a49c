using System.Globalization;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Mvc;
using Microsoft.Azure.Functions.Worker;
using Microsoft.DurableTask.Client;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Drift;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Housekeeping;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Runs;
using RemoteMonitoring.Workflows.Training;
using static RemoteMonitoring.Workflows.WorkflowNames;

namespace RemoteMonitoring.Functions;

/// <summary>A run, for those who ask.</summary>
internal sealed record RunDocument(
    string InstanceId, string Workflow, string Status, string Created, string Updated, JsonElement? Progress, JsonElement? Input, JsonElement? Output, string? Failure);

/// <summary>What came of asking for a run.</summary>
internal sealed record StartedDocument(string InstanceId, bool IsNew, string Asked, string Status);

/// <summary>What is wrong with what was asked.</summary>
internal sealed record ProblemDocument(string Error);

/// <summary>Starts runs and shows them, to who has a function key; behind Microsoft Entra where the app has it switched on.</summary>
public sealed class RunFunctions(FunctionsHost host, TimeProvider time)
{
    private const int MostListed = 200;

    private const string CancelledByAPerson = "cancelled by a person";

    /// <summary>
    /// Asks for a workflow with the input that is the body. What is under way goes on; what was done so stands, unless <c>?again=true</c> wants it once more;
    /// what failed, or was asked for otherwise, is done again.
    /// </summary>
    [Function("start-run")]
    public Task<IActionResult> StartAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{workflow}")] HttpRequest request, string workflow, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) => workflow switch
        {
            DailyRisk => AskAsync(request, client, DailyRiskWorkflow.Daily, Of, i => i.Whenever(), cancellationToken),
            HourlyRisk => AskAsync(request, client, DailyRiskWorkflow.Hourly, Of, i => i.Whenever(), cancellationToken),
            Backfill => AskAsync(request, client, BackfillWorkflow.Definition, i => new Asked(i.Cohort, i.Task ?? "", i.Model, i.AsOf ?? []), null, cancellationToken),
            Housekeeping => AskAsync(request, client, HousekeepingWorkflow.Definition, i => new Asked(i.Cohort, null, null, [i.Now]), null, cancellationToken),
            ReportTables => AskAsync(request, client, ReportTablesWorkflow.Definition, i => new Asked(i.Cohort, null, null, [i.Now]), null, cancellationToken),
            Training => AskAsync(request, client, TrainingWorkflow.Definition, i => new Asked(i.Cohort, i.Task ?? "", null, [Instant.FromDateTimeOffset(time.GetUtcNow())]) { IsTraining = true }, null, cancellationToken),
            Drift => AskAsync(request, client, DriftWorkflow.Definition, i => new Asked(i.Cohort, i.Task ?? "", null, [i.AsOf]), null, cancellationToken),
            _ => Task.FromResult<IActionResult>(Problem(StatusCodes.Status404NotFound, $"There is no workflow of that name to start: take {DailyRisk}, {HourlyRisk}, {Backfill}, {Housekeeping}, {ReportTables}, {Training} or {Drift}.")),
        };

    /// <summary>Shows a run.</summary>
    [Function("show-run")]
    public async Task<IActionResult> ShowAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs/{instanceId}")] HttpRequest request, string instanceId, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        await (await host.ClientAsync(client)).FindAsync(instanceId, cancellationToken) is { } found
            ? Json(StatusCodes.Status200OK, Of(found), RunJson.Default.RunDocument)
            : Problem(StatusCodes.Status404NotFound, "There is no run of that id.");

    /// <summary>Lists the latest runs, newest first: <c>?workflow=NAME&amp;most=N</c>.</summary>
    [Function("list-runs")]
    public async Task<IActionResult> ListAsync(
        [HttpTrigger(AuthorizationLevel.Function, "get", Route = "runs")] HttpRequest request, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        var most = int.TryParse(request.Query["most"], NumberStyles.None, CultureInfo.InvariantCulture, out var asked) ? Math.Clamp(asked, 1, MostListed) : 20;
        var workflow = request.Query["workflow"].FirstOrDefault();
        var runs = await (await host.ClientAsync(client)).ListAsync(string.IsNullOrEmpty(workflow) ? null : workflow, most, cancellationToken);
        return Json(StatusCodes.Status200OK, [.. runs.Select(Of)], RunJson.Default.IReadOnlyListRunDocument);
    }

    /// <summary>Ends a run and all that it called; a training on Azure ML cancels its job first.</summary>
    [Function("cancel-run")]
    public async Task<IActionResult> CancelAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{instanceId}/cancel")] HttpRequest request, string instanceId, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken) =>
        await EndAsync(await host.ClientAsync(client), instanceId, cancellationToken)
            ? new AcceptedResult()
            : Problem(StatusCodes.Status409Conflict, "There is no run of that id under way.");

    /// <summary>Approves of the challenger that a training waits with: the body says <c>by</c>, <c>why</c> and, against the gate, <c>override</c>.</summary>
    [Function("approve-run")]
    public async Task<IActionResult> ApproveAsync(
        [HttpTrigger(AuthorizationLevel.Function, "post", Route = "runs/{instanceId}/approve")] HttpRequest request, string instanceId, [DurableClient] DurableTaskClient client, CancellationToken cancellationToken)
    {
        TrainingApproval? approval;
        try
        {
            approval = await JsonSerializer.DeserializeAsync(request.Body, TrainingSteps.Approve.Payload, cancellationToken);
        }
        catch (JsonException)
        {
            approval = null;
        }

        if (approval is null || string.IsNullOrWhiteSpace(approval.By) || string.IsNullOrWhiteSpace(approval.Why))
        {
            return Problem(StatusCodes.Status400BadRequest, "The body is a JSON object with 'by' and 'why', both a text.");
        }

        // The platform takes away such a header of a caller's own, where it asks who calls at all.
        var principal = Environment.GetEnvironmentVariable("WEBSITE_AUTH_ENABLED") == "True" ? request.Headers["X-MS-CLIENT-PRINCIPAL-NAME"].ToString() : "";
        if (principal.Length == 0 && approval.Override)
        {
            return Problem(StatusCodes.Status403Forbidden, "Only a person who is signed in may override the gate, by App Service authentication or 'rmon models promote --override'.");
        }

        approval = approval with { By = principal.Length > 0 ? principal : $"{approval.By.Trim()} (by their own word, with the function's key)" };
        var runs = await host.ClientAsync(client);
        return await runs.FindAsync(instanceId, cancellationToken) is { } run && TrainingRuns.Wait(run) && await runs.RaiseAsync(instanceId, TrainingSteps.Approve, approval, cancellationToken)
            ? new AcceptedResult()
            : Problem(StatusCodes.Status409Conflict, "There is no training of that id that waits for an approval.");
    }

    /// <summary>Says which commit the package was built of, as text.</summary>
    [Function("version")]
    public static IActionResult Version([HttpTrigger(AuthorizationLevel.Function, "get", Route = "version")] HttpRequest request)
    {
        ArgumentNullException.ThrowIfNull(request);
        return new ContentResult { StatusCode = StatusCodes.Status200OK, ContentType = "text/plain", Content = typeof(RunFunctions).Assembly.GetCustomAttribute<AssemblyInformationalVersionAttribute>()!.InformationalVersion.Split('+')[^1] };
    }

    private static async Task<bool> EndAsync(IWorkflowClient client, string instanceId, CancellationToken cancellationToken) =>
        await client.FindAsync(instanceId, cancellationToken) is { } run && TrainingRuns.HaveJob(run)
            ? await client.RaiseAsync(instanceId, TrainingSteps.Cancel, CancelledByAPerson, cancellationToken)
            : await client.TerminateAsync(instanceId, CancelledByAPerson, cancellationToken);

    private async Task<IActionResult> AskAsync<TIn, TOut>(
        HttpRequest request,
        DurableTaskClient client,
        WorkflowDefinition<TIn, TOut> workflow,
        Func<TIn, Asked> askedOf,
        Func<TIn, TIn>? essence,
        CancellationToken cancellationToken)
    {
        TIn? input;
        try
        {
            input = await JsonSerializer.DeserializeAsync(request.Body, workflow.Input, cancellationToken);
        }
        catch (JsonException e)
        {
            // The message may quote what was sent.
            return Problem(StatusCodes.Status400BadRequest, $"The body is no input of {workflow.Name}: see {(string.IsNullOrEmpty(e.Path) ? "its beginning" : e.Path)}.");
        }

        if (input is null || askedOf(input) is not { } asked || !(await host.CohortsAsync(cancellationToken)).Contains(asked.Cohort))
        {
            return Problem(StatusCodes.Status404NotFound, "The home holds no cohort of that name.");
        }

        if (await asked.ProblemAsync(await host.CohortAsync(asked.Cohort, cancellationToken), time, cancellationToken) is { } problem)
        {
            return Problem(StatusCodes.Status400BadRequest, problem);
        }

        var again = string.Equals(request.Query["again"], "true", StringComparison.OrdinalIgnoreCase);
        var (instanceId, how) = await (await host.RegisterAsync(asked.Cohort, client, cancellationToken)).AskAsync(workflow, asked.IdOf(workflow.Name), input, essence, again, cancellationToken);
        var isNew = how is AskedRun.New or AskedRun.Again;
        var started = new StartedDocument(instanceId, isNew, JsonNamingPolicy.SnakeCaseLower.ConvertName(how.ToString()), $"/api/runs/{instanceId}");
        return Json(isNew ? StatusCodes.Status202Accepted : StatusCodes.Status200OK, started, RunJson.Default.StartedDocument);
    }

    private static Asked Of(DailyRiskInput input) => new(input.Cohort, input.Task ?? "", input.Model, [input.AsOf]);

    private static RunDocument Of(WorkflowInstance instance)
    {
        static JsonElement? Parsed(string? json) => json is null ? null : JsonDocument.Parse(json).RootElement;
        return new RunDocument(
            instance.Id,
            instance.Workflow,
            instance.Status.ToString().ToLowerInvariant(),
            instance.Created.ToString(),
            instance.Updated.ToString(),
            Parsed(instance.CustomStatus),
            Parsed(instance.Input),
            Parsed(instance.Output),
            instance.Failure?.ToString());
    }

    private static ContentResult Problem(int status, string error) => Json(status, new ProblemDocument(error), RunJson.Default.ProblemDocument);

    private static ContentResult Json<T>(int status, T document, System.Text.Json.Serialization.Metadata.JsonTypeInfo<T> type) =>
        new() { StatusCode = status, ContentType = "application/json", Content = JsonSerializer.Serialize(document, type) };
}

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RunDocument))]
[JsonSerializable(typeof(IReadOnlyList<RunDocument>))]
[JsonSerializable(typeof(StartedDocument))]
[JsonSerializable(typeof(ProblemDocument))]
internal sealed partial class RunJson : JsonSerializerContext;
