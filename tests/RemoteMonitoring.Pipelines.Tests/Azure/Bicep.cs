using System.Diagnostics;
using System.Reflection;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>The Bicep compiler that the build brought along. It has all resource types in it and asks no network.</summary>
internal static class Bicep
{
    private static readonly string s_program = typeof(Bicep).Assembly.GetCustomAttributes<AssemblyMetadataAttribute>().Single(a => a.Key == "Bicep").Value! + (OperatingSystem.IsWindows() ? ".exe" : "");

    /// <summary>Runs it; what it says goes to standard error, what it makes to standard output.</summary>
    public static async Task<(int Exit, string Made, string Said)> RunAsync(string folder, params string[] arguments)
    {
        Assert.True(File.Exists(s_program), $"{s_program} is not there: restore this project again.");
        var start = new ProcessStartInfo(s_program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        // As azd and release.sh name the images that were published.
        start.Environment["SERVICE_WORKER_IMAGE_NAME"] = "images.example.org/rmon:1";
        start.Environment["SERVICE_WORKLIST_IMAGE_NAME"] = "images.example.org/rmon:1";
        start.Environment["TRAINING_IMAGE_NAME"] = "images.example.org/rmon-train:1";
        start.Environment["TRAINING_IMAGE_VERSION"] = "1";
        start.Environment["DOTNET_SYSTEM_GLOBALIZATION_INVARIANT"] = "1";
        using var process = Process.Start(start)!;
        var (made, said) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(3));
        await process.WaitForExitAsync(patience.Token);
        return (process.ExitCode, await made, await said);
    }

    /// <summary>A copy of the templates, which may be changed and built without anybody else seeing it.</summary>
    public static string CopyOfTemplates()
    {
        var root = Directory.CreateTempSubdirectory("rmon-bicep-").FullName;
        foreach (var path in ((string[])["pipelines/azure", "pipelines/logicapps"]).SelectMany(folder => Directory.EnumerateFiles(Repository.PathOf(folder), "*", SearchOption.AllDirectories)))
        {
            if (!path.EndsWith(".snapshot.json", StringComparison.Ordinal))
            {
                var copy = Path.Combine(root, Path.GetRelativePath(Repository.Root, path));
                Directory.CreateDirectory(Path.GetDirectoryName(copy)!);
                File.Copy(path, copy);
            }
        }

        return Path.Combine(root, "pipelines", "azure");
    }
}
