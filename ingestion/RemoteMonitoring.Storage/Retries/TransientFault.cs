using Azure;
using Azure.Identity;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Retries;

/// <summary>Which faults of the stores may pass by themselves.</summary>
public static class TransientFault
{
    private const int SqliteBusy = 5;
    private const int SqliteLocked = 6;

    /// <summary>Linux: try again, device or file busy, connection cut or refused, no answer in time, stale handle of a network file system.</summary>
    private static readonly int[] s_errors = [11, 16, 103, 104, 110, 111, 116];

    /// <summary>Windows: another process has the file open, or a part of it locked; the network was busy or the connection was cut.</summary>
    private static readonly int[] s_windowsErrors = [32, 33, 54, 59, 64, 121];

    /// <summary>Whether trying again may help.</summary>
    public static bool Is(Exception e) => e switch
    {
        LakeException fault => fault.IsTransient,
        SqliteException fault => fault.SqliteErrorCode is SqliteBusy or SqliteLocked,
        IOException fault => (OperatingSystem.IsWindows() ? s_windowsErrors : s_errors).Contains(fault.HResult & 0xFFFF),
        _ => false,
    };

    /// <summary>Whether a reply of this HTTP status, 0 for none at all, says so.</summary>
    public static bool Is(int status) => status is 0 or 408 or 410 or 429 or 449 or 500 or 502 or 503 or 504;

    /// <summary>Whether what a client of an Azure service threw says so; every reading or writing of its that broke off does.</summary>
    public static bool IsOfService(Exception e) => e switch
    {
        AggregateException { InnerExceptions: [.., var last] } => IsOfService(last),
        RequestFailedException fault => Is(fault.Status),
        AuthenticationFailedException { InnerException: RequestFailedException fault } => Is(fault.Status),
        IOException or OperationCanceledException => true,
        _ => false,
    };
}
