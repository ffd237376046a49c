using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Devops;

/// <summary>The scripts, and with a stand-in for Azure and Docker what they ask of them.</summary>
public sealed partial class ScriptTests : IDisposable
{
    private const string Old = "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
    private const string Running = "bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb";
    private const string NeverPassed = "cccccccccccccccccccccccccccccccccccccccc";

    // What deploy.sh deploys is what runs from then on.
    private const string StandIn = """
        #!/usr/bin/env bash
        echo "$(basename "$0") $*" >>"$ROOM/asked"
        case "$(basename "$0") $1 $2 $3" in
            "az bicep build-params "*) echo '{"parameters":{"environmentName":{"value":"rmon-dev"},"location":{"value":"uksouth"}}}' ;;
            "az deployment sub show") case "$*" in *vaultName*) echo the-vault ;; esac ;;
            "az acr list "*) echo images.azurecr.io ;;
            "az functionapp list "*) echo the-functions ;;
            "az deployment sub create") [ -z "$SERVICE_WORKER_IMAGE_NAME" ] || echo "$SERVICE_WORKER_IMAGE_NAME" >"$ROOM/running" ;;
            "az acr repository show") case "$*" in *cccc*) exit 3 ;; esac ;;
            "az acr repository show-tags") cat "$ROOM/tags" ;;
            "az containerapp show "*) case "$*" in *.image*) cat "$ROOM/running" ;; *fqdn*) echo pages.example.org ;; *) echo worker--1 ;; esac ;;
            "az containerapp revision show") if [ -e "$ROOM/ill" ]; then echo Unhealthy; else echo Healthy; fi ;;
            "az functionapp show "*) echo Running ;;
            "az functionapp function list") echo the-functions/daily-risk ;;
            "docker run "*) [ ! -e "$ROOM/scanned" ] || { cat "$ROOM/scanned" >&2; exit "$(cat "$ROOM/found")"; } ;;
            "docker create "*) echo a-container ;;
            "docker cp "*) : >"$3" ;;
        esac
        """;

    private readonly string _room = Directory.CreateTempSubdirectory("rmon-devops-").FullName;

    public ScriptTests()
    {
        foreach (var program in (string[])["az", "docker", "curl"])
        {
            File.WriteAllText(Path.Combine(_room, program), StandIn);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(Path.Combine(_room, program), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        File.WriteAllText(Path.Combine(_room, "running"), $"images.azurecr.io/rmon:{Running}\n");
        File.WriteAllText(Path.Combine(_room, "tags"), $"{NeverPassed}\ngood-{Running}\n{Running}\ngood-{Old}\n{Old}\n");
    }

    public void Dispose() => Directory.Delete(_room, recursive: true);

    [Fact]
    public async Task Shellcheck_finds_nothing_in_any_script()
    {
        var (exit, said) = await Shell.RunAsync("Scripts are held to shellcheck: apt-get install shellcheck.", Repository.Root, "shellcheck",
            [.. PipelineFiles.Named("*.sh").Select(f => $"{PipelineFiles.Folder}/{f}"), "pipelines/azure/deploy.sh"]);
        Assert.True(exit == 0, said);
    }

    [Theory]
    [MemberData(nameof(PipelineFiles.Scripts), MemberType = typeof(PipelineFiles))]
    public async Task A_script_can_be_run_says_how_it_is_used_and_stops_at_the_first_fault(string file)
    {
        var path = Repository.PathOf($"{PipelineFiles.Folder}/{file}");
        Assert.True(OperatingSystem.IsWindows() || File.GetUnixFileMode(path).HasFlag(UnixFileMode.UserExecute));
        Assert.Equal(0, (await Shell.RunAsync("bash is needed", _room, "bash", ["-n", path])).Exit);
        Assert.Contains("\nset -euo pipefail\n", PipelineFiles.Text(file), StringComparison.Ordinal);
        Assert.Contains($"#   {(file.EndsWith("home.sh", StringComparison.Ordinal) ? ". " : "")}{Path.GetFileName(file)} ", PipelineFiles.Text(file), StringComparison.Ordinal);
        var (exit, said) = await RunAsync(Path.GetFileName(file));
        Assert.Equal(2, exit);
        Assert.Contains(file.EndsWith("home.sh", StringComparison.Ordinal) ? "parameter file" : Path.GetFileName(file), said, StringComparison.Ordinal);
        Assert.Empty(Asked);
    }

    [Fact]
    public async Task Going_back_takes_the_last_tag_that_passed_and_does_not_run_and_tests_it_again()
    {
        var (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam");
        Assert.True(exit == 0, said);
        Assert.Equal($"images.azurecr.io/rmon:{Old}", (await File.ReadAllTextAsync(Path.Combine(_room, "running"))).Trim());
        Assert.Contains(Asked, a => a.StartsWith("az acr import", StringComparison.Ordinal) && a.Contains($"rmon:good-{Old} ", StringComparison.Ordinal));
        Assert.Contains(Asked, a => a.StartsWith("az functionapp deployment source config-zip", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData(NeverPassed, 3)]
    [InlineData("latest", 2)]
    public async Task A_tag_that_never_passed_cannot_be_gone_back_to(string tag, int expected)
    {
        var (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam", tag);
        Assert.True(exit == expected, said);
        Assert.DoesNotContain(Asked, a => a.Contains("sub create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Where_nothing_else_ever_passed_there_is_nothing_to_go_back_to()
    {
        await File.WriteAllTextAsync(Path.Combine(_room, "tags"), $"good-{Running}\n{Running}\n{NeverPassed}\n");
        Assert.Equal(3, (await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam")).Exit);
        Assert.DoesNotContain(Asked, a => a.Contains("sub create", StringComparison.Ordinal));
    }

    [Fact]
    public async Task What_comes_up_ill_gets_no_mark()
    {
        await File.WriteAllTextAsync(Path.Combine(_room, "ill"), "");
        var (exit, said) = await RunAsync("smoke.sh", "pipelines/azure/dev.bicepparam", Running);
        Assert.Equal(1, exit);
        Assert.Contains("the worker runs", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Asked, a => a.Contains("import", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_tag_than_the_one_that_runs_gets_no_mark()
    {
        Assert.Equal(1, (await RunAsync("smoke.sh", "pipelines/azure/dev.bicepparam", Old)).Exit);
        Assert.DoesNotContain(Asked, a => a.Contains("import", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_but_the_smoke_test_gives_the_mark() => Assert.Equal(
        ["scripts/smoke.sh"], PipelineFiles.Named("*.sh").Concat(PipelineFiles.Named("*.yml")).Where(f => Mark().IsMatch(PipelineFiles.Text(f))));

    [Fact]
    public async Task A_tag_that_the_registry_has_not_is_not_deployed()
    {
        var (exit, said) = await RunAsync("release.sh", "pipelines/azure/dev.bicepparam", NeverPassed);
        Assert.True(exit == 3, said);
        Assert.DoesNotContain(Asked, a => a.Contains("sub create", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("INF 412 commits scanned.\nINF no leaks found", 0, 0)]
    [InlineData("INF 412 commits scanned.\nWRN leaks found: 1", 1, 1)]
    [InlineData("ERR [git] fatal: detected dubious ownership in repository at '/repository'\nINF 0 commits scanned.\nINF no leaks found", 0, 3)]
    [InlineData("", 0, 3)]
    public async Task Secrets_were_looked_for_only_where_commits_were_read(string says, int ends, int expected)
    {
        await File.WriteAllTextAsync(Path.Combine(_room, "scanned"), says);
        await File.WriteAllTextAsync(Path.Combine(_room, "found"), $"{ends}");
        var (exit, said) = await RunAsync("scan.sh", "secrets");
        Assert.True(exit == expected, said);
        Assert.Contains("GIT_CONFIG_VALUE_0=/repository", Assert.Single(Asked), StringComparison.Ordinal);
        Assert.Equal(expected == 3, said.Contains("no commit was scanned", StringComparison.Ordinal));
    }

    private string[] Asked => File.Exists(Path.Combine(_room, "asked")) ? File.ReadAllLines(Path.Combine(_room, "asked")) : [];

    private Task<(int Exit, string Said)> RunAsync(string script, params string[] arguments) => Shell.RunAsync("bash is needed", Repository.Root, "bash",
        [Repository.PathOf($"{PipelineFiles.Folder}/scripts/{script}"), .. arguments],
        ("PATH", _room + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH")), ("ROOM", _room), ("PATIENCE", "0"), ("BETWEEN", "0"), ("SERVICE_WORKER_IMAGE_NAME", ""));

    [GeneratedRegex(@"--image\s+""?rmon:good-")]
    private static partial Regex Mark();
}
