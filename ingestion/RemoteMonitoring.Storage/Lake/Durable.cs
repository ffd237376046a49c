using System.Runtime.InteropServices;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// What .NET lacks to make a new name survive a power cut: syncing a directory. On Windows a created name is durable with
/// its file's flush, and nothing is done.
/// </summary>
internal static partial class Durable
{
    private const int ReadOnlyFlag = 0;

    /// <summary>Makes the directory and its parents, each durable in its own parent.</summary>
    public static void CreateDirectory(string path)
    {
        if (Directory.Exists(path))
        {
            return;
        }

        var parent = Path.GetDirectoryName(path)!;
        CreateDirectory(parent);
        Directory.CreateDirectory(path);
        SyncDirectory(parent);
    }

    /// <summary>fsync(2) of a directory.</summary>
    public static void SyncDirectory(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            return;
        }

        var descriptor = Open(path, ReadOnlyFlag);
        if (descriptor < 0)
        {
            throw new IOException($"The directory '{path}' cannot be opened for syncing (errno {Marshal.GetLastPInvokeError()}).");
        }

        var failed = Sync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The directory '{path}' cannot be synced (errno {error}).");
        }
    }

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
