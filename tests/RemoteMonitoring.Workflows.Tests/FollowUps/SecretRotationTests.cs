using System.Net;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Vault;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>Secrets of receivers, and the settings of follow-ups, that are replaced in Key Vault while a host runs.</summary>
public sealed class SecretRotationTests : IDisposable
{
    private static readonly byte[] s_body = "{}"u8.ToArray();

    private readonly FakeVault _vault = new("one");
    private readonly VaultClock _clock = new();
    private readonly Receiver _receiver = new();
    private readonly SecretSettings _secrets;
    private readonly WebhookDelivery _delivery;

    public SecretRotationTests()
    {
        _secrets = new SecretSettings(name => name is "SECRET" or FollowUpFile.Variable ? _vault.Url : null, _clock, new FakeToken(), _vault.Options);
        _delivery = new WebhookDelivery(_secrets, TimeProvider.System, _receiver);
    }

    public void Dispose()
    {
        _delivery.Dispose();
        _receiver.Dispose();
        _vault.Dispose();
    }

    [Fact]
    public async Task A_delivery_is_signed_by_the_new_secret_within_minutes()
    {
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        _vault.Secret = "two";
        _receiver.Secrets = ["one", "two"]; // takes both while they change
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        _clock.Pass(SecretSettings.RefreshAfter);
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        Assert.Equal(["one", "one", "two"], _receiver.SignedBy);
    }

    [Fact]
    public async Task A_receiver_that_takes_the_new_one_alone_gets_the_same_delivery_again_at_once_signed_by_it()
    {
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        (_vault.Secret, _receiver.Secrets) = ("two", ["two"]);
        _clock.Pass(SecretSettings.LeastBetween);
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        Assert.Equal(["one", null, "two"], _receiver.SignedBy);
        Assert.Single(_receiver.Keys.Distinct());
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
        Assert.Equal(4, _receiver.SignedBy.Count);
    }

    [Fact]
    public async Task A_refusal_that_no_other_secret_mends_is_one_and_is_not_repeated()
    {
        _receiver.Secrets = ["another"];
        Assert.Equal(DeliveryStatus.Refused, await SendAsync());
        Assert.Single(_receiver.SignedBy);
    }

    [Fact]
    public async Task A_vault_that_is_away_at_first_makes_a_delivery_wait_and_shows_nothing()
    {
        _vault.Status = HttpStatusCode.ServiceUnavailable;
        var answer = await _delivery.SendAsync(new Webhook(new Uri("https://receiver.example/"), "SECRET"), "k", 1, s_body, default);
        Assert.Equal((DeliveryStatus.Failed, "the secret that SECRET names cannot be had; 'rmon follow-ups check' says why"), (answer.Status, answer.Problem));
        Assert.Empty(_receiver.SignedBy);
        _vault.Status = HttpStatusCode.OK;
        _clock.Pass(SecretSettings.AfterFailure);
        Assert.Equal(DeliveryStatus.Taken, await SendAsync());
    }

    [Fact]
    public async Task The_settings_of_follow_ups_are_those_that_the_vault_has_now()
    {
        _vault.Secret = """{ "schemaVersion": 1, "worklist": "https://one.example/" }""";
        Assert.Equal("https://one.example/", await WorklistAsync());
        _vault.Secret = """{ "schemaVersion": 1, "worklist": "https://two.example/" }""";
        Assert.Equal("https://one.example/", await WorklistAsync());
        _clock.Pass(SecretSettings.RefreshAfter);
        Assert.Equal("https://two.example/", await WorklistAsync());
    }

    private async Task<string> WorklistAsync() => (await FollowUpFile.FindAsync("/nowhere", _secrets, default))!.Settings!.Worklist.AbsoluteUri;

    private async Task<DeliveryStatus> SendAsync() => (await _delivery.SendAsync(new Webhook(new Uri("https://receiver.example/"), "SECRET"), "k", 1, s_body, default)).Status;

    /// <summary>Takes what one of its secrets signed.</summary>
    private sealed class Receiver : HttpMessageHandler
    {
        public string[] Secrets { get; set; } = ["one"];

        /// <summary>Which of its secrets signed each request; null for none.</summary>
        public List<string?> SignedBy { get; } = [];

        public List<string> Keys { get; } = [];

        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
        {
            string Header(string name) => request.Headers.GetValues(name).Single();
            var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
            var by = Array.Find(Secrets, s => WebhookDelivery.Sign(s, Header("X-RMon-Timestamp"), body) == Header("X-RMon-Signature"));
            SignedBy.Add(by);
            Keys.Add(Header("Idempotency-Key"));
            return new HttpResponseMessage(by is null ? HttpStatusCode.Unauthorized : HttpStatusCode.OK);
        }
    }
}
