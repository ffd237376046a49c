using System.Runtime.InteropServices;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// What .NET lacks to make a new name once and have it survive a power cut: linking, and syncing a directory. On Windows a
/// move does the first, and a created name is durable with its file's flush.
/// </summary>
public static partial class Durable
{
    private const int ReadOnlyFlag = 0;
    private const int AlreadyExists = 17;

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

    /// <summary>
    /// Gives a draft its final name, unless there is a file of that name: then the draft is deleted and the answer is false.
    /// <see cref="File.Move(string, string, bool)"/> without overwriting looks first and renames then, so that of two that
    /// race both may think they made the name; link(2) lets exactly one.
    /// </summary>
    public static bool TryMoveToNewName(string draft, string target)
    {
        if (OperatingSystem.IsWindows())
        {
            try
            {
                File.Move(draft, target, overwrite: false);
                return true;
            }
            catch (IOException) when (File.Exists(target))
            {
                File.Delete(draft);
                return false;
            }
        }

        var made = Link(draft, target) == 0;
        var error = Marshal.GetLastPInvokeError();
        if (!made && error != AlreadyExists)
        {
            throw new IOException($"The file cannot be given its name: {Marshal.GetPInvokeErrorMessage(error)} (errno {error}); the file system must know hard links.", error);
        }

        File.Delete(draft);
        return made;
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
            var refusal = Marshal.GetLastPInvokeError();
            throw new IOException($"The directory '{path}' cannot be opened for syncing (errno {refusal}).", refusal);
        }

        var failed = Sync(descriptor) != 0;
        var error = Marshal.GetLastPInvokeError();
        _ = Close(descriptor);
        if (failed)
        {
            throw new IOException($"The directory '{path}' cannot be synced (errno {error}).", error);
        }
    }

    [LibraryImport("libc", EntryPoint = "link", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Link(string existing, string created);

    [LibraryImport("libc", EntryPoint = "open", SetLastError = true, StringMarshalling = StringMarshalling.Utf8)]
    private static partial int Open(string path, int flags);

    [LibraryImport("libc", EntryPoint = "fsync", SetLastError = true)]
    private static partial int Sync(int descriptor);

    [LibraryImport("libc", EntryPoint = "close", SetLastError = true)]
    private static partial int Close(int descriptor);
}
