using Azure;
using Azure.Identity;
using Azure.Storage.Blobs.Models;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>What the blob service and its client throw, sorted, and said in one line without signature or headers.</summary>
internal static class BlobFault
{
    /// <summary>Whether it is a fault of service, network or identity, and not the caller's own cancellation.</summary>
    public static bool Is(Exception e, CancellationToken cancellationToken) => e switch
    {
        RequestFailedException or AggregateException or IOException or AuthenticationFailedException => true,
        // The client's own time-out.
        OperationCanceledException => !cancellationToken.IsCancellationRequested,
        _ => false,
    };

    /// <summary>Whether there is no such blob; a container that is missing is a fault.</summary>
    public static bool IsAbsent(RequestFailedException e) => e.Status == 404 && e.ErrorCode != BlobErrorCode.ContainerNotFound.ToString();

    /// <summary>Whether a condition on what is there did not hold.</summary>
    public static bool IsConflict(RequestFailedException e) =>
        e.ErrorCode is { } code && (code == BlobErrorCode.BlobAlreadyExists || code == BlobErrorCode.ConditionNotMet || code == BlobErrorCode.UnauthorizedBlobOverwrite
            // Blocks of a file that somebody else has made in the meantime are dropped; a commit of them finds none.
            || code == BlobErrorCode.InvalidBlockList);

    /// <summary>Whether what was asked for may have been done all the same.</summary>
    public static bool IsUnknown(Exception e) => e is not AuthenticationFailedException && (e is not RequestFailedException { Status: var status } || status is 0 or 408 or >= 500);

    public static string Cause(Exception e)
    {
        // After several tries: what the last one met.
        var last = e is AggregateException { InnerExceptions: [.., var inner] } ? inner : e;
        return last switch
        {
            RequestFailedException { Status: 401 or 403 } refused => $"{Code(refused)}: refused; the identity needs the role Storage Blob Data Contributor there, and the address must be allowed",
            RequestFailedException { Status: 404 } missing when missing.ErrorCode == BlobErrorCode.ContainerNotFound => "there is no such container; make it first",
            RequestFailedException { Status: 412 } => "it was replaced in the meantime; run again",
            RequestFailedException { Status: 429 or 503 } busy => $"{Code(busy)}: the service is too busy; run again later",
            RequestFailedException { Status: > 0 } other => Code(other),
            OperationCanceledException => "no answer in time",
            _ => FirstLine(last.GetBaseException().Message),
        };
    }

    private static string Code(RequestFailedException e) => $"{e.Status} {e.ErrorCode}".TrimEnd();

    private static string FirstLine(string text) => text.Trim().Split('\n', '\r')[0];
}
