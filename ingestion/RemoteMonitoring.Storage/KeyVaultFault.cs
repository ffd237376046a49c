using Azure;
using Azure.Identity;

namespace RemoteMonitoring.Storage;

/// <summary>What Key Vault and its client throw, sorted, and said in a few words without what was answered.</summary>
internal static class KeyVaultFault
{
    /// <summary>Whether it is a fault of vault, network or identity, and not the caller's own cancellation.</summary>
    public static bool Is(Exception e, CancellationToken cancellationToken) => e switch
    {
        // The last is a challenge that the client does not trust.
        RequestFailedException or AuthenticationFailedException or AggregateException or IOException or InvalidOperationException => true,
        // The client's own time-out.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => false,
    };

    public static string Cause(Exception e)
    {
        // After several tries: what the last one met.
        var last = e is AggregateException { InnerExceptions: [.., var inner] } ? inner : e;
        return last switch
        {
            RequestFailedException { Status: (401 or 403) and var status } => $"{status}: refused; the identity needs the role Key Vault Secrets User there, and the address must be allowed",
            RequestFailedException { Status: 404 } => "there is no such secret",
            RequestFailedException { Status: (429 or 503) and var status } => $"{status}: the service is too busy; run again later",
            RequestFailedException { Status: > 0 and var status } => $"{status}",
            OperationCanceledException => "no answer in time; run again later",
            _ => last.GetBaseException().Message.Split('\n', '\r')[0],
        };
    }
}
