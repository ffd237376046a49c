using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using Xunit.Abstractions;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>The sample payloads of an open-source connector, read where they lie beside the repository.</summary>
public sealed class DeviceMessageFixtureTests(ITestOutputHelper output)
{
    private const string BloodPressure = "8480-6=";

    [Theory]
    [InlineData("IotHubPayloadExample", "8867-4=203@2019-01-30T22:45:02.607374Z")]
    [InlineData("IotHubPayloadExampleMissingCreateTime", "8867-4=203@2019-02-01T22:46:01.875Z")]
    [InlineData("IotHubPayloadMultiValueExample", BloodPressure + "111@2019-01-30T22:45:02.607374Z 8462-4=75@2019-01-30T22:45:02.607374Z 41950-7=30@2019-01-30T22:45:02.607374Z")]
    [InlineData("Documentation_CalculatedFunction_BloodPressure_Payload", BloodPressure + "123@2019-02-01T22:46:01.875Z 8462-4=87@2019-02-01T22:46:01.875Z")]
    [InlineData("Documentation_CalculatedFunction_HeartRate_Payload", "8867-4=78@2019-02-01T22:46:01.875Z")]
    [InlineData("Documentation_CalculatedFunction_MultipleMatches_Payload", BloodPressure + "120@2021-07-13T17:29:01.061144Z 8462-4=80@2021-07-13T17:29:01.061144Z 8480-6=122@2021-07-13T17:28:01.061122Z 8462-4=82@2021-07-13T17:28:01.061122Z")]
    [InlineData("Documentation_CalculatedFunction_MultipleMeasurements_Payload", "8867-4=78@2019-02-01T22:46:01.875Z 41950-7=2@2019-02-01T22:46:01.875Z")]
    [InlineData("Documentation_CalculatedFunction_MultipleMeasurements_FromArray_Payload", "8867-4=78@2019-02-01T20:46:01.875Z 8867-4=81@2019-02-01T21:46:01.875Z 8867-4=72@2019-02-01T22:46:01.875Z")]
    [InlineData("Documentation_CalculatedFunction_TransformData_Payload", "8302-2=198.12@2019-02-01T22:46:01.875Z 8302-2=193.04@2019-02-01T23:46:01.875Z")]
    public void A_payload_becomes_the_readings_that_its_source_documents(string name, string expected)
    {
        if (Find(output) is not { } folder)
        {
            return;
        }

        using var file = JsonDocument.Parse(File.ReadAllBytes(Path.Combine(folder, $"data_{name}.json")).AsMemory() is var bytes && bytes.Span.StartsWith(Encoding.UTF8.Preamble) ? bytes[3..] : bytes);
        var (root, accepted, rejected) = (file.RootElement, new ReadingBatch(), new QuarantineBatch());
        var enqueued = root.GetProperty("SystemProperties").TryGetProperty("iothub-enqueuedtime", out var time)
            && Iso8601.TryParse(Encoding.UTF8.GetBytes(time.GetString()!), out var micros) ? micros : ReceivedMessage.UnknownTime;
        var message = new ReceivedMessage
        {
            DeviceId = "d1",
            Properties = root.GetProperty("Properties").GetRawText(),
            EnqueuedTime = enqueued,
            KnownFrom = 0,
            Offset = 0,
            Body = Encoding.UTF8.GetBytes(root.GetProperty("Body").GetRawText()),
        };
        new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled).Extract(in message, accepted, rejected);
        Assert.Empty(rejected.Hint);
        Assert.Equal(expected, string.Join(' ', Enumerable.Range(0, accepted.Count).Select(i => FormattableString.Invariant(
            $"{VitalSignCatalog.Default.Vitals[accepted.Vital[i]].Code}={Math.Round(accepted.Value[i], 6)}@{UnixMicros.Format(accepted.EffectiveTime[i])}"))));
    }

    [Fact]
    public void An_export_of_several_devices_keeps_what_is_a_vital_and_rejects_what_is_none()
    {
        if (Find(output) is not { } folder)
        {
            return;
        }

        using var file = JsonDocument.Parse(File.ReadAllText(Path.Combine(folder, "data_IotCentralPayloadExampleMultipleMessages.json")));
        var (accepted, rejected) = (new ReadingBatch(), new QuarantineBatch());
        var message = new ReceivedMessage
        {
            DeviceId = "d1",
            EnqueuedTime = ReceivedMessage.UnknownTime,
            KnownFrom = 0,
            Offset = 0,
            Body = Encoding.UTF8.GetBytes(file.RootElement.GetProperty("Body").GetRawText()),
        };
        new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled).Extract(in message, accepted, rejected);
        Assert.Equal([75.0, 15, 36.9, 62, 30, 69, 15, 36.9, 43, 34], accepted.Value.Select(v => Math.Round(v, 1)));
        Assert.Equal([RejectionReason.MissingField], rejected.Reason);
        Assert.All(accepted.DeviceId, d => Assert.Equal("d1", d));
    }

    private static string? Find(ITestOutputHelper output)
    {
        for (var folder = new DirectoryInfo(AppContext.BaseDirectory); folder is not null; folder = folder.Parent)
        {
            if (File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
            {
                var data = Path.Combine(folder.Parent?.FullName ?? "", "shared", "data", "device-messages");
                if (Directory.Exists(data))
                {
                    return data;
                }

                break;
            }
        }

        const string Missing = "real data absent: put the sample payloads into ../shared/data/device-messages beside the checkout to run this check";
        Assert.False(Environment.GetEnvironmentVariable("CI") == "true", Missing);
        output.WriteLine(Missing);
        return null;
    }
}
