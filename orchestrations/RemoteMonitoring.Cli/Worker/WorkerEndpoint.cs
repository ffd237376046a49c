using System.Net;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion.Worker;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// What a worker answers over HTTP: <c>GET /health</c>, 200 while it lands and 503 while it cannot, with why, how much and how far
/// behind in the body; and where there is a key for it, <c>POST /reference/{kind}</c>. Plain HTTP: off the machine, TLS is the
/// ingress's job.
/// </summary>
internal static class WorkerEndpoint
{
    private static readonly JsonSerializerOptions s_plain = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static async Task<WebApplication> StartAsync(WorkerEndpointOptions options, WorkerState state, ReferenceLog log, SecretSettings secrets, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen, options.Port);
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = ReferenceIntake.MaxBytes;
        });
        builder.Logging.ClearProviders();
        var app = builder.Build();
        var intake = await ReferenceIntake.KeysAsync(secrets, cancellationToken) is null ? null : new ReferenceIntake(secrets, log);
        app.Run(context => AnswerAsync(context, state, intake));
        try
        {
            await app.StartAsync(cancellationToken);
        }
        catch (IOException e)
        {
            await app.DisposeAsync();
            throw new UserException($"The worker cannot listen on {options.Listen}:{options.Port} ({e.InnerException?.Message ?? e.Message}); give another port with --health-port.");
        }

        return app;
    }

    private static Task AnswerAsync(HttpContext context, WorkerState state, ReferenceIntake? intake)
    {
        var path = context.Request.Path;
        if (path == "/health" && HttpMethods.IsGet(context.Request.Method))
        {
            return SayAsync(context, state.Blocked is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable, new JsonObject
            {
                ["status"] = state.Blocked is null ? "landing" : "blocked",
                ["blocked_by"] = state.Blocked,
                ["documents_blocked_by"] = state.DocumentsBlocked,
                ["landed"] = state.Landed,
                ["lag"] = state.Lag,
                ["landed_through"] = state.LandedThrough is { } through ? UnixMicros.Format(through) : null,
            });
        }

        if (intake is not null && HttpMethods.IsPost(context.Request.Method) && path.StartsWithSegments("/reference", out var kind) && kind.Value is ['/', ..])
        {
            return intake.TakeAsync(context, kind.Value[1..]);
        }

        context.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }

    internal static Task SayAsync(HttpContext context, int status, JsonObject body)
    {
        context.Response.StatusCode = status;
        context.Response.ContentType = "application/json";
        return context.Response.WriteAsync(body.ToJsonString(s_plain), context.RequestAborted);
    }
}

/// <summary>Where a worker listens.</summary>
/// <param name="Listen">Address; the loopback unless said otherwise.</param>
/// <param name="Port">Port; 0 for any that is free.</param>
internal sealed record WorkerEndpointOptions(IPAddress Listen, int Port);
