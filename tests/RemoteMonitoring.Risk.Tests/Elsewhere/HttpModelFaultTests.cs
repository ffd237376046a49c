using System.Diagnostics;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

/// <summary>A model behind an endpoint that, over a socket, does what the operator's table says: each fault once, and then for good.</summary>
public sealed class HttpModelFaultTests : IDisposable
{
    private const string Private = "patient-4711 sig=c2VjcmV0";

    private readonly LoopbackModel _server = new((_, _) => (200, "[0.1,0.2]"));

    public static TheoryData<string, string> Rows => FaultTable.Of("model endpoint");

    public void Dispose() => _server.Dispose();

    [Theory]
    [MemberData(nameof(Rows))]
    public async Task An_endpoint_that_does_not_do_as_it_should(string fault, string outcome)
    {
        foreach (var stays in (bool[])[false, true])
        {
            await using var proxy = new FaultyProxy(_server.Endpoint.Url, r => r.Number == 0 || stays ? FaultTable.Meet(fault, Private) : Fault.None);
            var took = Stopwatch.StartNew();
            if (outcome == FaultTable.Again && !stays)
            {
                Assert.Equal(0.2, Of(proxy, fault).Score(ElsewhereCase.Table(2)).P[1], 1e-9);
                Assert.InRange(proxy.Requests, 2, fault == "slow" ? 3 : 2); // a busy machine may take longer than its short patience
            }
            else
            {
                var e = Assert.Throws<ElsewhereException>(() => Of(proxy, fault).Score(ElsewhereCase.Table(2)));
                Assert.StartsWith("the model at 127.0.0.1 ", e.Message, StringComparison.Ordinal);
                Assert.All(Private.Split(' ').Append("\n"), secret => Assert.DoesNotContain(secret, e.Message, StringComparison.Ordinal));
                Assert.Equal((outcome == FaultTable.Again, outcome == FaultTable.Again ? 3 : 1), (e.MayPass, proxy.Requests));
            }

            Assert.InRange(took.Elapsed, TimeSpan.Zero, TimeSpan.FromMinutes(1));
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task It_is_left_alone_as_long_as_it_asks_for_in_seconds_or_until_an_instant(bool instant)
    {
        var took = Stopwatch.StartNew();
        var now = TimeProvider.System.GetUtcNow();
        var wait = instant ? now.AddSeconds(2).ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "2";
        await using var proxy = new FaultyProxy(_server.Endpoint.Url, r => r.Number == 0 ? Fault.Answer(429, "", $"Retry-After: {wait}", $"Date: {now:R}") : Fault.None);
        Of(proxy, "429").Score(ElsewhereCase.Table(2));
        Assert.InRange(took.Elapsed, TimeSpan.FromSeconds(1.9), TimeSpan.FromMinutes(1));
    }

    private static RiskModel Of(FaultyProxy proxy, string fault) =>
        ElsewhereCase.Model(ModelKind.Http, null, ElsewhereCase.Mapping(), new HttpEndpoint { Url = new Uri(proxy.Address, "score"), Timeout = FaultTable.Patience(fault) });
}
