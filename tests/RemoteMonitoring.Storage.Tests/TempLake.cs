using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests;

/// <summary>A lake in a folder that is gone after the test.</summary>
public sealed class TempLake : IDisposable
{
    public TempLake() => Lake = new LakeDirectory(Path.Combine(Root, "lake"));

    public string Root { get; } = Directory.CreateTempSubdirectory("rmon-storage-").FullName;

    public LakeDirectory Lake { get; }

    /// <summary>Every file there is, drafts too, with its bytes in hex.</summary>
    public SortedDictionary<string, string> Contents => Of(Lake.Root);

    public IEnumerable<string> Drafts => Directory.EnumerateFileSystemEntries(Path.Combine(Lake.Root, ".drafts"));

    public static SortedDictionary<string, string> Of(string root) => new(
        Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories)
            .ToDictionary(f => Path.GetRelativePath(root, f), f => Convert.ToHexString(File.ReadAllBytes(f))),
        StringComparer.Ordinal);

    /// <summary>Puts bytes there behind the lake's back.</summary>
    public string Plant(string path, byte[] bytes)
    {
        var file = Lake.FullPath(path);
        Directory.CreateDirectory(Path.GetDirectoryName(file)!);
        File.WriteAllBytes(file, bytes);
        return file;
    }

    public void Dispose() => Directory.Delete(Root, recursive: true);
}

/// <summary>What every message for people must be.</summary>
internal static class ForPeople
{
    /// <summary>One line that names the file and shows no stack.</summary>
    public static void SaysInOneLine(this LakeException e, string file)
    {
        Assert.Contains(file, e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', e.Message);
        Assert.DoesNotContain("   at ", e.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("Exception", e.Message, StringComparison.Ordinal);
    }
}
