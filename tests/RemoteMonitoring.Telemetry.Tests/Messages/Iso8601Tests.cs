using System.Text;
using CsCheck;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Telemetry.Tests.Messages;

public sealed class Iso8601Tests
{
    private static readonly Gen<Instant> s_instants =
        Gen.Long[Instant.FromUtc(1, 1, 2, 0, 0).ToUnixTimeTicks() / 10, Instant.FromUtc(9999, 12, 30, 0, 0).ToUnixTimeTicks() / 10]
            .Select(UnixMicros.ToInstant);

    private static long? Parse(string text) => Iso8601.TryParse(Encoding.UTF8.GetBytes(text), out var micros) ? micros : null;

    [Theory]
    [InlineData("1970-01-01T00:00:00Z", 0)]
    [InlineData("1970-01-01T00:00:00", 0)]
    [InlineData("1970-01-01 00:00:00", 0)]
    [InlineData("1970-01-01t00:00:00z", 0)]
    [InlineData("1970-01-01T00:00", 0)]
    [InlineData("1970-01-01T00:00Z", 0)]
    [InlineData("1970-01-01T00:00:01.5Z", 1_500_000)]
    [InlineData("1970-01-01T00:00:01,5Z", 1_500_000)]
    [InlineData("1970-01-01T00:00:00.123456Z", 123_456)]
    [InlineData("1970-01-01T00:00:00.1234569Z", 123_456)]
    [InlineData("1970-01-01T00:00:00.000000999999Z", 0)]
    [InlineData("1970-01-01T01:00:00+01:00", 0)]
    [InlineData("1970-01-01T01:00:00+0100", 0)]
    [InlineData("1969-12-31T18:15:00-05:45", 0)]
    [InlineData("1970-01-01T14:00:00+14:00", 0)]
    [InlineData("1969-12-31T23:59:59.999999Z", -1)]
    [InlineData("2000-02-29T00:00:00Z", 951_782_400_000_000)]
    [InlineData("2024-02-29T23:59:59Z", 1_709_251_199_000_000)]
    [InlineData("0001-01-01T00:00:00Z", -62_135_596_800_000_000)]
    [InlineData("9999-12-31T23:59:59.999999Z", 253_402_300_799_999_999)]
    public void Reads_what_devices_send(string text, long micros) => Assert.Equal(micros, Parse(text));

    [Theory]
    [InlineData("")]
    [InlineData("now")]
    [InlineData("2024-01-01")]
    [InlineData("2024-01-01T")]
    [InlineData("2024-01-01T10")]
    [InlineData("2024-01-01T10:3")]
    [InlineData("2024-01-01T10:30:")]
    [InlineData("2024-01-01T10:30:0")]
    [InlineData("2024-01-01T10:30:00.")]
    [InlineData("2024-01-01T10:30:00.Z")]
    [InlineData("2024-01-01T10:30:00ZZ")]
    [InlineData("2024-01-01T10:30:00 Z")]
    [InlineData(" 2024-01-01T10:30:00Z")]
    [InlineData("2024-1-1T10:30:00Z")]
    [InlineData("24-01-01T10:30:00Z")]
    [InlineData("20240101T103000Z")]
    [InlineData("01/02/2024 10:30:00")]
    [InlineData("2024-00-01T10:30:00Z")]
    [InlineData("2024-13-01T10:30:00Z")]
    [InlineData("2024-01-00T10:30:00Z")]
    [InlineData("2024-04-31T10:30:00Z")]
    [InlineData("2023-02-29T10:30:00Z")]
    [InlineData("1900-02-29T10:30:00Z")]
    [InlineData("0000-01-01T10:30:00Z")]
    [InlineData("2024-01-01T24:00:00Z")]
    [InlineData("2024-01-01T10:60:00Z")]
    [InlineData("2024-01-01T10:30:60Z")]
    [InlineData("2024-01-01T10:30:00+")]
    [InlineData("2024-01-01T10:30:00+1")]
    [InlineData("2024-01-01T10:30:00+01")]
    [InlineData("2024-01-01T10:30:00+01:0")]
    [InlineData("2024-01-01T10:30:00+01:60")]
    [InlineData("2024-01-01T10:30:00+15:00")]
    [InlineData("2024-01-01T10:30:00+14:01")]
    [InlineData("2024-01-01T10:30:00Europe/London")]
    [InlineData("1706778000")]
    [InlineData("9999-12-31T23:59:59-00:01")] // beyond the last instant there is
    [InlineData("0001-01-01T00:00:00+00:01")] // before the first
    public void Refuses_what_is_no_such_instant(string text) => Assert.Null(Parse(text));

    [Fact]
    public void Agrees_with_NodaTime_in_UTC() =>
        s_instants.Sample(instant => Parse(InstantPattern.ExtendedIso.Format(instant)) == instant.ToUnixMicros());

    [Fact]
    public void Agrees_with_NodaTime_at_any_offset() =>
        Gen.Select(s_instants, Gen.Int[-14 * 60, 14 * 60]).Sample((instant, minutes) =>
            Parse(OffsetDateTimePattern.Rfc3339.Format(instant.WithOffset(Offset.FromSeconds(minutes * 60)))) == instant.ToUnixMicros());

    [Fact]
    public void Reads_back_what_is_written() =>
        s_instants.Sample(instant => Parse(UnixMicros.Format(instant.ToUnixMicros())) == instant.ToUnixMicros());

    [Fact]
    public void Whatever_it_reads_is_an_instant_and_whatever_it_does_not_read_throws_nothing()
    {
        var pieces = Gen.OneOf(Gen.OneOf("2024", "9999", "0001", "-", ":", "T", "Z", "+", "14", "12", "31", "00", "59", "."), Gen.String[0, 2]);
        pieces.Array[0, 16].Sample(texts =>
        {
            if (Parse(string.Concat(texts)) is { } micros)
            {
                UnixMicros.Format(micros);
            }
        });
    }

    [Fact]
    public void Micros_are_rounded_towards_the_past()
    {
        Assert.Equal(-1, Instant.FromUnixTimeTicks(-1).ToUnixMicros());
        Assert.Equal(-1, Instant.FromUnixTimeTicks(-10).ToUnixMicros());
        Assert.Equal(0, Instant.FromUnixTimeTicks(9).ToUnixMicros());
        Assert.Equal("1969-12-31T23:59:59.999999Z", UnixMicros.Format(-1));
        Assert.Equal("1970-01-01T00:00:00Z", UnixMicros.Format(0));
    }
}
