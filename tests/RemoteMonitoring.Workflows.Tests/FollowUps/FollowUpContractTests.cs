using System.Text;
using NJsonSchema;
using NodaTime;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Tests.Engine;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>
/// What webhooks are sent is what <c>pipelines/logicapps/follow-up.schema.json</c> says, and stays as the samples in <c>tests/golden/follow-ups</c> show it.
/// Asked for (<see cref="RecordedHistories.Recording"/>), the samples are written.
/// </summary>
public sealed class FollowUpContractTests
{
    private static readonly Instant s_now = Instant.FromUtc(2026, 11, 23, 9, 30);

    private static readonly string s_repository = Path.GetFullPath(Path.Combine(RecordedHistories.Folder, "..", "..", ".."));

    public static TheoryData<string> Samples => ["listed", "urgent", "escalation-for-a-record"];

    [Theory]
    [MemberData(nameof(Samples))]
    public async Task A_payload_is_as_its_sample_and_as_the_schema_says(string sample)
    {
        var sent = await SentAsync(sample);
        var file = Path.Combine(s_repository, "tests", "golden", "follow-ups", $"{sample}.json");
        if (Environment.GetEnvironmentVariable(RecordedHistories.Recording) == "1")
        {
            await File.WriteAllTextAsync(file, sent + "\n");
        }

        Assert.Equal((await File.ReadAllTextAsync(file)).TrimEnd(), sent);
        Assert.Empty((await SchemaAsync()).Validate(sent));
    }

    [Theory]
    [InlineData("\"schemaVersion\":1", "\"schemaVersion\":2")]
    [InlineData("\"kind\":\"listed\"", "\"kind\":\"other\"")]
    [InlineData("\"attempt\":1", "\"attempt\":0")]
    [InlineData("\"title\":", "\"heading\":")]
    [InlineData("\"handle\":\"", "\"handle\":\"patient on the list ")]
    [InlineData("\"reasons\":[", "\"reasons\":[1,")]
    public async Task What_is_not_as_the_schema_says_does_not_pass_it(string written, string instead)
    {
        var sent = await SentAsync("listed");
        Assert.Contains(written, sent, StringComparison.Ordinal);
        Assert.NotEmpty((await SchemaAsync()).Validate(sent.Replace(written, instead, StringComparison.Ordinal)));
    }

    [Fact]
    public async Task A_token_is_good_for_one_follow_up_one_user_and_its_time()
    {
        await using var home = await HomeAsync("");
        var token = new AcknowledgementToken(home.Home.Store);
        var of = new Acknowledgement(home.ListedInput.Key, "anna", "north", "AAAAAAAAAAAAAAAAAAAAAA", s_now + Duration.FromHours(8));
        var good = token.Of(of);
        Assert.True(token.Verifies(good, of, s_now));
        Assert.False(token.Verifies(good, of with { FollowUp = home.UrgentInput.Key }, s_now));
        Assert.False(token.Verifies(good, of with { User = "ben" }, s_now));
        Assert.False(token.Verifies(good, of with { CareTeamId = "south" }, s_now));
        Assert.False(token.Verifies(good, of with { Patient = "BAAAAAAAAAAAAAAAAAAAAA" }, s_now));
        Assert.False(token.Verifies(good, of with { Expires = of.Expires + Duration.FromHours(1) }, s_now));
        Assert.False(token.Verifies(good, of, of.Expires));
        Assert.False(token.Verifies(good.ToUpperInvariant(), of, s_now));
        Assert.False(token.Verifies("", of, s_now));
        // What stands in one part cannot be taken for the next.
        Assert.NotEqual(token.Of(of with { User = "anna&team=north", CareTeamId = "x" }), token.Of(of with { User = "anna", CareTeamId = "north&team=x" }));
    }

    private static async Task<JsonSchema> SchemaAsync() => await JsonSchema.FromFileAsync(Path.Combine(s_repository, "pipelines", "logicapps", "follow-up.schema.json"));

    private static async Task<string> SentAsync(string sample)
    {
        await using var home = await HomeAsync(sample == "escalation-for-a-record" ? "\"escalateTo\": { \"user\": \"anna\" }, \"includePatientId\": true, \"cover\": [ { \"for\": \"anna\", \"by\": \"ben\", \"from\": \"2026-11-23\", \"to\": \"2026-11-23\" } ]" : "");
        var purpose = sample == "escalation-for-a-record" ? DeliveryPurpose.Escalation : DeliveryPurpose.First;
        IReadOnlyList<Delivery> before = purpose == DeliveryPurpose.Escalation ? [new Delivery(DeliveryPurpose.First, 1, DeliveryStatus.Refused, s_now, "status 404")] : [];
        var asked = new DeliveryAsked(sample == "urgent" ? home.UrgentInput : home.ListedInput, new FollowUpState(s_now, before), purpose);
        var delivery = System.Text.Json.JsonSerializer.Deserialize(
            await home.Registry.RunAsync(FollowUpSteps.Deliver.Name, System.Text.Json.JsonSerializer.Serialize(asked, FollowUpSteps.Deliver.Input), default), FollowUpSteps.Deliver.Output)!;
        Assert.Equal((DeliveryStatus.Taken, 1), (delivery.Status, delivery.Attempts));
        return Encoding.UTF8.GetString(Assert.Single(home.Requests).Body);
    }

    private static async Task<FollowUpHome> HomeAsync(string settings)
    {
        var home = new FollowUpHome(new ClockByHand(s_now));
        await File.WriteAllTextAsync(home.Home.Store.HandleKeyFile, new string('0', 64));
        await home.MakeAsync(settings, "\"quietHours\": \"18:00-08:00\"");
        return home;
    }
}
