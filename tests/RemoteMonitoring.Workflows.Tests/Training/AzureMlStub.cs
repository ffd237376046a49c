using System.Collections.Concurrent;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using Azure.Core;
using Azure.Core.Pipeline;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Tests.Training;

/// <summary>
/// The jobs of Azure Resource Manager on a loopback port: as much of it as is documented and asked for. It wants a token, keeps jobs by their id, takes them through
/// states as they are asked for, and fails as it is told to. It is a stub: the real one was never asked.
/// </summary>
internal sealed class AzureMlStub : IDisposable
{
    private const string Token = "a-token-of-the-stub";

    private readonly HttpListener _listener = new();
    private readonly Task _serving;
    private readonly ConcurrentDictionary<string, Job> _jobs = new();

    public AzureMlStub()
    {
        for (var port = 42_800; ; port++)
        {
            try
            {
                _listener.Prefixes.Clear();
                _listener.Prefixes.Add($"http://127.0.0.1:{port}/");
                _listener.Start();
                Address = new Uri($"http://127.0.0.1:{port}/");
                break;
            }
            catch (HttpListenerException) when (port < 42_900)
            {
                _listener = new HttpListener();
            }
        }

        _serving = Task.Run(ServeAsync);
    }

    public static AzureMlOptions Options { get; } = new()
    {
        Subscription = "11111111-2222-3333-4444-555555555555",
        ResourceGroup = "ward",
        Workspace = "learning",
        Compute = "cpu",
        Environment = "rmon:3",
        Datastore = "home",
    };

    public Uri Address { get; }

    /// <summary>Whom it lets in, by what their token says.</summary>
    public Predicate<string> LetsIn { get; set; } = token => token == Token;

    /// <summary>States that a job is in when it is asked for, one after the other; it stays in the last.</summary>
    public IReadOnlyList<string> States { get; set; } = ["NotStarted", "Queued", "Preparing", "Running", "Finalizing", "Completed"];

    /// <summary>What a job does, when it is first said to be completed.</summary>
    public Func<JsonObject, Task>? Work { get; set; }

    /// <summary>What is answered in place of what would be, for as long as there is any: status, body, Retry-After in seconds.</summary>
    public ConcurrentQueue<(int Status, string Body, int? RetryAfter)> Faults { get; } = new();

    /// <summary>Method and path of each request.</summary>
    public ConcurrentQueue<string> Asked { get; } = new();

    public IReadOnlyCollection<string> Jobs => [.. _jobs.Keys];

    public JsonObject BodyOf(string id) => _jobs[id].Body;

    public string StatusOf(string id) => _jobs[id].Status;

    /// <summary>A client that asks this stub over TLS, as far as it knows.</summary>
    public AzureMlJobs Client(TokenCredential? credential = null) => new(Options, credential ?? new StubCredential(Token), new HttpClientTransport(new HttpClient(new ToLoopback(Address))));

    public void Dispose()
    {
        _listener.Stop();
        _serving.Wait(TimeSpan.FromSeconds(10));
        _listener.Close();
    }

    private async Task ServeAsync()
    {
        while (_listener.IsListening)
        {
            HttpListenerContext context;
            try
            {
                context = await _listener.GetContextAsync();
            }
            catch (Exception e) when (e is HttpListenerException or ObjectDisposedException || (e is InvalidOperationException && !_listener.IsListening))
            {
                return;
            }

            await AnswerAsync(context);
        }
    }

    private async Task AnswerAsync(HttpListenerContext context)
    {
        var request = context.Request;
        Asked.Enqueue($"{request.HttpMethod} {request.Url!.PathAndQuery}");
        var (status, body, retryAfter) = Faults.TryDequeue(out var fault) ? fault
            : request.Headers["Authorization"] is not ['B', 'e', 'a', 'r', 'e', 'r', ' ', .. var token] || !LetsIn(token) ? (401, Error("InvalidAuthenticationToken", "The access token is invalid."), null)
            : (await AnswerAsync(request), null as int?) is var ((s, b), r) ? (s, b, r) : default;
        context.Response.StatusCode = status;
        if (retryAfter is { } seconds)
        {
            context.Response.Headers["Retry-After"] = $"{seconds}";
        }

        await context.Response.OutputStream.WriteAsync(Encoding.UTF8.GetBytes(body));
        context.Response.Close();
    }

    private async Task<(int Status, string Body)> AnswerAsync(HttpListenerRequest request)
    {
        var root = $"/subscriptions/{Options.Subscription}/resourceGroups/{Options.ResourceGroup}/providers/Microsoft.MachineLearningServices/workspaces/{Options.Workspace}/jobs/";
        if (!request.Url!.AbsolutePath.StartsWith(root, StringComparison.Ordinal) || request.QueryString["api-version"] != "2024-10-01")
        {
            return (404, Error("ResourceNotFound", "There is no such thing."));
        }

        var (id, action) = request.Url.AbsolutePath[root.Length..].Split('/') is [var first, var second] ? (first, second) : (request.Url.AbsolutePath[root.Length..], "");
        switch (request.HttpMethod, action)
        {
            case ("PUT", ""):
                using (var reader = new StreamReader(request.InputStream))
                {
                    var body = JsonNode.Parse(await reader.ReadToEndAsync())!.AsObject();
                    return _jobs.TryAdd(id, new Job(body)) ? (201, Show(id)) : (409, Error("UserError", "A job with this name already exists."));
                }

            case ("GET", "") when _jobs.TryGetValue(id, out var job):
                if (job.Status != "Canceled")
                {
                    job.Status = States[Math.Min(job.Looks++, States.Count - 1)];
                    if (job is { Status: "Completed", IsDone: false } && Work is not null)
                    {
                        job.IsDone = true;
                        await Work(job.Body["properties"]!.AsObject());
                    }
                }

                return (200, Show(id));
            case ("POST", "cancel") when _jobs.TryGetValue(id, out var job):
                job.Status = "Canceled";
                return (202, "");
            default:
                return (404, Error("UserError", "Not found."));
        }
    }

    private string Show(string id) => new JsonObject { ["name"] = id, ["properties"] = new JsonObject { ["jobType"] = "Command", ["status"] = _jobs[id].Status } }.ToJsonString();

    private static string Error(string code, string message) => new JsonObject { ["error"] = new JsonObject { ["code"] = code, ["message"] = message } }.ToJsonString();

    private sealed class Job(JsonObject body)
    {
        public JsonObject Body => body;

        public string Status { get; set; } = "NotStarted";

        public int Looks { get; set; }

        public bool IsDone { get; set; }
    }

    private sealed class StubCredential(string token) : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
        {
            Assert.Equal(["https://management.azure.com/.default"], requestContext.Scopes);
            return new AccessToken(token, DateTimeOffset.MaxValue);
        }

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => ValueTask.FromResult(GetToken(requestContext, cancellationToken));
    }

    /// <summary>Who speaks of https://management.azure.com speaks to the stub.</summary>
    private sealed class ToLoopback(Uri address) : DelegatingHandler(new HttpClientHandler())
    {
        protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            Assert.Equal("management.azure.com", request.RequestUri!.Host);
            request.RequestUri = new Uri(address, request.RequestUri.PathAndQuery);
            return base.SendAsync(request, cancellationToken);
        }
    }
}
