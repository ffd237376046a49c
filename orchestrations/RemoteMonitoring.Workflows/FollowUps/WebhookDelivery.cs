using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What a receiver made of a delivery.</summary>
/// <param name="Status">What came of it.</param>
/// <param name="Problem">Why it was not taken, in a few words; null where it was.</param>
/// <param name="RetryAfter">How long the receiver asks to be left alone; null where it does not say.</param>
public sealed record WebhookAnswer(DeliveryStatus Status, string? Problem = null, Duration? RetryAfter = null)
{
    /// <summary>Whether it was refused for who sent it.</summary>
    internal bool IsUnauthorized { get; init; }
}

/// <summary>
/// Sends a payload to a webhook, signed: <c>X-RMon-Signature: v1=hex(HMAC-SHA256(secret, timestamp + "." + body))</c>, with the timestamp
/// (Unix seconds) in <c>X-RMon-Timestamp</c>. <c>Idempotency-Key</c> is the follow-up's, whatever it is sent for. Redirects are not followed. Who answers
/// 401 or 403 is sent it once more where the secret has been replaced since it was read.
/// </summary>
/// <param name="secrets">Where secrets of receivers are found.</param>
/// <param name="time">Time.</param>
/// <param name="handler">How requests are sent; null for the network.</param>
/// <param name="patience">How long an answer is waited for; null for <see cref="Timeout"/>. Of the answer the headers alone are read.</param>
public sealed class WebhookDelivery(SecretSettings secrets, TimeProvider time, HttpMessageHandler? handler = null, TimeSpan? patience = null) : IDisposable
{
    /// <summary>How long an answer is waited for unless something else is asked for.</summary>
    public static readonly TimeSpan Timeout = TimeSpan.FromSeconds(10);

    private readonly HttpClient _client = new(handler ?? new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) }) { Timeout = patience ?? Timeout };

    /// <summary>The signature of a body at a time.</summary>
    public static string Sign(string secret, string timestamp, ReadOnlySpan<byte> body)
    {
        using var hash = IncrementalHash.CreateHMAC(HashAlgorithmName.SHA256, Encoding.UTF8.GetBytes(secret));
        hash.AppendData(Encoding.ASCII.GetBytes(timestamp + "."));
        hash.AppendData(body);
        return "v1=" + Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    /// <summary>Sends it once.</summary>
    public async Task<WebhookAnswer> SendAsync(Webhook webhook, string key, int attempt, byte[] body, CancellationToken cancellationToken)
    {
        try
        {
            if (await secrets.FindAsync(webhook.SecretVariable, null, cancellationToken) is not { } secret)
            {
                return new WebhookAnswer(DeliveryStatus.Failed, $"the environment variable {webhook.SecretVariable} is not set");
            }

            var answer = await SendAsync(webhook, secret, key, attempt, body, cancellationToken);
            return answer.IsUnauthorized && await secrets.FindOtherAsync(webhook.SecretVariable, secret, null, cancellationToken) is { } newer
                ? await SendAsync(webhook, newer, key, attempt, body, cancellationToken)
                : answer;
        }
        catch (LakeException)
        {
            // Which vault it is in is nobody's business who reads a follow-up.
            return new WebhookAnswer(DeliveryStatus.Failed, $"the secret that {webhook.SecretVariable} names cannot be had; 'rmon follow-ups check' says why");
        }
    }

    /// <inheritdoc />
    public void Dispose() => _client.Dispose();

    private async Task<WebhookAnswer> SendAsync(Webhook webhook, string secret, string key, int attempt, byte[] body, CancellationToken cancellationToken)
    {
        var timestamp = time.GetUtcNow().ToUnixTimeSeconds().ToString(CultureInfo.InvariantCulture);
        using var request = new HttpRequestMessage(HttpMethod.Post, webhook.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Add("Idempotency-Key", key);
        request.Headers.Add("X-RMon-Attempt", attempt.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("X-RMon-Timestamp", timestamp);
        request.Headers.Add("X-RMon-Signature", Sign(secret, timestamp, body));
        try
        {
            using var response = await _client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
            return Of(response);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new WebhookAnswer(DeliveryStatus.Failed, string.Create(CultureInfo.InvariantCulture, $"no answer in {_client.Timeout.TotalSeconds:0} s"));
        }
        catch (HttpRequestException e)
        {
            // The message of it would name the address, which may hold a key.
            return new WebhookAnswer(DeliveryStatus.Failed, $"no connection ({e.HttpRequestError})");
        }
    }

    private WebhookAnswer Of(HttpResponseMessage response)
    {
        var problem = string.Create(CultureInfo.InvariantCulture, $"status {(int)response.StatusCode}");
        return response.StatusCode switch
        {
            >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices => new WebhookAnswer(DeliveryStatus.Taken),
            HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError => new WebhookAnswer(DeliveryStatus.Failed, problem, RetryAfter(response)),
            _ => new WebhookAnswer(DeliveryStatus.Refused, problem) { IsUnauthorized = response.StatusCode is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden },
        };
    }

    private Duration? RetryAfter(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => Duration.FromTimeSpan(delta),
        { Date: { } date } => Duration.FromTimeSpan(date - time.GetUtcNow()),
        _ => null,
    };
}
