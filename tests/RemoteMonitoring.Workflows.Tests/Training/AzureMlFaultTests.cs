using System.Diagnostics;
using Azure.Core.Pipeline;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Training.AzureMl;

namespace RemoteMonitoring.Workflows.Tests.Training;

/// <summary>A job submitted through the real pipeline, over a socket that does what the operator's table says: each fault once, and then for good.</summary>
public sealed class AzureMlFaultTests : IDisposable
{
    private const string Private = "patient-4711 sig=c2VjcmV0";

    private static readonly AzureMlCommand s_command = new("a model", "train", new Dictionary<string, string>(), new Dictionary<string, string>());

    private readonly AzureMlStub _stub = new() { LetsIn = token => token.StartsWith("token-", StringComparison.Ordinal) };
    private readonly CountingCredential _credential = new();

    public static TheoryData<string, string> Rows => FaultTable.Of("Azure ML");

    public void Dispose() => _stub.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task Azure_ML_that_does_not_do_as_it_should(string fault, string outcome)
    {
        foreach (var stays in (bool[])[false, true])
        {
            var id = stays ? "stays" : "once";
            var meets = FaultTable.Meet(fault, Private);
            var puts = 0;
            await using var proxy = new FaultyProxy(_stub.Address, r =>
            {
                // What is an answer is about a job of somebody else's, who was faster: it is not seen yet, or stands in the way.
                if (outcome == FaultTable.AnAnswer && r.Number == 0)
                {
                    _stub.Client(_credential).SubmitAsync(id, s_command with { DisplayName = "theirs" }, default).GetAwaiter().GetResult();
                    return FaultTable.Meet("404", Private);
                }

                return r.Method == "PUT" && (Interlocked.Increment(ref puts) == 1 || stays) && fault != "404" ? meets : Fault.None;
            });
            var took = Stopwatch.StartNew();
            var submit = Through(proxy, fault).SubmitAsync(id, s_command, default);
            if (outcome is FaultTable.Told || (stays && outcome is FaultTable.Again or FaultTable.SignsInAnew))
            {
                var e = await Assert.ThrowsAsync<LakeException>(() => submit);
                Assert.StartsWith("Azure ML workspace learning", e.Message, StringComparison.Ordinal);
                Assert.Contains(fault is "401" or "403" or "401 with a challenge" ? "AzureML Data Scientist" : fault == "429" ? "run again later" : "", e.Message, StringComparison.Ordinal);
                Assert.All(Private.Split(' ').Append("\n").Append("token-"), secret => Assert.DoesNotContain(secret, e.Message, StringComparison.Ordinal));
                Assert.Equal(outcome == FaultTable.Again, e.IsTransient);
                Assert.Equal(outcome switch { FaultTable.Told => 1, FaultTable.SignsInAnew => 2, _ => 4 }, puts);
            }
            else
            {
                Assert.Equal(AzureMlState.UnderWay, (await submit).State);
                Assert.Equal(outcome == FaultTable.AnAnswer ? "theirs" : "a model", (string?)_stub.BodyOf(id)["properties"]!["displayName"]);
                Assert.Equal(outcome == FaultTable.SignsInAnew, _credential.Asked.Count > 1 && _credential.Asked[^1].Claims is not null);
            }

            Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
            // Whatever was said, who comes again finds the job or submits it, and there is one.
            Assert.Equal(AzureMlState.UnderWay, (await _stub.Client(_credential).SubmitAsync(id, s_command, default)).State);
            Assert.Equal(id, Assert.Single(_stub.Jobs, j => j == id));
        }
    }

    [Fact]
    public async Task A_conflict_without_a_job_is_told_with_its_reason_and_may_pass()
    {
        await using var proxy = new FaultyProxy(_stub.Address, r => r.Method == "PUT" ? Fault.Answer(409, """{"error":{"code":"Conflict","message":"The workspace is being updated."}}""") : Fault.None);
        var e = await Assert.ThrowsAsync<LakeException>(() => Through(proxy, "429").SubmitAsync("one", s_command, default));
        Assert.Equal(("Azure ML workspace learning: could not submit job one (409: The workspace is being updated.)", true), (e.Message, e.IsTransient));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_waits_as_long_as_it_is_told_to_in_seconds_or_until_an_instant(bool instant)
    {
        var took = Stopwatch.StartNew();
        // Whole seconds: an instant two seconds on is at least one away.
        var now = TimeProvider.System.GetUtcNow();
        var wait = instant ? now.AddSeconds(2).ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "1";
        await using var proxy = new FaultyProxy(_stub.Address, r => r.Number == 0 ? Fault.Answer(429, "", $"Retry-After: {wait}", $"Date: {now:R}") : Fault.None);
        await Through(proxy, "429").SubmitAsync("one", s_command, default);
        Assert.InRange(took.Elapsed, TimeSpan.FromSeconds(0.9), TimeSpan.FromMinutes(1));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Told_to_wait_for_an_hour_it_does_not_and_says_that_it_may_pass(bool instant)
    {
        var now = TimeProvider.System.GetUtcNow();
        var wait = instant ? now.AddHours(1).ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "3600";
        await using var proxy = new FaultyProxy(_stub.Address, _ => Fault.Answer(429, "", $"Retry-After: {wait}", $"Date: {now:R}"));
        var took = Stopwatch.StartNew();
        Assert.True((await Assert.ThrowsAsync<LakeException>(() => Through(proxy, "429").SubmitAsync("one", s_command, default))).IsTransient);
        Assert.Equal(1, proxy.Requests);
        Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
    }

    [Fact]
    public async Task Busy_three_times_and_silent_at_the_last_it_is_one_line_too()
    {
        await using var proxy = new FaultyProxy(_stub.Address, r => r.Number < 3 ? Fault.Answer(503, "", "Retry-After: 0") : Fault.Silence);
        var e = await Assert.ThrowsAsync<LakeException>(() => Through(proxy, "slow").FindAsync("one", default));
        Assert.Equal(("Azure ML workspace learning cannot be reached (no answer in time)", true), (e.Message, e.IsTransient));
    }

    [Fact]
    public async Task Who_is_told_to_stop_waits_no_longer()
    {
        using var stop = new CancellationTokenSource();
        await using var proxy = new FaultyProxy(_stub.Address, _ =>
        {
            stop.Cancel();
            return Fault.Silence;
        });
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => Through(proxy, "503").FindAsync("one", stop.Token));
    }

    private AzureMlJobs Through(FaultyProxy proxy, string fault) =>
        new(AzureMlStub.Options, _credential, new HttpClientTransport(proxy.Handler()), TimeSpan.FromMilliseconds(5), FaultTable.Patience(fault));
}
