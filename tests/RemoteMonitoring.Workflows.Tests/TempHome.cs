using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.Tests;

/// <summary>A home that is gone after the test, with one cohort in it.</summary>
internal sealed class TempHome : IAsyncDisposable
{
    private CohortStore? _store;

    public string Root { get; } = Directory.CreateTempSubdirectory("rmon-workflows-").FullName;

    /// <summary>The cohort, opened when first asked for.</summary>
    public CohortStore Store => _store ??= CohortStore.Open(Root, MadeUpFeed.Cohort);

    public LakeDirectory Lake => (LakeDirectory)Store.Lake;

    /// <summary>A home with the same files as another, which nobody has open.</summary>
    public static TempHome CopyOf(string root)
    {
        var home = new TempHome();
        foreach (var file in Directory.EnumerateFiles(root, "*", SearchOption.AllDirectories))
        {
            var copy = Path.Combine(home.Root, Path.GetRelativePath(root, file));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(file, copy);
        }

        return home;
    }

    public void Delete(string lakePath) => File.Delete(Lake.FullPath(lakePath));

    public void Overwrite(string lakePath, string text) => File.WriteAllText(Lake.FullPath(lakePath), text);

    /// <summary>Hash and time of writing of every lake file below a folder.</summary>
    public async Task<SortedDictionary<string, (string Hash, DateTime Written)>> FilesAsync(string folder = "") => new(
        (await Lake.ListAsync(folder, default)).ToDictionary(
            p => p, p => (LakeDirectory.Hash(File.ReadAllBytes(Lake.FullPath(p))), File.GetLastWriteTimeUtc(Lake.FullPath(p)))),
        StringComparer.Ordinal);

    /// <summary>Hash of every lake file below a folder, whenever it was written.</summary>
    public async Task<SortedDictionary<string, string>> HashesAsync(string folder = "") =>
        new((await FilesAsync(folder)).ToDictionary(f => f.Key, f => f.Value.Hash), StringComparer.Ordinal);

    public async Task CloseStoreAsync()
    {
        if (_store is { } store)
        {
            _store = null;
            await store.DisposeAsync();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await CloseStoreAsync();
        Directory.Delete(Root, recursive: true);
    }
}
