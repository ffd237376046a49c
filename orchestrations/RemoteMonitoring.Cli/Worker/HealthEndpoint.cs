using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Ingestion.Worker;

namespace RemoteMonitoring.Cli.Worker;

/// <summary><c>GET /health</c> of a worker: 200 while it lands, 503 while it cannot; why, how much and how far behind in the body.</summary>
internal static class HealthEndpoint
{
    public static async Task<WebApplication> StartAsync(int port, WorkerState state, CancellationToken cancellationToken)
    {
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(k => k.ListenAnyIP(port));
        builder.Logging.ClearProviders();
        var app = builder.Build();
        app.Run(context => AnswerAsync(context, state));
        await app.StartAsync(cancellationToken);
        return app;
    }

    private static async Task AnswerAsync(HttpContext context, WorkerState state)
    {
        if (context.Request.Path != "/health" || !HttpMethods.IsGet(context.Request.Method))
        {
            context.Response.StatusCode = StatusCodes.Status404NotFound;
            return;
        }

        var body = new JsonObject
        {
            ["status"] = state.Blocked is null ? "landing" : "blocked",
            ["blocked_by"] = state.Blocked,
            ["documents_blocked_by"] = state.DocumentsBlocked,
            ["landed"] = state.Landed,
            ["lag"] = state.Lag,
        };
        context.Response.StatusCode = state.Blocked is null ? StatusCodes.Status200OK : StatusCodes.Status503ServiceUnavailable;
        context.Response.ContentType = "application/json";
        await context.Response.WriteAsync(body.ToJsonString(), context.RequestAborted);
    }
}
