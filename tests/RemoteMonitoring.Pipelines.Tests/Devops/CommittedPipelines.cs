namespace RemoteMonitoring.Pipelines.Tests.Devops;

/// <summary>A repository of two commits with the scripts and templates of this one: in the first the template says that it is an old one.</summary>
public sealed class CommittedPipelines : IAsyncLifetime
{
    /// <summary>What stands in the template of the first commit alone.</summary>
    internal const string OldMark = "// as it was";

    internal string Root { get; } = Directory.CreateTempSubdirectory("rmon-commits-").FullName;

    /// <summary>The first commit.</summary>
    internal string Old { get; private set; } = "";

    /// <summary>The second.</summary>
    internal string New { get; private set; } = "";

    internal string PathOf(string path) => Path.Combine(Root, path);

    /// <inheritdoc />
    public async Task InitializeAsync()
    {
        foreach (var path in Directory.EnumerateFiles(Repository.PathOf("pipelines"), "*", SearchOption.AllDirectories))
        {
            var copy = PathOf(Path.GetRelativePath(Repository.Root, path));
            Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
            File.Copy(path, copy);
        }

        var template = PathOf("pipelines/azure/main.bicep");
        var text = await File.ReadAllTextAsync(template);
        await GitAsync("init", "--quiet");
        await File.WriteAllTextAsync(template, $"{OldMark}\n{text}");
        Old = await CommitAsync();
        await File.WriteAllTextAsync(template, text);
        New = await CommitAsync();
    }

    /// <inheritdoc />
    public Task DisposeAsync()
    {
        Directory.Delete(Root, recursive: true);
        return Task.CompletedTask;
    }

    private async Task<string> CommitAsync()
    {
        await GitAsync("add", "--all");
        await GitAsync("-c", "user.name=test", "-c", "user.email=test@example.org", "-c", "commit.gpgsign=false", "commit", "--quiet", "--message", "As it is");
        return (await GitAsync("rev-parse", "HEAD")).Trim();
    }

    private async Task<string> GitAsync(params string[] arguments)
    {
        var (exit, said) = await Shell.RunAsync("Going back takes a commit's own files: apt-get install git.", Root, "git", arguments);
        Assert.True(exit == 0, said);
        return said;
    }
}
