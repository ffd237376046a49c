using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Secrets;

/// <summary>Where the keys are that sessions of a cohort's pages are sealed with.</summary>
public static class SessionKeys
{
    private const string FolderName = "session-keys";

    /// <summary>The folder, which only its owner may look into; it is made where it is not there. Without what is in it everybody signs in again.</summary>
    public static string FolderOf(CohortStore store)
    {
        var folder = Path.Combine(store.Folder, FolderName);
        try
        {
            if (OperatingSystem.IsWindows())
            {
                return Directory.CreateDirectory(folder).FullName;
            }

            const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
            Directory.CreateDirectory(folder, OwnerOnly);
            File.SetUnixFileMode(folder, OwnerOnly);
            return folder;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{folder}: cannot be made ({e.Message})", e);
        }
    }
}
