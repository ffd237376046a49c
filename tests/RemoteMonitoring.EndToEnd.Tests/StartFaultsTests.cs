using CsCheck;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>Long-lived programs say all that is wrong with what they were given, a line each, before they do anything.</summary>
public sealed class StartFaultsTests : IDisposable
{
    private static readonly string[] s_settings =
    [
        "RMON_BLOBS", "RMON_COSMOS", "RMON_ERASURE_KEY", "RMON_REGISTRY_KEY", "RMON_HANDLE_KEY", "RMON_REFERENCE_KEY", "RMON_EVENTHUBS", "RMON_FOLLOW_UPS", "RMON_FOLLOW_UP_SECRET",
        "RMON_OIDC_AUTHORITY", "RMON_OIDC_CLIENT_ID", "RMON_OIDC_CLIENT_SECRET", "RMON_OIDC_NAME_CLAIM", "RMON_WORKLIST_ADDRESS", "RMON_WORKLIST_CERTIFICATE_PASSWORD",
        "RMON_AZUREML_SUBSCRIPTION", "RMON_AZUREML_ENVIRONMENT", "RMON_AZUREML_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT", "APPLICATIONINSIGHTS_CONNECTION_STRING",
    ];

    /// <summary>What people and scripts leave in settings by mistake; none of them is asked for over the network.</summary>
    private static readonly string[] s_values =
    [
        "x", " ", "\n", ",", "null", "{}", "[", "{\"schemaVersion\":1}", "https://", "https://a", "https://a/b/c?d=e#f", "http://[::1", "https://v.vault.azure.net/", "https://v.vault.azure.net/keys/k",
        "https://v.vault.azure.net/secrets/", "//vault.azure.net/secrets/a", "AccountName=", "AccountName=a;AccountKey=topsecret", "AccountEndpoint=;AccountKey=topsecret", "UseDevelopmentStorage=", "BlobEndpoint=https://a;x",
        "InstrumentationKey=topsecret", "Endpoint=sb://a;SharedAccessKey=topsecret", "räum 101", "\u202e\ud83d\ude00", new string('9', 5000), new string('a', 64), "-1", "1e999", "NaN", "%00", "../..", "'; DROP TABLE x; --",
    ];

    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task Serve_says_every_fault_and_makes_nothing()
    {
        await File.WriteAllTextAsync(Path.Combine(_rmon.Home, "schedules.json"), """{ "schemaVersion": 1, "schedules": [ { "name": "a", "cohort": "ward", "workflow": "nothing", "cron": "every day" } ] }""");
        var errors = await StopsAsync(
            2,
            ["serve", "--cohort", "../ward", "--lease", "0", "--activities", "1000", "--host", "a b", "--worklist-key", "key.pem", "--worklist-port", "70000"],
            ("RMON_BLOBS", "nowhere"), ("RMON_OIDC_AUTHORITY", "http://login.example/"), ("RMON_OIDC_NAME_CLAIM", "name"), ("RMON_WORKLIST_ADDRESS", "http://pages.example/"));
        foreach (var says in new[]
        {
            "--cohort '../ward'", "--lease", "--activities", "--host 'a b'", "--worklist-key", "--worklist-port", "An Azure home needs --cosmos or RMON_COSMOS too",
            "RMON_OIDC_AUTHORITY", "RMON_OIDC_NAME_CLAIM", "RMON_OIDC_CLIENT_ID", "RMON_OIDC_CLIENT_SECRET", "RMON_WORKLIST_ADDRESS", "schedules.json",
        })
        {
            Assert.Contains(errors, l => l.Contains(says, StringComparison.Ordinal));
        }

        Assert.Equal(["schedules.json"], Directory.EnumerateFileSystemEntries(_rmon.Home).Select(Path.GetFileName));
    }

    [Fact]
    public async Task A_worker_says_every_fault_and_makes_nothing()
    {
        var errors = await StopsAsync(
            2,
            ["worker", "--cohort", "ward", "--kafka", "nowhere", "--listen", "ward", "--batch-age", "0", "--host", "räum"],
            ("RMON_REFERENCE_KEY", "0123456789abcdef,short"), ("RMON_EVENTHUBS", "topsecret"), ("RMON_BLOBS", "https://account.blob.core.windows.net/"), ("RMON_COSMOS", "AccountEndpoint=nowhere;AccountKey=topsecret"),
            ("RMON_ERASURE_KEY", "topsecret"), ("RMON_HANDLE_KEY", "https://v.vault.azure.net/keys/handle"));
        foreach (var says in new[]
        {
            "--kafka 'nowhere'", "--kafka needs --topic", "--listen 'ward'", "--batch-age", "--host 'räum'", "RMON_REFERENCE_KEY has a key that is too short", "RMON_EVENTHUBS is no connection string", "RMON_BLOBS", "RMON_COSMOS",
            "RMON_ERASURE_KEY", "RMON_HANDLE_KEY",
        })
        {
            Assert.Single(errors, l => l.Contains(says, StringComparison.Ordinal));
        }

        Assert.Empty(Directory.EnumerateFileSystemEntries(_rmon.Home));
        Assert.Contains("--topic is of an Event Hub", Assert.Single(await StopsAsync(2, ["worker", "--cohort", "ward", "--topic", "telemetry"])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_gateway_says_every_fault_and_makes_nothing()
    {
        var errors = await StopsAsync(2, ["gateway", "--cohort", "a/b", "--host", "https://ward"], ("RMON_COSMOS", "https://account.documents.azure.com/"));
        Assert.Equal(3, errors.Length);
        Assert.Contains(errors, l => l.Contains("--cohort 'a/b'", StringComparison.Ordinal));
        Assert.Contains(errors, l => l.Contains("--host 'https://ward'", StringComparison.Ordinal));
        Assert.Contains(errors, l => l.Contains("--blobs or RMON_BLOBS", StringComparison.Ordinal));
        Assert.Empty(Directory.EnumerateFileSystemEntries(_rmon.Home));
    }

    [Fact]
    public async Task What_is_wrong_with_files_alone_is_bad_input()
    {
        await File.WriteAllTextAsync(Path.Combine(_rmon.Home, "schedules.json"), "{");
        Assert.Contains("schedules.json", Assert.Single(await StopsAsync(3, ["serve", "--cohort", "ward"])), StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_is_wrong_with_the_command_line_hides_nothing_that_is_wrong_with_the_rest()
    {
        await File.WriteAllTextAsync(Path.Combine(_rmon.Home, "schedules.json"), "{");
        var errors = await StopsAsync(
            2, ["serve", "--lease", "soon", "--worklist-port", "http", "--activities", "1000", "--nonsense", "--cohort", "a/b"],
            ("RMON_BLOBS", "nowhere"), ("RMON_OIDC_AUTHORITY", "http://login.example/"), ("OTEL_EXPORTER_OTLP_ENDPOINT", "nowhere"));
        foreach (var says in new[] { "--lease takes a number, not 'soon'", "--worklist-port takes a whole number, not 'http'", "'--nonsense'", "--activities takes", "--cohort 'a/b'", "RMON_COSMOS too", "RMON_OIDC_AUTHORITY", "schedules.json", "OTEL_EXPORTER_OTLP_ENDPOINT" })
        {
            Assert.Single(errors, l => l.Contains(says, StringComparison.Ordinal));
        }

        Assert.Equal("Try 'rmon serve --help'.", errors[^1]);
        errors = await StopsAsync(2, ["worker", "--batch-age", "long", "--listen", "ward", "--cohort"], ("RMON_REFERENCE_KEY", "topsecret"));
        Assert.Contains(errors, l => l.Contains("--listen 'ward'", StringComparison.Ordinal));
        Assert.Contains(errors, l => l.Contains("RMON_REFERENCE_KEY is too short", StringComparison.Ordinal));
        errors = await StopsAsync(2, ["gateway", "--partitions", "0", "--host", "a b", "--cohort", "ward"], ("RMON_COSMOS", "https://account.documents.azure.com/"));
        Assert.Equal(4, errors.Length);
        Assert.Contains(errors, l => l.Contains("--partitions", StringComparison.Ordinal));
        Assert.Contains(errors, l => l.Contains("--host 'a b'", StringComparison.Ordinal));
        Assert.Contains(errors, l => l.Contains("RMON_BLOBS", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("serve")]
    [InlineData("worker")]
    [InlineData("gateway")]
    public async Task No_value_of_a_setting_ends_in_a_stack_trace(string command)
    {
        for (var run = 0; run < 4; run++)
        {
            // Each setting has another value in each run; an unknown cohort keeps the program from going on where nothing is wrong with any.
            var settings = s_settings.Select((name, i) => (name, s_values[((i * 7) + (run * 9)) % s_values.Length])).ToArray();
            var errors = await StopsAsync(2, [command, "--cohort", "../a"], settings);
            Assert.True(errors.Length > (command == "serve" ? 3 : 1), string.Join('\n', errors));
        }
    }

    [Theory]
    [InlineData("serve", "--lease")]
    [InlineData("serve", "--activities")]
    [InlineData("serve", "--host")]
    [InlineData("serve", "--worklist-host")]
    [InlineData("serve", "--worklist-port")]
    [InlineData("serve", "--worklist-certificate")]
    [InlineData("serve", "--worklist-key")]
    [InlineData("worker", "--kafka")]
    [InlineData("worker", "--topic")]
    [InlineData("worker", "--hub")]
    [InlineData("worker", "--listen")]
    [InlineData("worker", "--batch-age")]
    [InlineData("worker", "--health-port")]
    [InlineData("gateway", "--host")]
    [InlineData("gateway", "--partitions")]
    [InlineData("gateway", "--blobs")]
    [InlineData("gateway", "--cosmos")]
    public async Task No_value_of_an_option_ends_in_a_stack_trace(string command, string option)
    {
        foreach (var value in s_values)
        {
            var result = await _rmon.RunAsync(command, "--cohort", "../a", option, value);
            Assert.True(result.ExitCode is 2 or 3, $"{option} '{value}': {result.ExitCode}\n{result.Errors}");
            // What is typed may be shown to who typed it.
            Sound([.. result.ErrorLines.Select(l => l.Replace("topsecret", "…", StringComparison.Ordinal))]);
        }
    }

    [Fact]
    public void Nothing_that_stands_in_the_settings_of_a_host_throws()
    {
        static Gen<string> OneOf(string[] texts) => Gen.Int[0, texts.Length - 1].Select(i => texts[i]);
        var value = Gen.OneOf(OneOf(s_values), Gen.String, Gen.String.Select(s => $"https://v.vault.azure.net/{s}"), Gen.String.Select(s => $"AccountEndpoint={s};AccountKey={s}"), Gen.String.Select(s => $"https://{s}/c"));
        Gen.Dictionary(OneOf(s_settings), value)[0, s_settings.Length].Sample(settings =>
        {
            Assert.All(Workflows.HostSettings.FaultsOf(name => settings.GetValueOrDefault(name)), line => Assert.DoesNotContain("topsecret", line, StringComparison.Ordinal));
            _ = Worklist.Access.OrganisationOptions.Of(new(name => settings.GetValueOrDefault(name), TimeProvider.System))?.Faults.Count;
        }, iter: 2_000);
    }

    private async Task<string[]> StopsAsync(int exitCode, string[] arguments, params (string Name, string Value)[] settings)
    {
        using var process = RmonProcess.Run(
            ["dotnet", Path.Combine(AppContext.BaseDirectory, "rmon.dll"), .. arguments, "--home", _rmon.Home], settings.Select(s => KeyValuePair.Create(s.Name, s.Value)));
        var code = await process.ExitAsync();
        string[] errors = [.. process.Errors];
        Assert.True(code == exitCode, $"{code}\n{string.Join('\n', errors)}");
        Sound(errors);
        return errors;
    }

    private static void Sound(string[] errors) => Assert.All(errors, line =>
    {
        Assert.DoesNotContain("   at ", line, StringComparison.Ordinal);
        Assert.DoesNotContain("a fault of the program", line, StringComparison.Ordinal);
        Assert.DoesNotContain("topsecret", line, StringComparison.Ordinal);
    });
}
