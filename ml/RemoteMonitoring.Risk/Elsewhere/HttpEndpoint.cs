using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>Where a model is asked over the network, and how.</summary>
public sealed record HttpEndpoint
{
    /// <summary>Rows of a call, at the most.</summary>
    public const int MostRows = 10_000;

    /// <summary>What the name of a variable with a key begins with: a model's endpoint is sent no other secret of the process.</summary>
    public const string KeyPrefix = "RMON_MODEL_KEY";

    /// <summary>Address; TLS, but on this machine itself. It is kept beside the model, so that it holds no key: of a query only <c>api-version</c>.</summary>
    public required Uri Url { get; init; }

    /// <summary>Rows of a call, by default 500.</summary>
    public int BatchRows { get; init; } = 500;

    /// <summary>How long a call may take, by default 30 s.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Name of the environment variable that holds the bearer key; null where none is asked for. The key itself is never kept.</summary>
    public string? KeyVariable { get; init; }

    /// <summary>Throws <see cref="ModelException"/> with one line where it cannot be asked.</summary>
    internal void Check()
    {
        var isHere = Url.IsAbsoluteUri && Url.IsLoopback;
        Check(Url.IsAbsoluteUri && (Url.Scheme == Uri.UriSchemeHttps || (Url.Scheme == Uri.UriSchemeHttp && isHere)), $"url '{(Url.IsAbsoluteUri ? Url.GetLeftPart(UriPartial.Authority) : Url)}': an address that begins with https:// (http:// on this machine only)");
        Check(Url.UserInfo.Length == 0, "url: it holds a name or a password; name the variable that holds the key instead");
        Check(Url.Fragment.Length == 0 && (Url.Query.Length == 0 || (Url.Query.StartsWith("?api-version=", StringComparison.Ordinal) && !Url.Query.Contains('&'))), "url: of a query only api-version is kept; a key goes into a variable");
        Check(BatchRows is > 0 and <= MostRows, $"batchRows {BatchRows}: 1 to {MostRows}");
        Check(Timeout > TimeSpan.Zero && Timeout <= TimeSpan.FromMinutes(10), $"timeout {Timeout}: above 0, at most ten minutes");
        Check(KeyVariable is null || (KeyVariable.StartsWith(KeyPrefix, StringComparison.Ordinal) && KeyVariable.All(c => char.IsAsciiLetterOrDigit(c) || c == '_')), $"keyVariable: the name of an environment variable that begins with {KeyPrefix} (letters, digits and underscores), not the key itself");
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ModelException($"The model's endpoint cannot be asked: {otherwise}.");
        }
    }
}
