using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Devops;

/// <summary>The scripts, and with a stand-in for Azure and Docker what they ask of them.</summary>
public sealed partial class ScriptTests : IClassFixture<CommittedPipelines>, IDisposable
{
    private const string NeverPassed = "cccccccccccccccccccccccccccccccccccccccc";
    private const string Failed = "dddddddddddddddddddddddddddddddddddddddd";

    // What deploy.sh deploys is what runs from then on; what was uploaded is the package that answers, but where it is stuck.
    private const string StandIn = """
        #!/usr/bin/env bash
        echo "$(basename "$0") $*" >>"$ROOM/asked"
        case "$(basename "$0") $1 $2 $3" in
            "az bicep build-params "*) echo '{"parameters":{"environmentName":{"value":"rmon-dev"},"location":{"value":"uksouth"}}}' ;;
            "az account show "*) echo 00000000-0000-0000-0000-00000000000a ;;
            "az deployment sub show") case "$*" in *vaultName*) echo the-vault ;; *images.value.worker*) cat "$ROOM/begun" ;; esac ;;
            "az acr list "*) echo images.azurecr.io ;;
            "az functionapp list "*) echo the-functions ;;
            "az deployment sub create") cp "$9" "$ROOM/template"; echo "$SERVICE_WORKER_IMAGE_NAME" >"$ROOM/running"; echo "$TRAINING_IMAGE_NAME $TRAINING_IMAGE_VERSION" >"$ROOM/training" ;;
            "az acr repository show") case "$*" in *cccc*) exit 3 ;; *lastUpdateTime*) cat "$ROOM/passed" ;; esac ;;
            "az acr repository show-tags") cat "$ROOM/tags" ;;
            "az containerapp show "*) case "$*" in *.image*) cat "$ROOM/running" ;; *fqdn*) echo pages.example.org ;; *) echo worker--1 ;; esac ;;
            "az containerapp revision show") if [ -e "$ROOM/ill" ]; then echo Unhealthy; else echo Healthy; fi ;;
            "az functionapp show "*) case "$*" in *defaultHostName*) echo functions.example.org ;; *) echo Running ;; esac ;;
            "az functionapp function list") echo the-functions/daily-risk ;;
            "az functionapp keys list") echo the-key ;;
            "az functionapp deployment source") [ -e "$ROOM/stuck" ] || cp "$ROOM/created" "$ROOM/package" ;;
            "docker run "*) [ ! -e "$ROOM/scanned" ] || { cat "$ROOM/scanned" >&2; exit "$(cat "$ROOM/found")"; } ;;
            "docker create "*) echo "${2##*:}" >"$ROOM/created"; echo a-container ;;
            "docker cp "*) : >"$3" ;;
            "docker import "*) cat >/dev/null ;;
            "curl "*) case "$*" in *functions.example.org/api/version*) cat >"$ROOM/header"; cat "$ROOM/package" ;; esac ;;
        esac
        """;

    private readonly string _room = Directory.CreateTempSubdirectory("rmon-devops-").FullName;
    private readonly CommittedPipelines _commits;

    public ScriptTests(CommittedPipelines commits)
    {
        _commits = commits;
        foreach (var program in (string[])["az", "docker", "curl"])
        {
            File.WriteAllText(Path.Combine(_room, program), StandIn);
            if (!OperatingSystem.IsWindows())
            {
                File.SetUnixFileMode(Path.Combine(_room, program), UnixFileMode.UserRead | UnixFileMode.UserExecute);
            }
        }

        Write("running", $"images.azurecr.io/rmon:{_commits.New}\n");
        Write("begun", $"images.azurecr.io/rmon:{_commits.New}\t2026-03-02T10:00:00.1234567+00:00\n");
        Write("package", _commits.New);
        Write("tags", $"{_commits.New}\n{_commits.Old}\n");
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
    public async Task Going_back_takes_the_last_tag_that_passed_and_does_not_run_as_its_own_commit_has_it_and_tests_it_again()
    {
        var (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam");
        Assert.True(exit == 0, said);
        Assert.Equal($"images.azurecr.io/rmon:{_commits.Old}", Read("running"));
        Assert.Equal($"images.azurecr.io/rmon-train:{_commits.Old} {_commits.Old}", Read("training"));
        Assert.StartsWith(CommittedPipelines.OldMark, Read("template"), StringComparison.Ordinal);
        Assert.Contains($"docker push images.azurecr.io/rmon-good:{_commits.Old}", Asked);
        Assert.Contains(Asked, a => a.StartsWith("az functionapp deployment source config-zip", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_release_that_failed_the_last_that_passed_is_deployed_again_even_where_it_still_runs()
    {
        Write("begun", $"images.azurecr.io/rmon:{Failed}\t2026-03-02T11:00:00+00:00\n");
        var (exit, said) = await RunAsync("rollback.sh", "--after", Failed, "pipelines/azure/dev.bicepparam");
        Assert.True(exit == 0, said);
        Assert.Equal($"images.azurecr.io/rmon:{_commits.New}", Read("running"));
        Assert.DoesNotContain(CommittedPipelines.OldMark, Read("template"), StringComparison.Ordinal);
        Assert.Contains($"docker push images.azurecr.io/rmon-good:{_commits.New}", Asked);
    }

    [Fact]
    public async Task What_failed_before_anything_was_deployed_takes_nothing_back()
    {
        var (exit, said) = await RunAsync("rollback.sh", "--after", Failed, "pipelines/azure/dev.bicepparam");
        Assert.True(exit == 0, said);
        Assert.Contains("what runs stays", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Asked, IsDeployment);
    }

    [Theory]
    [InlineData("2026-03-02T10:05:00.1234567Z", false)]
    [InlineData("2026-03-01T10:05:00.1234567Z", true)]
    public async Task A_tag_that_is_released_again_is_taken_back_only_where_it_was_deployed_since_it_passed(string passed, bool isTakenBack)
    {
        Write("passed", passed);
        var (exit, said) = await RunAsync("rollback.sh", "--after", _commits.New, "pipelines/azure/dev.bicepparam");
        Assert.True(exit == 0, said);
        Assert.Equal(isTakenBack, Asked.Any(IsDeployment));
    }

    [Theory]
    [InlineData(NeverPassed, 3)]
    [InlineData("latest", 2)]
    public async Task A_tag_that_never_passed_cannot_be_gone_back_to(string tag, int expected)
    {
        var (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam", tag);
        Assert.True(exit == expected, said);
        Assert.DoesNotContain(Asked, IsDeployment);
    }

    [Fact]
    public async Task Where_nothing_else_ever_passed_there_is_nothing_to_go_back_to()
    {
        Write("tags", $"{_commits.New}\n");
        Assert.Equal(3, (await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam")).Exit);
        Write("tags", "");
        Assert.Equal(3, (await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam")).Exit);
        Assert.DoesNotContain(Asked, IsDeployment);
    }

    [Fact]
    public async Task A_commit_that_the_checkout_lacks_and_a_file_that_is_in_none_are_said_in_a_line()
    {
        Write("tags", $"{Failed}\n");
        var (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/dev.bicepparam");
        Assert.Equal(3, exit);
        Assert.Contains($"this checkout has no commit {Failed}", said, StringComparison.Ordinal);
        Write("mine.bicepparam", "param environmentName = 'rmon-dev'\n");
        File.Copy(Path.Combine(_room, "mine.bicepparam"), _commits.PathOf("pipelines/azure/mine.bicepparam"), overwrite: true);
        (exit, said) = await RunAsync("rollback.sh", "pipelines/azure/mine.bicepparam");
        Assert.Equal(2, exit);
        Assert.Contains("is in no commit", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Asked, IsDeployment);
    }

    [Fact]
    public async Task What_comes_up_ill_gets_no_mark()
    {
        Write("ill", "");
        var (exit, said) = await RunAsync("smoke.sh", "pipelines/azure/dev.bicepparam", _commits.New);
        Assert.Equal(1, exit);
        Assert.Contains("the worker runs", said, StringComparison.Ordinal);
        Assert.DoesNotContain(Asked, a => a.Contains("rmon-good", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Another_tag_than_the_one_that_runs_gets_no_mark()
    {
        Assert.Equal(1, (await RunAsync("smoke.sh", "pipelines/azure/dev.bicepparam", _commits.Old)).Exit);
        Assert.DoesNotContain(Asked, a => a.Contains("rmon-good", StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_package_that_was_taken_and_not_put_in_place_gets_no_mark()
    {
        Write("stuck", "");
        var (exit, said) = await RunAsync("release.sh", "pipelines/azure/dev.bicepparam", _commits.Old);
        Assert.True(exit == 0, said);
        (exit, said) = await RunAsync("smoke.sh", "pipelines/azure/dev.bicepparam", _commits.Old);
        Assert.Equal(1, exit);
        Assert.Contains($"the Functions app runs {_commits.Old}", said, StringComparison.Ordinal);
        Assert.Equal("x-functions-key: the-key", Read("header"));
        Assert.DoesNotContain("the-key", said + string.Concat(Asked), StringComparison.Ordinal);
        Assert.DoesNotContain(Asked, a => a.Contains("rmon-good", StringComparison.Ordinal));
    }

    [Fact]
    public void Nothing_but_the_smoke_test_gives_the_mark() => Assert.Equal(
        ["scripts/smoke.sh"], PipelineFiles.Named("*.sh").Concat(PipelineFiles.Named("*.yml")).Where(f => Mark().IsMatch(PipelineFiles.Text(f))));

    // A registry whose network is closed to the service's own callers cannot.
    [Fact]
    public void Nothing_has_the_registry_import() =>
        Assert.DoesNotContain(PipelineFiles.Named("*.sh").Concat(PipelineFiles.Named("*.yml")), f => PipelineFiles.Text(f).Contains("acr import", StringComparison.Ordinal));

    [Fact]
    public async Task All_that_a_tag_stands_for_is_pushed()
    {
        Write("tag", NeverPassed);
        var (exit, said) = await RunAsync("push.sh", "pipelines/azure/dev.bicepparam", _room);
        Assert.True(exit == 0, said);
        Assert.Equal(
            ((string[])["rmon", "rmon-train", "rmon-functions"]).Select(r => $"docker push images.azurecr.io/{r}:{NeverPassed}"),
            Asked.Where(a => a.StartsWith("docker push", StringComparison.Ordinal)));
        Assert.All((string[])["rmon", "train", "functions"], name => Assert.Contains($"\"$folder/{name}.tar\"", PipelineFiles.Text("scripts/package.sh"), StringComparison.Ordinal));
    }

    [Fact]
    public async Task A_tag_that_the_registry_has_not_is_not_deployed()
    {
        var (exit, said) = await RunAsync("release.sh", "pipelines/azure/dev.bicepparam", NeverPassed);
        Assert.True(exit == 3, said);
        Assert.DoesNotContain(Asked, IsDeployment);
    }

    [Theory]
    [InlineData("INF 412 commits scanned.\nINF no leaks found", 0, 0)]
    [InlineData("INF 412 commits scanned.\nWRN leaks found: 1", 1, 1)]
    [InlineData("ERR [git] fatal: detected dubious ownership in repository at '/repository'\nINF 0 commits scanned.\nINF no leaks found", 0, 3)]
    [InlineData("", 0, 3)]
    public async Task Secrets_were_looked_for_only_where_commits_were_read(string says, int ends, int expected)
    {
        Write("scanned", says);
        Write("found", $"{ends}");
        var (exit, said) = await RunAsync("scan.sh", "secrets");
        Assert.True(exit == expected, said);
        Assert.Contains("GIT_CONFIG_VALUE_0=/repository", Assert.Single(Asked), StringComparison.Ordinal);
        Assert.Equal(expected == 3, said.Contains("no commit was scanned", StringComparison.Ordinal));
    }

    private string[] Asked => File.Exists(Path.Combine(_room, "asked")) ? File.ReadAllLines(Path.Combine(_room, "asked")) : [];

    private static bool IsDeployment(string asked) => asked.Contains("sub create", StringComparison.Ordinal);

    private void Write(string file, string text) => File.WriteAllText(Path.Combine(_room, file), text);

    private string Read(string file) => File.ReadAllText(Path.Combine(_room, file)).Trim();

    private Task<(int Exit, string Said)> RunAsync(string script, params string[] arguments) => Shell.RunAsync("bash is needed", _commits.Root, "bash",
        [_commits.PathOf($"{PipelineFiles.Folder}/scripts/{script}"), .. arguments],
        ("PATH", _room + Path.PathSeparator + Environment.GetEnvironmentVariable("PATH")), ("ROOM", _room), ("PATIENCE", "0"), ("BETWEEN", "0"), ("SERVICE_WORKER_IMAGE_NAME", ""));

    [GeneratedRegex(@"docker push [^\n]*/rmon-good:")]
    private static partial Regex Mark();
}
