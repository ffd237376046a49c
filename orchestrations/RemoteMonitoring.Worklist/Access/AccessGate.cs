using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Routing;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Lets a request through to its route where the route's <see cref="RouteRule"/> allows it and what was sent is in order; what has no rule is not there.</summary>
internal sealed class AccessGate(RequestDelegate next, AuditLog audit, IAntiforgery antiforgery)
{
    public async Task InvokeAsync(HttpContext context)
    {
        var viewer = context.Features.Get<Viewer>();
        // An id may hold a slash, which stays escaped in a path: names of teams and users are looked up, and are no paths themselves.
        foreach (var (name, value) in context.Request.RouteValues.ToArray())
        {
            context.Request.RouteValues[name] = (value as string)?.Replace("%2F", "/", StringComparison.OrdinalIgnoreCase) ?? value;
        }

        if (context.GetEndpoint() is not { } endpoint || endpoint.Metadata.GetMetadata<RouteRule>() is not { } rule)
        {
            await Refusal.NotFound.AnswerAsync(context);
            return;
        }

        if (!rule.Allows(viewer))
        {
            await RefuseAsync(context, endpoint, viewer);
            return;
        }

        var sends = !HttpMethods.IsGet(context.Request.Method) && !HttpMethods.IsHead(context.Request.Method);
        // Who has to prove themselves by something else than a session is not protected by what the session's forms hold.
        var hasOwnProof = rule.Anybody && endpoint.Metadata.GetMetadata<IAntiforgeryMetadata>() is { RequiresValidation: false };
        if (sends && !hasOwnProof && await FormRule.ReadAsync(context, antiforgery) is { } refusal)
        {
            await (refusal == Refusal.StaleForm ? await FormRule.KeepNoteAsync(refusal, context) : refusal).AnswerAsync(context);
            return;
        }

        await next(context);
    }

    private async Task RefuseAsync(HttpContext context, Endpoint endpoint, Viewer? viewer)
    {
        if (viewer is not null)
        {
            // The route as it was mapped, without what stood in the address.
            await audit.RecordAsync(viewer, AuditEvent.PageDenied, detail: $"{context.Request.Method} {(endpoint as RouteEndpoint)?.RoutePattern.RawText}", cancellationToken: context.RequestAborted);
            await Refusal.NotYours.AnswerAsync(context);
        }
        else if (HttpMethods.IsGet(context.Request.Method))
        {
            await new SeeOther(SignInPages.PathTo(context.Request.Path + context.Request.QueryString)).ExecuteAsync(context);
        }
        else
        {
            await (await FormRule.KeepNoteAsync(Refusal.NotSignedIn, context)).AnswerAsync(context);
        }
    }
}
