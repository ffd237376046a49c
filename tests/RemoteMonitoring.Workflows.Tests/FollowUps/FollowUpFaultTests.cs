using System.Collections.Concurrent;
using RemoteMonitoring.FaultyServices;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>Follow-ups whose receiver, over a socket, does what the operator's table says: each fault once, and then for good. Somebody is told in the end.</summary>
public sealed class FollowUpFaultTests
{
    private const string Private = "patient-4711 sig=c2VjcmV0";

    public static TheoryData<string, string> Rows => FaultTable.Of("follow-ups");

    [Theory]
    [MemberData(nameof(Rows))]
    public Task A_receiver_that_does_not_do_as_it_should(string fault, string outcome) => Task.WhenAll(HoldsAsync(fault, outcome, stays: false), HoldsAsync(fault, outcome, stays: true));

    private static async Task HoldsAsync(string fault, string outcome, bool stays)
    {
        var (keys, asked) = (new ConcurrentQueue<string?>(), 0);
        FaultyProxy? proxy = null;
        var home = await new FollowUpHome(
            network: receiver => (proxy = new FaultyProxy(receiver, r =>
            {
                keys.Enqueue(r["Idempotency-Key"]);
                return r.Target == "/one" && (Interlocked.Increment(ref asked) == 1 || stays) ? FaultTable.Meet(fault, Private) : Fault.None;
            })).Handler(),
            patience: FaultTable.Patience(fault)).MakeAsync("""  "escalateTo": { "webhook": "https://hooks.example.org/two", "secret": "SECRET", "user": "lead" } """, times: "\"remindAfter\": \"00:00:01\", \"escalateAfter\": \"00:00:02\", \"giveUpAfter\": \"00:00:05\"");
        await using var _ = home;
        await using var __ = proxy!;
        var end = await home.EndAsync(await home.StartAsync(home.ListedInput));
        var first = end.Deliveries.Single(d => d.Purpose == DeliveryPurpose.First);
        if (outcome == FaultTable.Told)
        {
            Assert.Equal((DeliveryStatus.Refused, 1, $"status {fault[..3]}"), (first.Status, first.Attempts, first.Problem));
        }
        else
        {
            Assert.Equal(FaultTable.Again, outcome);
            Assert.Equal(stays ? DeliveryStatus.Failed : DeliveryStatus.Taken, first.Status);
            Assert.True(stays ? first.Attempts > 1 : first.Attempts == 2, $"{first}");
            Assert.All(Private.Split(' ').Append("hooks"), secret => Assert.DoesNotContain(secret, first.Problem ?? "", StringComparison.Ordinal));
        }

        Assert.Equal([home.ListedInput.Key], keys.Distinct());
        Assert.Equal(DeliveryStatus.Taken, end.Deliveries.Single(d => d.Purpose == DeliveryPurpose.Escalation).Status);
        Assert.Single(home.Requests, r => r.Url.AbsolutePath == "/two" && (string?)r.Document["for"] == "lead");
    }
}
