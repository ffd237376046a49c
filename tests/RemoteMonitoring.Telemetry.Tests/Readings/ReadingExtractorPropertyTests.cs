using System.Text;
using CsCheck;

namespace RemoteMonitoring.Telemetry.Tests.Readings;

public sealed class ReadingExtractorPropertyTests
{
    private static readonly Gen<string> s_scalar = Gen.OneOf(
        Gen.Double.Select(d => double.IsFinite(d) ? d.ToString("R", System.Globalization.CultureInfo.InvariantCulture) : "null"),
        Gen.OneOf("72", "36.6", "-1", "0", "1e999", "null", "true", "[]", "{}", "\"\"", "\"72\"", "\"NaN\"", "\"8867-4\"", "\"8310-5\"", "\"/min\"", "\"Cel\"",
            "\"2025-01-31T07:40:00Z\"", "\"2025-01-31T07:40:00+01:00\"", "\"9999-12-31T23:59:59-14:00\"", "\"0001-01-01T00:00:00+14:00\"", "\"\\ud800\"", "\"\\u0000\""));

    private static readonly Gen<string> s_reading = Gen.OneOf(
        Gen.Const("""{"code":"8867-4","value":72,"unit":"/min"}"""),
        Gen.Const("""{"code":"8310-5","value":36.6,"unit":"Cel","time":"2025-01-31T07:40:00Z"}"""),
        Gen.Select(Gen.OneOf("code", "value", "unit", "time", "note"), s_scalar, (name, value) => $"\"{name}\":{value}").Array[0, 6]
            .Select(fields => "{" + string.Join(',', fields) + "}"),
        s_scalar);

    private static readonly Gen<byte[]> s_body = Gen.Select(s_reading.Array[0, 5], s_scalar, Gen.Bool, (readings, time, hasTime) =>
        Encoding.UTF8.GetBytes($$"""{{{(hasTime ? $"\"time\":{time}," : "")}}"readings":[{{string.Join(',', readings)}}]}"""));

    private static readonly Gen<byte[]> s_mutatedBody = Gen.Select(
        s_body, Gen.Select(Gen.Int[0, 100_000], Gen.Byte).Array[0, 4], Gen.Double[0, 2], (body, changes, keep) =>
        {
            foreach (var (at, value) in changes)
            {
                body[at % body.Length] = value;
            }

            return body[..(int)(body.Length * Math.Min(1, keep))];
        });

    /// <summary>Holds a property of bodies of the canonical form, good and bad.</summary>
    internal static void Bodies(Func<byte[], bool> property) => s_body.Sample(property, iter: 10_000);

    private static bool EveryReadingEndsInExactlyOneBatch(byte[] body)
    {
        var x = Extraction.Of(body);
        var ordinals = x.Accepted.Ordinal.Concat(x.Rejected.Ordinal).Order();
        return x.Received >= 1
            && x.Received == x.Accepted.Count + x.Rejected.Count
            && ordinals.SequenceEqual(Enumerable.Range(0, x.Received))
            && x.Rejected.Hint.All(h => h.Length > 0)
            && x.Accepted.Value.All(double.IsFinite)
            && new[] { x.Accepted.Vital.Count, x.Accepted.Value.Count, x.Accepted.EffectiveTime.Count, x.Accepted.EnqueuedTime.Count, x.Accepted.KnownFrom.Count, x.Accepted.MessageId.Count, x.Accepted.BodyHash.Count, x.Accepted.Offset.Count, x.Accepted.Mapping.Count }.All(n => n == x.Accepted.Count)
            && new[] { x.Rejected.Reason.Count, x.Rejected.Raw.Count, x.Rejected.Code.Count, x.Rejected.Value.Count, x.Rejected.EnqueuedTime.Count, x.Rejected.KnownFrom.Count, x.Rejected.Offset.Count, x.Rejected.Mapping.Count }.All(n => n == x.Rejected.Count);
    }

    [Fact]
    public void Received_is_accepted_plus_rejected_for_any_bytes() =>
        Gen.Byte.Array[0, 300].Sample(EveryReadingEndsInExactlyOneBatch, iter: 20_000);

    [Fact]
    public void Received_is_accepted_plus_rejected_for_any_readings() =>
        s_body.Sample(EveryReadingEndsInExactlyOneBatch, iter: 20_000);

    [Fact]
    public void Received_is_accepted_plus_rejected_for_bodies_damaged_on_the_way() =>
        s_mutatedBody.Sample(EveryReadingEndsInExactlyOneBatch, iter: 20_000);

    [Fact]
    public void Extraction_is_a_function_of_its_arguments() => s_mutatedBody.Sample(body =>
    {
        var (first, second) = (Extraction.Of(body), Extraction.Of(body));
        return first.Accepted.Value.SequenceEqual(second.Accepted.Value) && first.Accepted.BodyHash.SequenceEqual(second.Accepted.BodyHash)
            && first.Rejected.Hint.SequenceEqual(second.Rejected.Hint);
    }, iter: 1000);
}
