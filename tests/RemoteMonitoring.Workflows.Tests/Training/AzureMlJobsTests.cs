using Azure.Core;
using Azure.Identity;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Tests.Training;

public sealed class AzureMlJobsTests : IDisposable
{
    private static readonly AzureMlCommand s_command = new(
        "a model", "train ${{inputs.snapshot}}", new Dictionary<string, string> { ["snapshot"] = "ward/a.parquet" }, new Dictionary<string, string> { ["model"] = "ward/work/b" });

    private readonly AzureMlStub _stub = new();

    public void Dispose() => _stub.Dispose();

    [Fact]
    public async Task A_job_is_submitted_whole_and_followed_through_its_states()
    {
        var jobs = _stub.Client();
        Assert.Equal(new AzureMlJob(AzureMlState.UnderWay, "NotStarted"), await jobs.SubmitAsync("one", s_command, default));
        var seen = new List<AzureMlJob>();
        for (var i = 0; i < 6; i++)
        {
            seen.Add(await jobs.FindAsync("one", default));
        }

        Assert.Equal(_stub.States, seen.Select(j => j.Status));
        Assert.Equal([.. Enumerable.Repeat(AzureMlState.UnderWay, 5), AzureMlState.Completed], seen.Select(j => j.State));
        var workspace = "/subscriptions/11111111-2222-3333-4444-555555555555/resourceGroups/ward/providers/Microsoft.MachineLearningServices/workspaces/learning";
        var properties = _stub.BodyOf("one")["properties"]!;
        Assert.Equal("Command", (string?)properties["jobType"]);
        Assert.Equal("train ${{inputs.snapshot}}", (string?)properties["command"]);
        Assert.Equal($"{workspace}/environments/rmon/versions/3", (string?)properties["environmentId"]);
        Assert.Equal($"{workspace}/computes/cpu", (string?)properties["computeId"]);
        Assert.Equal("azureml://datastores/home/paths/ward/a.parquet", (string?)properties["inputs"]!["snapshot"]!["uri"]);
        Assert.Equal("uri_file", (string?)properties["inputs"]!["snapshot"]!["jobInputType"]);
        Assert.Equal("azureml://datastores/home/paths/ward/work/b", (string?)properties["outputs"]!["model"]!["uri"]);
        Assert.Equal("uri_folder", (string?)properties["outputs"]!["model"]!["jobOutputType"]);
        Assert.Equal("PT4H", (string?)properties["limits"]!["timeout"]);
    }

    [Fact]
    public async Task Who_comes_again_finds_the_job_and_submits_no_other()
    {
        await _stub.Client().SubmitAsync("one", s_command, default);
        Assert.Equal("NotStarted", (await _stub.Client().SubmitAsync("one", s_command with { DisplayName = "another" }, default)).Status);
        Assert.Single(_stub.Asked, a => a.StartsWith("PUT", StringComparison.Ordinal));
        Assert.Equal("a model", (string?)_stub.BodyOf("one")["properties"]!["displayName"]);
    }

    [Fact]
    public async Task Throttled_it_waits_as_it_is_told_to_and_asks_again()
    {
        await _stub.Client().SubmitAsync("one", s_command, default);
        _stub.Faults.Enqueue((429, "", 1));
        _stub.Faults.Enqueue((503, "", null));
        var began = TimeProvider.System.GetTimestamp();
        Assert.Equal("NotStarted", (await _stub.Client().FindAsync("one", default)).Status);
        Assert.True(TimeProvider.System.GetElapsedTime(began) >= TimeSpan.FromSeconds(1), "It did not wait.");
        Assert.Empty(_stub.Faults);
    }

    [Theory]
    [InlineData(401, "AzureML Data Scientist", false)]
    [InlineData(403, "AzureML Data Scientist", false)]
    [InlineData(400, "not enough quota", false)]
    [InlineData(503, "tried several times", true)]
    public async Task What_is_refused_is_said_in_one_line_with_whether_trying_again_helps(int status, string said, bool isTransient)
    {
        for (var i = 0; i < 8; i++)
        {
            _stub.Faults.Enqueue((status, """{"error":{"code":"X","message":"not enough quota\nand a trace"}}""", null));
        }

        var fault = await Assert.ThrowsAsync<LakeException>(() => _stub.Client().SubmitAsync("one", s_command, default));
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
        Assert.Contains("learning", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Equal(isTransient, fault.IsTransient);
    }

    [Fact]
    public async Task A_workspace_that_is_not_there_is_no_job_that_is_not_there()
    {
        _stub.Faults.Enqueue((404, """{"error":{"code":"ResourceNotFound","message":"The Resource 'Microsoft.MachineLearningServices/workspaces/learning' under resource group 'ward' was not found."}}""", null));
        var fault = await Assert.ThrowsAsync<LakeException>(() => _stub.Client().SubmitAsync("one", s_command, default));
        Assert.Contains("no such workspace", fault.Message, StringComparison.Ordinal);
        Assert.Empty(_stub.Jobs);
    }

    [Fact]
    public async Task A_job_that_is_gone_is_said_to_be()
    {
        var fault = await Assert.ThrowsAsync<LakeException>(() => _stub.Client().FindAsync("none", default));
        Assert.Equal("Azure ML workspace learning has no job none any more.", fault.Message);
    }

    [Fact]
    public async Task Cancelled_it_is_so_and_cancelling_what_is_over_or_never_was_does_nothing()
    {
        var jobs = _stub.Client();
        await jobs.SubmitAsync("one", s_command, default);
        await jobs.CancelAsync("one", default);
        Assert.Equal(AzureMlState.Cancelled, (await jobs.FindAsync("one", default)).State);
        await jobs.CancelAsync("one", default);
        await jobs.CancelAsync("never", default);
        Assert.Single(_stub.Asked, a => a.StartsWith("POST", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("NotStarted", AzureMlState.UnderWay)]
    [InlineData("Starting", AzureMlState.UnderWay)]
    [InlineData("Provisioning", AzureMlState.UnderWay)]
    [InlineData("CancelRequested", AzureMlState.UnderWay)]
    [InlineData("Paused", AzureMlState.UnderWay)]
    [InlineData("Completed", AzureMlState.Completed)]
    [InlineData("Failed", AzureMlState.Failed)]
    [InlineData("NotResponding", AzureMlState.Failed)]
    [InlineData("Canceled", AzureMlState.Cancelled)]
    public void Each_status_means_a_state(string status, AzureMlState state) => Assert.Equal(state, AzureMlJobs.StateOf(status));

    [Fact]
    public async Task Who_cannot_sign_in_is_told_so_in_one_line()
    {
        var fault = await Assert.ThrowsAsync<LakeException>(() => _stub.Client(new Nobody()).FindAsync("one", default));
        Assert.StartsWith("Azure ML: signing in failed (nobody is signed in", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
        Assert.Empty(_stub.Asked);
    }

    [Fact]
    public void Settings_that_are_missing_are_all_named_in_one_line()
    {
        var fault = Assert.Throws<ArgumentException>(() => AzureMlOptions.Read(key => key == "RMON_AZUREML_WORKSPACE" ? "learning" : null));
        Assert.StartsWith("Training on Azure ML needs RMON_AZUREML_SUBSCRIPTION, RMON_AZUREML_RESOURCE_GROUP, RMON_AZUREML_COMPUTE, RMON_AZUREML_ENVIRONMENT, RMON_AZUREML_DATASTORE in the environment", fault.Message, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', fault.Message);
    }

    [Theory]
    [InlineData("RMON_AZUREML_ENVIRONMENT", "rmon", "NAME:VERSION")]
    [InlineData("RMON_AZUREML_ENDPOINT", "http://management.example", "https")]
    [InlineData("RMON_AZUREML_ENDPOINT", "elsewhere", "https")]
    public void A_setting_that_is_wrong_is_named(string key, string value, string said)
    {
        var fault = Assert.Throws<ArgumentException>(() => AzureMlOptions.Read(k => k == key ? value : k == "RMON_AZUREML_ENDPOINT" ? null : "a:1"));
        Assert.StartsWith(key, fault.Message, StringComparison.Ordinal);
        Assert.Contains(said, fault.Message, StringComparison.Ordinal);
    }

    private sealed class Nobody : TokenCredential
    {
        public override AccessToken GetToken(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new CredentialUnavailableException("nobody is signed in\nat all");

        public override ValueTask<AccessToken> GetTokenAsync(TokenRequestContext requestContext, CancellationToken cancellationToken) => throw new CredentialUnavailableException("nobody is signed in\nat all");
    }
}
