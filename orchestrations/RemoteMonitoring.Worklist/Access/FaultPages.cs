using System.Diagnostics;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Answers a request whose handling failed: with a reference and no detail, which the log has beside where it happened.</summary>
internal sealed class FaultPages(RequestDelegate next, WorklistOptions options)
{
    public async Task InvokeAsync(HttpContext context)
    {
        try
        {
            await next(context);
        }
        catch (OperationCanceledException) when (context.RequestAborted.IsCancellationRequested)
        {
            // Nobody waits for an answer any more.
        }
        catch (Exception e) when (!context.Response.HasStarted)
        {
            context.Response.Clear();
            await RefusalOf(context, e).Page().ExecuteAsync(context);
        }
    }

    private Refusal RefusalOf(HttpContext context, Exception e)
    {
        if (e is BadHttpRequestException bad)
        {
            return bad.StatusCode == StatusCodes.Status413PayloadTooLarge ? Refusal.TooLarge : Refusal.BadForm;
        }

        var reference = RandomNumberGenerator.GetHexString(8, lowercase: true);
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText ?? "no route";
        if (e is LakeException)
        {
            options.Log.StoreAway(reference, (e.InnerException ?? e).GetType().Name, route);
            return Refusal.StoreAway(reference);
        }

        // Names of methods only: what an exception says may be what was asked for.
        var where = string.Join(" < ", new StackTrace(e).GetFrames().Select(f => f.GetMethod()).OfType<System.Reflection.MethodBase>().Take(8).Select(m => $"{m.DeclaringType?.Name}.{m.Name}"));
        options.Log.Faulted(reference, e.GetType().Name, route, where);
        return Refusal.Fault(reference);
    }
}
