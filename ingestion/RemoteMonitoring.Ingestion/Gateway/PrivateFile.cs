using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Files that only their owner may read: messages, and keys. On Windows they have the rights of their folder.</summary>
internal static class PrivateFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Makes an empty file where there is none, its folder durable. SQLite gives its journals the rights of their file.</summary>
    public static void Create(string file)
    {
        file = Path.GetFullPath(file);
        try
        {
            Durable.CreateDirectory(Path.GetDirectoryName(file)!);
            if (!File.Exists(file))
            {
                using var created = new FileStream(file, Options(FileMode.CreateNew));
            }

            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(file, OwnerOnly);
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be made ({e.Message})", e);
        }
    }

    /// <summary>Writes a text under a name that is new or replaced whole.</summary>
    public static void Write(string file, string text)
    {
        var draft = file + ".draft";
        File.Delete(draft);
        using (var stream = new FileStream(draft, Options(FileMode.CreateNew)))
        {
            stream.Write(Encoding.ASCII.GetBytes(text));
            stream.Flush(flushToDisk: true);
        }

        File.Move(draft, file, overwrite: true);
        Durable.SyncDirectory(Path.GetDirectoryName(Path.GetFullPath(file))!);
    }

    private static FileStreamOptions Options(FileMode mode)
    {
        var options = new FileStreamOptions { Mode = mode, Access = FileAccess.Write, Share = FileShare.ReadWrite };
        if (!OperatingSystem.IsWindows())
        {
            options.UnixCreateMode = OwnerOnly;
        }

        return options;
    }
}
