using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Secrets;

/// <summary>A secret of 32 random bytes as 64 hex digits, in a file of its own for its owner alone, or from where secrets are kept.</summary>
internal static class SecretFile
{
    public const int Bytes = 32;

    /// <summary>The bytes of 64 hex digits; null where text is none.</summary>
    public static byte[]? TryParse(string hex)
    {
        try
        {
            return Convert.FromHexString(hex.Trim()) is { Length: Bytes } secret ? secret : null;
        }
        catch (FormatException)
        {
            return null;
        }
    }

    /// <summary>The text of a file, or null where there is none.</summary>
    public static string? TryRead(string file)
    {
        try
        {
            return File.Exists(file) ? File.ReadAllText(file) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Makes a file with a secret unless it is there, durable and for its owner alone: of two that make one the first wins.</summary>
    public static void Make(string file)
    {
        var draft = file + "." + RandomNumberGenerator.GetHexString(8, lowercase: true);
        try
        {
            Durable.CreateDirectory(Path.GetDirectoryName(file)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var output = new FileStream(draft, options))
            {
                output.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)) + "\n"));
                output.Flush(flushToDisk: true);
            }

            Durable.TryMoveToNewName(draft, file);
            Durable.SyncDirectory(Path.GetDirectoryName(file)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be made ({e.Message})", e);
        }
    }
}
