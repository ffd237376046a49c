using System.Text;
using RemoteMonitoring.Ingestion.Sources;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

public sealed class KafkaRecordTests
{
    private const long Timestamp = 1_738_309_260_000_000;

    [Theory]
    [InlineData("63756666", "cuff")]
    [InlineData("a10463756666", "cuff")]
    [InlineData("b10000000463756666", "cuff")]
    [InlineData("a30463756666", "cuff")]
    [InlineData("830000019452d0b2a0", "2025-01-11T00:43:16.512Z")]
    [InlineData("81fffffffffffffff9", "-7")]
    [InlineData("55f9", "-7")]
    [InlineData("5307", "7")]
    [InlineData("44", "0")]
    [InlineData("41", "true")]
    [InlineData("42", "false")]
    [InlineData("40", "")]
    [InlineData("", "")]
    [InlineData("a1", "\ufffd")] // no such text is that short: plain bytes
    public void Header_values_are_read_in_both_encodings(string hex, string text) => Assert.Equal(text, KafkaRecord.Decode(Convert.FromHexString(hex)));

    [Fact]
    public void Device_and_time_are_those_of_the_authenticated_connection()
    {
        var record = Read(
            ("iothub-connection-device-id", "cuff-1"), ("iothub-enqueuedtime", "2025-01-31T07:41:00.5Z"), ("message-id", "m1"),
            ("iothub-message-source", "Telemetry"), ("iothub-connection-auth-method", "{}"), ("x-opt-sequence-number", "9"), ("model", "x"), ("iothub-creation-time-utc", "2025-01-31T07:40:00Z"));
        Assert.Equal(("cuff-1", "m1", 1_738_309_260_500_000, null), (record.DeviceId, record.MessageId, record.EnqueuedTime, record.Problem));
        Assert.Equal("""{"model":"x","iothub-creation-time-utc":"2025-01-31T07:40:00Z"}""", record.Properties);
        Assert.Equal("{}", Encoding.UTF8.GetString(record.Body.Span));
    }

    [Theory]
    [InlineData("pump1")] // as AMQP: a number
    [InlineData("S1")]
    [InlineData("A")]
    public void A_plain_device_id_is_never_taken_for_anything_else(string device)
    {
        var record = Read(("iothub-connection-device-id", device), ("model", device));
        Assert.Equal((device, $$"""{"model":"{{device}}"}""", null), (record.DeviceId, record.Properties, record.Problem));
    }

    [Fact]
    public void Properties_of_a_record_whose_device_is_in_AMQP_are_read_so_and_what_is_no_time_stays_bytes()
    {
        var record = KafkaRecord.Read(3, Timestamp, [new("iothub-connection-device-id", [0xa1, 1, (byte)'d']), new("n", [0x54, 7]), new("t", Convert.FromHexString("830010000000000000"))], "{}"u8.ToArray());
        Assert.Equal("d", record.DeviceId);
        Assert.Contains("\"n\":\"7\"", record.Properties, StringComparison.Ordinal);
        Assert.Null(record.Problem);
    }

    [Fact]
    public void Two_devices_in_one_record_are_a_problem() =>
        Assert.Contains("two different things", Read(("iothub-connection-device-id", "a"), ("iothub-connection-device-id", "b")).Problem, StringComparison.Ordinal);

    [Fact]
    public void Without_the_hubs_time_the_endpoints_counts() => Assert.Equal(Timestamp, Read(("iothub-connection-device-id", "d")).EnqueuedTime);

    [Fact]
    public void A_record_of_no_device_lands_with_a_problem()
    {
        var record = Read(("iothub-enqueuedtime", "2025-01-31T07:41:00Z"));
        Assert.Contains("iothub-connection-device-id is missing", record.Problem, StringComparison.Ordinal);
        Assert.Equal("", record.DeviceId);
    }

    [Fact]
    public void What_the_hub_itself_says_is_no_telemetry() =>
        Assert.Contains("deviceLifecycleEvents", Read(("iothub-connection-device-id", "d"), ("iothub-message-source", "deviceLifecycleEvents")).Problem, StringComparison.Ordinal);

    private static StreamRecord Read(params (string Name, string Value)[] headers) =>
        KafkaRecord.Read(3, Timestamp, headers.Select(h => KeyValuePair.Create(h.Name, (byte[]?)Encoding.UTF8.GetBytes(h.Value))), "{}"u8.ToArray());
}
