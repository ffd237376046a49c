using System.Net;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using Azure.Core;
using Azure.Core.Pipeline;
using Azure.Security.KeyVault.Secrets;

namespace RemoteMonitoring.Vault;

/// <summary>
/// A Key Vault that the real client asks: challenges who has no token, and gives who has one the secret as it is at the time. The client's check
/// of the challenge stays on.
/// </summary>
internal sealed class FakeVault : HttpMessageHandler
{
    private readonly List<string> _seen = [];

    public FakeVault(string secret)
    {
        Secret = secret;
        Options = new SecretClientOptions { Transport = new HttpClientTransport(this), Retry = { MaxRetries = 0 } };
    }

    public SecretClientOptions Options { get; }

    /// <summary>The latest version of every secret.</summary>
    public string Secret { get; set; }

    public string Resource { get; init; } = "https://vault.azure.net";

    public HttpStatusCode Status { get; set; } = HttpStatusCode.OK;

    /// <summary>Requests in their order, each with its authorization.</summary>
    public IReadOnlyList<string> Seen
    {
        get
        {
            lock (_seen)
            {
                return [.. _seen];
            }
        }
    }

    /// <summary>How often the secret was asked for.</summary>
    public int Reads => Seen.Count(s => !s.EndsWith(" none", StringComparison.Ordinal));

    /// <summary>URL of a secret in a vault of its own: the client remembers challenges by vault for the whole process.</summary>
    public string Url { get; } = $"https://v{RandomNumberGenerator.GetHexString(16, lowercase: true)}.vault.azure.net/secrets/s";

    protected override Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) => Task.FromResult(Send(request, cancellationToken));

    protected override HttpResponseMessage Send(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        lock (_seen)
        {
            _seen.Add($"{request.Method} {request.RequestUri!.AbsolutePath.TrimEnd('/')} {request.Headers.Authorization?.ToString() ?? "none"}");
        }

        if (request.Headers.Authorization is null)
        {
            var challenge = new HttpResponseMessage(HttpStatusCode.Unauthorized) { Content = new StringContent("{}") };
            challenge.Headers.TryAddWithoutValidation("WWW-Authenticate", $"Bearer authorization=\"https://login.microsoftonline.com/tenant\", resource=\"{Resource}\"");
            return challenge;
        }

        var body = Status == HttpStatusCode.OK
            ? JsonSerializer.Serialize(new { value = Secret, id = request.RequestUri.GetLeftPart(UriPartial.Path), attributes = new { enabled = true } })
            : """{"error":{"code":"x","message":"y"}}""";
        return new HttpResponseMessage(Status) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }
}

/// <summary>A credential that says what it was asked for.</summary>
internal sealed class FakeToken : TokenCredential
{
    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) =>
        new($"token-for-{requestContext.Scopes.Single()}", DateTimeOffset.MaxValue);

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
}

/// <summary>A clock that is moved by hand.</summary>
internal sealed class VaultClock : TimeProvider
{
    private long _ticks;

    public override long TimestampFrequency => TimeSpan.TicksPerSecond;

    public override long GetTimestamp() => Interlocked.Read(ref _ticks);

    public void Pass(TimeSpan time) => Interlocked.Add(ref _ticks, time.Ticks);
}
