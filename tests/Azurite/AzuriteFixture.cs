using System.Diagnostics;
using System.Security.Cryptography;
using System.Text.RegularExpressions;
using Azure.Storage.Blobs;

namespace RemoteMonitoring.Azurite;

/// <summary>
/// The blob service that Microsoft publishes for development, as a process of its own on a free port, in memory, for the tests of
/// a collection. The first run installs it from the lock file beside this source; it needs Node.js with npm, and the network once.
/// </summary>
public sealed partial class AzuriteFixture : IAsyncLifetime
{
    /// <summary>The account and key that everybody knows; they open nothing but this.</summary>
    public const string Account = "devstoreaccount1";
    public const string Key = "Eby8vdM02xNOcqFlqUwJPLlmEtlCDXJ1OUzFT50uSRZ6IFsuFq2UVErCz4I6tq/K1SZFPTOtr/KBHBeksoGMGw==";

    private const string HowToInstall =
        "These tests run against Azurite, which needs Node.js (20 or later) with npm: apt-get install nodejs npm, or https://nodejs.org.";

    private static readonly TimeSpan s_patience = TimeSpan.FromMinutes(5);

    private Process? _process;

    /// <summary>Address of the service: <c>http://127.0.0.1:PORT</c>.</summary>
    public Uri Address { get; private set; } = new("about:blank");

    /// <summary>A connection string, to the service or to what stands in front of it.</summary>
    public string ConnectionString(Uri? address = null) =>
        $"DefaultEndpointsProtocol=http;AccountName={Account};AccountKey={Key};BlobEndpoint={(address ?? Address).GetLeftPart(UriPartial.Authority)}/{Account};";

    /// <summary>A container of its own for a test, made there.</summary>
    public async Task<string> NewContainerAsync()
    {
        var name = "test-" + RandomNumberGenerator.GetHexString(16, lowercase: true);
        await new BlobContainerClient(ConnectionString(), name, new BlobClientOptions(BlobClientOptions.ServiceVersion.V2026_02_06)).CreateAsync();
        return name;
    }

    public async Task InitializeAsync()
    {
        var program = Path.Combine(await InstallAsync(), "node_modules", "azurite", "dist", "src", "blob", "main.js");
        _process = Start("node", Path.GetTempPath(), program, "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence", "--skipApiVersionCheck", "--silent", "--disableTelemetry");
        using var patience = new CancellationTokenSource(TimeSpan.FromMinutes(1));
        var said = new List<string>();
        while (await _process.StandardOutput.ReadLineAsync(patience.Token) is { } line)
        {
            said.Add(line);
            if (Listens().Match(line) is { Success: true } match)
            {
                Address = new Uri(match.Groups[1].Value);
                // Nobody may fill a pipe that nobody reads.
                _process.BeginErrorReadLine();
                _ = _process.StandardOutput.ReadToEndAsync(CancellationToken.None);
                return;
            }
        }

        throw new InvalidOperationException($"Azurite did not start: {string.Join(" ", said)} {await _process.StandardError.ReadToEndAsync(patience.Token)}");
    }

    public async Task DisposeAsync()
    {
        if (_process is { HasExited: false })
        {
            _process.Kill();
            await _process.WaitForExitAsync();
        }

        _process?.Dispose();
    }

    /// <summary>Installs it where no test project has yet: one at a time, into a folder that the lock file's hash names.</summary>
    private static async Task<string> InstallAsync()
    {
        var source = SourceFolder();
        string[] files = ["package.json", "package-lock.json", ".npmrc"];
        var version = Convert.ToHexStringLower(SHA256.HashData(await File.ReadAllBytesAsync(Path.Combine(source, files[1]))))[..16];
        var target = Path.Combine(source, "obj", version);
        var installed = Path.Combine(target, "installed");
        Directory.CreateDirectory(target);
        using var _ = await LockAsync(Path.Combine(source, "obj", "lock"));
        if (!File.Exists(installed))
        {
            foreach (var file in files)
            {
                File.Copy(Path.Combine(source, file), Path.Combine(target, file), overwrite: true);
            }

            using var npm = Start(OperatingSystem.IsWindows() ? "npm.cmd" : "npm", target, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error");
            using var patience = new CancellationTokenSource(s_patience);
            var said = await Task.WhenAll(npm.StandardOutput.ReadToEndAsync(patience.Token), npm.StandardError.ReadToEndAsync(patience.Token));
            await npm.WaitForExitAsync(patience.Token);
            if (npm.ExitCode != 0)
            {
                throw new InvalidOperationException($"Azurite could not be installed (npm ci in {target} ended with {npm.ExitCode}). {HowToInstall}\n{string.Join("\n", said)}");
            }

            await File.WriteAllTextAsync(installed, "");
        }

        return target;
    }

    private static async Task<FileStream> LockAsync(string file)
    {
        var waited = Stopwatch.StartNew();
        while (true)
        {
            try
            {
                return new FileStream(file, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None);
            }
            catch (IOException) when (waited.Elapsed < s_patience)
            {
                await Task.Delay(100);
            }
        }
    }

    private static Process Start(string program, string folder, params string[] arguments)
    {
        try
        {
            return Process.Start(new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true })!;
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            throw new InvalidOperationException($"'{program}' cannot be started ({e.Message}). {HowToInstall}", e);
        }
    }

    private static string SourceFolder()
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                return Path.Combine(folder.FullName, "tests", "Azurite");
            }
        }

        throw new InvalidOperationException("RemoteMonitoring.sln is in none of the folders above the test's own: these tests run from within the repository.");
    }

    [GeneratedRegex("listens on (http://[0-9.:]+)")]
    private static partial Regex Listens();
}
