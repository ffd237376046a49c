using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage;

/// <summary>A step that brings a cohort's folder of a local home from one format to the next.</summary>
/// <param name="From">The version it begins with; it ends with the next.</param>
/// <param name="What">What it does, for people.</param>
/// <param name="Apply">Does it to the folder. It may be stopped anywhere and begun anew, and where it is done already it changes nothing.</param>
public sealed record HomeUpgrade(int From, string What, Action<string> Apply);

/// <summary>
/// The format of a cohort's folder in a local home: <c>home.json</c> says its version, and one that says nothing has version 1. An
/// older one is brought up to date when it is opened, step by step, and says after each how far it has come; a newer one is refused
/// and left as it is. What lies in the folder has versions of its own, which are read as they are.
/// </summary>
public sealed class HomeFormat
{
    /// <summary>Name of the file that says the version.</summary>
    public const string MarkerName = "home.json";

    private const string LockName = "home.lock";

    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(30);

    private readonly IReadOnlyList<HomeUpgrade> _steps;

    /// <summary>A format that is reached by these steps, the first of them from version 1.</summary>
    public HomeFormat(IReadOnlyList<HomeUpgrade> steps)
    {
        if (steps.Where((step, i) => step.From != i + 1).Any())
        {
            throw new ArgumentException("The steps lead from version 1 on, each to the next.", nameof(steps));
        }

        _steps = steps;
    }

    /// <summary>That of this program. Version 2 says which version it has, and is otherwise what version 1 was.</summary>
    public static HomeFormat Current { get; } = new([new HomeUpgrade(1, "the home says which version it has", static _ => { })]);

    /// <summary>The version that this program writes, and the newest it opens.</summary>
    public int Version => _steps.Count + 1;

    /// <summary>The version of a cohort's folder; null where there is none yet. A marker that is none throws <see cref="LakeException"/>.</summary>
    public static int? VersionOf(string folder) => Read(Path.Combine(folder, MarkerName)) ?? (IsThere(folder) ? 1 : null);

    /// <summary>
    /// Makes a folder ready to be opened: a new one is marked, an older one brought up to date. A newer one throws
    /// <see cref="LakeException"/> before anything in it is touched.
    /// </summary>
    /// <returns>What was done.</returns>
    public IReadOnlyList<HomeUpgrade> Prepare(string folder)
    {
        var marker = Path.Combine(folder, MarkerName);
        var version = Checked(folder, VersionOf(folder));
        if (version == Version)
        {
            return [];
        }

        Durable.CreateDirectory(Path.GetFullPath(folder));
        if (version is null)
        {
            Write(marker, Version, overwrite: false);
            return [];
        }

        using var turn = Lock(folder);
        var done = new List<HomeUpgrade>();
        // Asked again: another process may have been first, or have got half of the way.
        for (var at = Checked(folder, VersionOf(folder))!.Value; at < Version; at++)
        {
            _steps[at - 1].Apply(folder);
            Write(marker, at + 1, overwrite: true);
            done.Add(_steps[at - 1]);
        }

        return done;
    }

    /// <summary>Throws <see cref="LakeException"/> where a version is newer than this program's.</summary>
    /// <param name="nameForPeople">What has it.</param>
    /// <param name="version">The version; null where there is none.</param>
    public int? Checked(string nameForPeople, int? version) => version is null || version <= Version
        ? version
        : throw new LakeException(string.Create(CultureInfo.InvariantCulture,
            $"{nameForPeople}: is a home of version {version}; this program opens up to {Version}. Update the program; nothing was changed."));

    /// <summary>Whether somebody has used the folder as a cohort's.</summary>
    private static bool IsThere(string folder) =>
        Directory.Exists(Path.Combine(folder, "lake")) || Directory.Exists(Path.Combine(folder, "gateway")) || File.Exists(Path.Combine(folder, "documents.db"));

    private static int? Read(string marker)
    {
        try
        {
            using var document = JsonDocument.Parse(File.ReadAllBytes(marker));
            return document.RootElement.GetProperty("schemaVersion").GetInt32() is > 1 and var version ? version : throw new FormatException("its version is none");
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            throw new LakeException($"{marker}: does not say which version the home has ({e.Message.Split('\n')[0].TrimEnd('.')}). Restore it, or delete it: the home is then taken for one of version 1 and brought up to date.", e);
        }
    }

    private static void Write(string marker, int version, bool overwrite)
    {
        var folder = Path.GetDirectoryName(Path.GetFullPath(marker))!;
        var draft = $"{marker}.{RandomNumberGenerator.GetHexString(8, lowercase: true)}.draft";
        using (var output = new FileStream(draft, FileMode.CreateNew, FileAccess.Write))
        {
            output.Write(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"schemaVersion\":{version}}}\n")));
            output.Flush(flushToDisk: true);
        }

        if (overwrite)
        {
            File.Move(draft, marker, overwrite: true);
        }
        else
        {
            Durable.TryMoveToNewName(draft, marker);
        }

        Durable.SyncDirectory(folder);
    }

    /// <summary>One process at a time; the operating system takes the lock off one that is gone.</summary>
    private static FileStream Lock(string folder)
    {
        FileStream? held = null;
        bool IsHeld()
        {
            try
            {
                held = new FileStream(Path.Combine(folder, LockName), FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
                return true;
            }
            catch (IOException)
            {
                return false;
            }
        }

        return SpinWait.SpinUntil(IsHeld, s_patience)
            ? held!
            : throw new LakeException($"{folder}: another process is bringing this home up to date. Try again when it is done.");
    }
}
