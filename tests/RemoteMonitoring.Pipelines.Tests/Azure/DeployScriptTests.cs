using System.Diagnostics;
using System.Text.Json.Nodes;
using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary><c>deploy.sh</c> with a stand-in for the Azure CLI, which writes down what it is asked for and keeps secrets as the service would.</summary>
public sealed partial class DeployScriptTests : IDisposable
{
    private const string StandIn = """
        #!/usr/bin/env bash
        echo "az $*" >>"$AZ_ROOM/asked"
        case "$1 $2" in
            "bicep build-params") cat "$AZ_ROOM/parameters.json" ;;
            "account show") echo 00000000-0000-0000-0000-00000000000a ;;
            "deployment sub")
                case "$3" in
                    what-if) echo "what-if said this" ;;
                    show) echo the-vault ;;
                    create) [ ! -e "$AZ_ROOM/refuse" ] || { echo "ERROR: refused" >&2; exit 1; } ;;
                esac ;;
            "rest --method")
                name=$(sed -E 's#.*/secrets/([^?]*)\?.*#\1#' <<<"$5")
                if [ "$3" = get ]; then
                    [ ! -e "$AZ_ROOM/answers" ] || { cat "$AZ_ROOM/answers" >&2; exit 1; }
                    [ -e "$AZ_ROOM/secret-$name" ] || { echo 'ERROR: Not Found({"error":{"code":"SecretNotFound","message":"There is none."}})' >&2; exit 1; }
                else
                    [ "$7" = @- ] || exit 2
                    cat >"$AZ_ROOM/secret-$name"
                fi ;;
        esac
        """;

    private readonly string _room = Directory.CreateTempSubdirectory("rmon-deploy-").FullName;

    public DeployScriptTests()
    {
        File.WriteAllText(Path.Combine(_room, "az"), StandIn);
        if (!OperatingSystem.IsWindows())
        {
            File.SetUnixFileMode(Path.Combine(_room, "az"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        var parameters = new JsonObject { ["parameters"] = new JsonObject { ["environmentName"] = new JsonObject { ["value"] = "rmon-dev" }, ["location"] = new JsonObject { ["value"] = "uksouth" } } };
        File.WriteAllText(Path.Combine(_room, "parameters.json"), new JsonObject { ["parametersJson"] = parameters.ToJsonString() }.ToJsonString());
    }

    public void Dispose() => Directory.Delete(_room, recursive: true);

    [Fact]
    public async Task What_if_comes_before_each_deployment_and_secrets_between_the_two()
    {
        var (exit, said) = await RunAsync(["dev.bicepparam"], yes: true);
        Assert.True(exit == 0, said);
        var steps = Asked.Select(a => Step().Match(a)).Where(m => m.Success).Select(m => m.Value).Aggregate(new List<string>(), (list, step) => [.. list.LastOrDefault() == step ? list : [.. list, step]]);
        Assert.Equal(["sub what-if", "sub create", "rest --method", "sub what-if", "sub create"], steps.Where(s => s != "sub show"));
        Assert.Equal(["programs=false", "programs=true"], Asked.Where(a => a.Contains("sub create", StringComparison.Ordinal)).Select(a => Programs().Match(a).Value));
        Assert.Contains("what-if said this", said, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Keys_are_random_made_once_and_shown_nowhere()
    {
        var (_, first) = await RunAsync(["--prepare", "dev.bicepparam"], yes: true);
        var keys = Secrets();
        string[] random = ["erasure-key", "registry-key", "handle-key", "reference-key", "follow-up-secret"];
        Assert.Equal([.. random, "follow-ups", "oidc-client-secret"], keys.Keys.OrderBy(k => Array.IndexOf(random, k) is var at and >= 0 ? at : 10).ThenBy(k => k, StringComparer.Ordinal));
        Assert.All(random, name => Assert.Matches("^[0-9a-f]{64}$", keys[name]));
        Assert.Equal(random.Length, random.Select(name => keys[name]).Distinct().Count());
        var (_, second) = await RunAsync(["dev.bicepparam"], yes: true);
        Assert.Equal(keys, Secrets());
        Assert.All(random, name => Assert.DoesNotContain(keys[name], first + second + string.Concat(Asked), StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("""ERROR: Service Unavailable({"error":{"code":"ServiceUnavailable","message":"Not found just now."}})""")]
    [InlineData("""ERROR: Forbidden({"error":{"code":"AuthorizationFailed","message":"You may not."}})""")]
    [InlineData("ERROR: Not Found(<html>the page of a proxy</html>)")]
    [InlineData("ERROR: HTTPSConnectionPool: Max retries exceeded")]
    [InlineData("")]
    public async Task No_key_is_made_where_it_is_not_known_whether_there_is_one(string answer)
    {
        await RunAsync(["--prepare", "dev.bicepparam"], yes: true);
        var keys = Secrets();
        await File.WriteAllTextAsync(Path.Combine(_room, "answers"), answer);
        var asked = Asked.Length;
        var (exit, said) = await RunAsync(["dev.bicepparam"], yes: true);
        Assert.Equal(3, exit);
        Assert.Contains("deploy.sh: secret erasure-key: ", said, StringComparison.Ordinal);
        Assert.Equal(keys, Secrets());
        Assert.DoesNotContain(Asked[asked..], a => a.Contains("--method put", StringComparison.Ordinal) || a.Contains("programs=true", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("erasure-key")]
    [InlineData("registry-key")]
    [InlineData("handle-key")]
    public async Task A_key_that_is_made_once_is_not_replaced(string name)
    {
        var (exit, said) = await RunAsync(["--secret", name, "dev.bicepparam"], input: new string('a', 64));
        Assert.Equal(2, exit);
        Assert.Contains($"{name} is made once", said, StringComparison.Ordinal);
        Assert.Empty(Asked);
    }

    [Theory]
    [InlineData("")]
    [InlineData(" \n")]
    public async Task Nothing_is_no_secret(string input)
    {
        var (exit, said) = await RunAsync(["--secret", "oidc-client-secret", "dev.bicepparam"], input: input);
        Assert.Equal(2, exit);
        Assert.Contains("nothing was written", said, StringComparison.Ordinal);
        Assert.Empty(Secrets());
    }

    [Fact]
    public void No_secret_is_written_into_a_file() => Assert.DoesNotContain("mktemp", Repository.Read("pipelines/azure/deploy.sh"), StringComparison.Ordinal);

    [Fact]
    public async Task A_secret_that_somebody_brings_comes_on_standard_input()
    {
        var (exit, said) = await RunAsync(["--secret", "oidc-client-secret", "dev.bicepparam"], input: "brought \"with\" quotes\n");
        Assert.True(exit == 0, said);
        Assert.Equal("brought \"with\" quotes", Secrets()["oidc-client-secret"]);
        Assert.DoesNotContain("brought", said + string.Concat(Asked), StringComparison.Ordinal);
    }

    [Fact]
    public async Task Who_does_not_say_yes_deploys_nothing()
    {
        var (exit, _) = await RunAsync(["dev.bicepparam"], input: "no\n");
        Assert.Equal(4, exit);
        Assert.DoesNotContain(Asked, a => a.Contains("sub create", StringComparison.Ordinal));
        Assert.Empty(Secrets());
    }

    [Fact]
    public async Task What_if_alone_changes_nothing()
    {
        var (exit, said) = await RunAsync(["--what-if", "dev.bicepparam"]);
        Assert.True(exit == 0, said);
        Assert.DoesNotContain(Asked, a => a.Contains("create", StringComparison.Ordinal) || a.Contains("put", StringComparison.Ordinal));
    }

    [Fact]
    public async Task After_a_deployment_that_failed_no_secret_is_made()
    {
        File.WriteAllText(Path.Combine(_room, "refuse"), "");
        var (exit, _) = await RunAsync(["dev.bicepparam"], yes: true);
        Assert.NotEqual(0, exit);
        Assert.Empty(Secrets());
    }

    [Theory]
    [InlineData]
    [InlineData("not-there.bicepparam")]
    [InlineData("--secret", "oidc-client-secret")]
    [InlineData("dev.bicepparam", "prod.bicepparam")]
    public async Task A_wrong_command_line_says_how_it_is_used(params string[] arguments)
    {
        var (exit, said) = await RunAsync(arguments);
        Assert.Equal(2, exit);
        Assert.Contains("deploy.sh FILE.bicepparam", said, StringComparison.Ordinal);
        Assert.Empty(Asked);
    }

    private string[] Asked => File.Exists(Path.Combine(_room, "asked")) ? File.ReadAllLines(Path.Combine(_room, "asked")) : [];

    private Dictionary<string, string> Secrets() => Directory.GetFiles(_room, "secret-*")
        .ToDictionary(path => Path.GetFileName(path)["secret-".Length..], path => JsonNode.Parse(File.ReadAllText(path))!["properties"]!["value"]!.GetValue<string>());

    private async Task<(int Exit, string Said)> RunAsync(string[] arguments, bool yes = false, string input = "")
    {
        var start = new ProcessStartInfo("bash", [Repository.PathOf("pipelines/azure/deploy.sh"), .. arguments])
        {
            WorkingDirectory = Repository.PathOf("pipelines/azure"),
            RedirectStandardOutput = true,
            RedirectStandardError = true,
            RedirectStandardInput = true,
        };
        start.Environment["PATH"] = _room + Path.PathSeparator + start.Environment["PATH"];
        start.Environment["AZ_ROOM"] = _room;
        start.Environment["YES"] = yes ? "1" : "";
        using var process = Process.Start(start)!;
        var (made, said) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
        try
        {
            await process.StandardInput.WriteAsync(input);
            process.StandardInput.Close();
        }
        catch (IOException)
        {
            // A script that refuses before it reads may be gone already, and its end of the pipe with it. What it said is judged below.
        }
        await process.WaitForExitAsync();
        return (process.ExitCode, await made + await said);
    }

    [GeneratedRegex("(?<=^az (?:deployment )?)(?:sub (?:what-if|create|show)|rest --method)")]
    private static partial Regex Step();

    [GeneratedRegex(@"programs=\w+")]
    private static partial Regex Programs();
}
