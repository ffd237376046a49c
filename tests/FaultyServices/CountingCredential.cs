using Azure.Core;

namespace RemoteMonitoring.FaultyServices;

/// <summary>Gives a token that says how often one was asked for, from 1, and keeps what came with each question.</summary>
public sealed class CountingCredential : TokenCredential
{
    private readonly Lock _lock = new();
    private readonly List<TokenRequestContext> _asked = [];

    /// <summary>What was asked, in order.</summary>
    public IReadOnlyList<TokenRequestContext> Asked
    {
        get
        {
            lock (_lock)
            {
                return [.. _asked];
            }
        }
    }

    public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken)
    {
        lock (_lock)
        {
            _asked.Add(requestContext);
            return new AccessToken($"token-{_asked.Count}", DateTimeOffset.UnixEpoch.AddYears(200));
        }
    }

    public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => new(GetToken(requestContext, cancellationToken));
}
