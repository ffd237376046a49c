using System.Text.Json;
using System.Text.Json.Nodes;
using Azure;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Identity;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Workflows.Training.AzureMl;

/// <summary>How far a job is.</summary>
public enum AzureMlState
{
    /// <summary>Waiting, being prepared, or at work.</summary>
    UnderWay,

    /// <summary>Its outputs are there.</summary>
    Completed,

    /// <summary>It failed, or Azure ML lost sight of it.</summary>
    Failed,

    /// <summary>Somebody cancelled it.</summary>
    Cancelled,
}

/// <summary>What Azure ML says of a job.</summary>
/// <param name="State">How far it is.</param>
/// <param name="Status">The same in Azure ML's own word.</param>
public sealed record AzureMlJob(AzureMlState State, string Status);

/// <summary>A command to run on a workspace's compute.</summary>
/// <param name="DisplayName">For people.</param>
/// <param name="Command">Command line; <c>${{inputs.NAME}}</c> and <c>${{outputs.NAME}}</c> stand for paths there.</param>
/// <param name="Inputs">Files of the datastore by the names of inputs; they never change once written.</param>
/// <param name="Outputs">Folders of the datastore by the names of outputs.</param>
public sealed record AzureMlCommand(string DisplayName, string Command, IReadOnlyDictionary<string, string> Inputs, IReadOnlyDictionary<string, string> Outputs);

/// <summary>
/// Command jobs of an Azure Machine Learning workspace through Azure Resource Manager's REST interface. A job is submitted
/// under an id that is made from what it does, so that who was killed in between finds it again, and nothing is trained
/// twice. Throttling and faults that may pass are retried by the pipeline; what does not pass throws <see cref="LakeException"/> in one line.
/// </summary>
public sealed class AzureMlJobs
{
    /// <summary>Version of the REST interface.</summary>
    public const string ApiVersion = "2024-10-01";

    private readonly AzureMlOptions _options;
    private readonly HttpPipeline _pipeline;
    private readonly string _workspace;

    /// <summary>With who signs in; by default <see cref="DefaultAzureCredential"/>.</summary>
    /// <param name="options">The workspace.</param>
    /// <param name="credential">Who signs in.</param>
    /// <param name="transport">How to reach it; null for HTTP as it is.</param>
    /// <param name="firstPause">Pause before the second try, doubled for each further one; default 0.8 s.</param>
    /// <param name="patience">How long a try waits for its answer; default 30 s.</param>
    public AzureMlJobs(AzureMlOptions options, TokenCredential? credential = null, HttpPipelineTransport? transport = null, TimeSpan? firstPause = null, TimeSpan? patience = null)
    {
        _options = options;
        _workspace = $"/subscriptions/{options.Subscription}/resourceGroups/{options.ResourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/{options.Workspace}";
        var client = new JobClientOptions { RetryPolicy = new ResourceManagerRetries(firstPause ?? TimeSpan.FromSeconds(0.8)), Retry = { NetworkTimeout = patience ?? TimeSpan.FromSeconds(30) } };
        if (transport is not null)
        {
            client.Transport = transport;
        }

        // The policy refuses to send a token over plain HTTP, so a stub on loopback has to be reached by a transport that says it is HTTPS.
        _pipeline = HttpPipelineBuilder.Build(
            client, new BearerTokenAuthenticationPolicy(credential ?? new DefaultAzureCredential(), $"{options.Endpoint.GetLeftPart(UriPartial.Authority)}/.default"));
    }

    /// <summary>Submits a job, or finds the one that was submitted under this id.</summary>
    public async Task<AzureMlJob> SubmitAsync(string id, AzureMlCommand command, CancellationToken cancellationToken)
    {
        if (await TryFindAsync(id, cancellationToken) is { } present)
        {
            return present;
        }

        using var response = await SendAsync(RequestMethod.Put, id, "", Body(command), cancellationToken);
        return response.Status switch
        {
            200 or 201 => Read(response),
            // Somebody else was faster, or the reply to a first try was lost: it is the same job. Without one, something else is in the way for now.
            409 => await TryFindAsync(id, cancellationToken) ?? throw Refused("submit", id, response, mayPass: true),
            _ => throw Refused("submit", id, response),
        };
    }

    /// <summary>How a job is.</summary>
    public async Task<AzureMlJob> FindAsync(string id, CancellationToken cancellationToken) =>
        await TryFindAsync(id, cancellationToken) ?? throw new LakeException($"Azure ML workspace {_options.Workspace} has no job {id} any more.");

    /// <summary>Asks for a job to be cancelled; one that is over, or was never submitted, is left as it is.</summary>
    public async Task CancelAsync(string id, CancellationToken cancellationToken)
    {
        if (await TryFindAsync(id, cancellationToken) is { State: AzureMlState.UnderWay })
        {
            using var response = await SendAsync(RequestMethod.Post, id, "/cancel", null, cancellationToken);
            // 400 and 409: it came to its end in the meantime.
            if (response.Status is not (200 or 202 or 400 or 404 or 409))
            {
                throw Refused("cancel", id, response);
            }
        }
    }

    /// <summary>The state that one of Azure ML's words means; a word that is not known is work under way, since another may follow.</summary>
    internal static AzureMlState StateOf(string status) => status switch
    {
        "Completed" => AzureMlState.Completed,
        "Failed" or "NotResponding" => AzureMlState.Failed,
        "Canceled" => AzureMlState.Cancelled,
        _ => AzureMlState.UnderWay,
    };

    /// <summary>The job as the interface wants it.</summary>
    internal JsonObject Body(AzureMlCommand command)
    {
        var environment = _options.Environment.Split(':');
        return new JsonObject
        {
            ["properties"] = new JsonObject
            {
                ["jobType"] = "Command",
                ["displayName"] = command.DisplayName,
                ["experimentName"] = "remote-monitoring",
                ["command"] = command.Command,
                ["environmentId"] = $"{_workspace}/environments/{environment[0]}/versions/{environment[1]}",
                ["computeId"] = $"{_workspace}/computes/{_options.Compute}",
                ["inputs"] = new JsonObject(command.Inputs.Select(i => KeyValuePair.Create(i.Key, (JsonNode?)new JsonObject
                {
                    ["jobInputType"] = "uri_file",
                    ["uri"] = PathOf(i.Value),
                    ["mode"] = "ReadOnlyMount",
                }))),
                ["outputs"] = new JsonObject(command.Outputs.Select(o => KeyValuePair.Create(o.Key, (JsonNode?)new JsonObject
                {
                    ["jobOutputType"] = "uri_folder",
                    ["uri"] = PathOf(o.Value),
                    ["mode"] = "Upload",
                }))),
                ["identity"] = new JsonObject { ["identityType"] = "Managed" },
                ["limits"] = new JsonObject { ["jobLimitsType"] = "Command", ["timeout"] = System.Xml.XmlConvert.ToString(_options.Timeout) },
                ["resources"] = new JsonObject { ["instanceCount"] = 1 },
            },
        };
    }

    private string PathOf(string path) => $"azureml://datastores/{_options.Datastore}/paths/{path}";

    private async Task<AzureMlJob?> TryFindAsync(string id, CancellationToken cancellationToken)
    {
        using var response = await SendAsync(RequestMethod.Get, id, "", null, cancellationToken);
        return response.Status switch
        {
            200 => Read(response),
            404 when !Says(response, "ResourceGroupNotFound") && !Says(response, "ResourceNotFound", "workspaces/" + _options.Workspace + "'") => null,
            _ => throw Refused("look up", id, response),
        };
    }

    private static AzureMlJob Read(Response response)
    {
        try
        {
            using var json = JsonDocument.Parse(response.Content);
            var status = json.RootElement.GetProperty("properties").GetProperty("status").GetString() ?? "";
            return new AzureMlJob(StateOf(status), status);
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            throw new LakeException("Azure ML answered with something that is no job.", e);
        }
    }

    private async Task<Response> SendAsync(RequestMethod method, string id, string action, JsonObject? body, CancellationToken cancellationToken)
    {
        using var request = _pipeline.CreateRequest();
        request.Method = method;
        request.Uri.Reset(new Uri(_options.Endpoint, $"{_workspace}/jobs/{id}{action}?api-version={ApiVersion}"));
        request.Headers.Add("Accept", "application/json");
        if (body is not null)
        {
            request.Headers.Add("Content-Type", "application/json");
            request.Content = RequestContent.Create(BinaryData.FromString(body.ToJsonString()));
        }

        try
        {
            return await _pipeline.SendRequestAsync(request, cancellationToken);
        }
        catch (AuthenticationFailedException e)
        {
            throw new LakeException($"Azure ML: signing in failed ({e.Message.Split('\n', '\r')[0]})", e) { IsTransient = TransientFault.IsOfService(e) };
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested && e is RequestFailedException or AggregateException or IOException or OperationCanceledException)
        {
            // After several tries: what the last one met.
            var last = e is AggregateException { InnerExceptions: [.., var inner] } ? inner : e;
            var cause = last is OperationCanceledException ? "no answer in time" : last.GetBaseException().Message.Split('\n', '\r')[0];
            throw new LakeException($"Azure ML workspace {_options.Workspace} cannot be reached ({cause})", e) { IsTransient = true };
        }
    }

    private LakeException Refused(string what, string id, Response response, bool mayPass = false)
    {
        var why = response.Status switch
        {
            401 or 403 => "refused; the identity needs the role AzureML Data Scientist on the workspace",
            404 => "there is no such workspace, compute or environment",
            429 => "429: too busy; run again later",
            >= 500 => $"{response.Status}, tried several times",
            _ => $"{response.Status}: {Detail(response)}",
        };
        return new LakeException($"Azure ML workspace {_options.Workspace}: could not {what} job {id} ({why})") { IsTransient = mayPass || TransientFault.Is(response.Status) };
    }

    private static string Detail(Response response)
    {
        try
        {
            using var json = JsonDocument.Parse(response.Content);
            return json.RootElement.GetProperty("error").GetProperty("message").GetString()?.Split('\n', '\r')[0] ?? "";
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            return "no reason given";
        }
    }

    private static bool Says(Response response, params string[] words) => response.Content.ToString() is var text && words.All(w => text.Contains(w, StringComparison.Ordinal));

    private sealed class JobClientOptions : ClientOptions;
}
