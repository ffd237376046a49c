using Microsoft.AspNetCore.Http;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Behind an ingress: shows nothing to whom it does not say that TLS was spoken, be it the ingress's fault or somebody's who found a way around it.</summary>
internal sealed class TlsGate(RequestDelegate next, WorklistOptions options)
{
    private static readonly Refusal s_plain = new(StatusCodes.Status400BadRequest, "Not over TLS", "These pages are opened over https alone.");

    public Task InvokeAsync(HttpContext context) =>
        options.Address is null || context.Request.IsHttps ? next(context) : s_plain.AnswerAsync(context);
}
