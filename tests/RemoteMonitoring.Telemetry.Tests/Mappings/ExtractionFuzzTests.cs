using System.Text;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>
/// A million payloads that nobody meant: each ends accepted or rejected with a reason, none is lost or counted twice, none crashes, and
/// none takes more memory than its size allows. The payloads are the same in every run.
/// </summary>
public sealed class ExtractionFuzzTests
{
    private const int Seeds = 40;
    private const int PayloadsOfSeed = 25_250;

    /// <summary>What a payload may allocate: raw copies, hints, what the JSON reader's exceptions take, and growing columns.</summary>
    private const long AllocatedBase = 256 * 1024;
    private const long AllocatedPerByte = 80;

    private static readonly byte[][] s_good = [.. BundledBodies.All.Select(b => Encoding.UTF8.GetBytes(b.Body))];

    private static readonly byte[][] s_words =
    [
        .. new[]
        {
            "1e400", "-1e400", "1e-400", "NaN", "Infinity", "-Infinity", "null", "true", "{}", "[]", "\"\"", "\"NaN\"", "\"1e999\"", "00", "-", "0x10", "1e", "9007199254740993",
            "123456789012345678901234567890", "\"\\ud800\"", "\"\\u0000\"", ",", ":", "{", "}", "[", "]", "\"", "\\", "\"code\":\"8867-4\",", "\"heartrate\":1,", "\"systolic\":120,",
            "\"readings\":[],", "\"telemetry\":{},", "\"value\":72,", "\"time\":\"9999-12-31T23:59:59-14:00\",", "\"endDate\":\"0001-01-01T00:00:00+14:00\",", "\"bt\":1e300,", "\"unit\":-400,",
            "\"measuregrps\":[[]],", "\"resourceType\":\"Observation\",", "[{\"n\":\"hr\",\"v\":1}]", "\uFEFF",
        }.Select(Encoding.UTF8.GetBytes),
        [0xC3, 0x28], [0xFF, 0xFE], [0xED, 0xA0, 0x80], [0x00],
    ];

    [Fact]
    public void A_million_payloads_end_accepted_or_rejected_within_bounded_memory()
    {
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        var (payloads, accepted, rejected) = (0L, 0L, 0L);
        Parallel.For(0, Seeds, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, seed =>
        {
            var random = new Random(seed);
            var (good, bad) = (new ReadingBatch(), new QuarantineBatch());
            var payload = new byte[ReadingExtractor.MaxBodyBytes + 16];
            for (var i = 0; i < PayloadsOfSeed; i++)
            {
                var length = Generate(random, payload, i);
                var before = GC.GetAllocatedBytesForCurrentThread();
                var received = extractor.Extract(Message(payload.AsSpan(0, length), i), good, bad);
                var allocated = GC.GetAllocatedBytesForCurrentThread() - before;
                Assert.True(allocated <= AllocatedBase + (AllocatedPerByte * length), $"seed {seed}, payload {i} of {length} bytes: {allocated} bytes allocated");
                Assert.True(received >= 1 && received == good.Count + bad.Count, $"seed {seed}, payload {i}: received {received}, accepted {good.Count}, rejected {bad.Count}");
                Assert.True(received <= ReadingExtractor.MaxReadings + 1, $"seed {seed}, payload {i}: {received} readings");
                Check(good, bad);
                Interlocked.Add(ref accepted, good.Count);
                Interlocked.Add(ref rejected, bad.Count);
                good.Truncate(0);
                bad.Truncate(0);
            }

            Interlocked.Add(ref payloads, PayloadsOfSeed);
        });
        Assert.True(payloads >= 1_000_000);
        Assert.True(accepted > 100_000 && rejected > 500_000, $"the payloads are one-sided: {accepted} readings accepted, {rejected} rejected");
    }

    [Fact]
    public void The_same_payloads_again_take_no_more_memory()
    {
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        Run(extractor);
        var held = GC.GetTotalMemory(forceFullCollection: true);
        for (var i = 0; i < 5; i++)
        {
            Run(extractor);
        }

        var grown = GC.GetTotalMemory(forceFullCollection: true) - held;
        Assert.True(grown < 16 << 20, $"{grown} bytes more are held after the same payloads"); // other tests run beside this one

        static void Run(ReadingExtractor extractor)
        {
            var random = new Random(99);
            var (good, bad) = (new ReadingBatch(), new QuarantineBatch());
            var payload = new byte[ReadingExtractor.MaxBodyBytes + 16];
            for (var i = 0; i < 5_000; i++)
            {
                extractor.Extract(Message(payload.AsSpan(0, Generate(random, payload, i)), i), good, bad);
                good.Truncate(0);
                bad.Truncate(0);
            }
        }
    }

    [Theory]
    [InlineData("{\"readings\":[", "0,", "0]}")]
    [InlineData("{\"readings\":[", "{},", "{}]}")]
    [InlineData("{\"data\":[", "{\"heartrate\":72},", "{}]}")]
    [InlineData("[", "{\"heartrate\":1},", "{}]")]
    [InlineData("[", "{\"n\":\"hr\",\"v\":1},", "{}]")]
    [InlineData("{\"measuregrps\":[", "{},", "{}]}")]
    [InlineData("{\"measuregrps\":[{\"measures\":[", "0,", "0]}]}")]
    [InlineData("{", "\"heartrate\":1,", "\"x\":1}")]
    [InlineData("{\"heartrate\":1,", "\"x\":1,", "\"x\":1}")]
    [InlineData("{\"heartrate\":1,\"x\":[", "[],", "[]]}")]
    [InlineData("{\"heartrate\":1,\"x\":[", "{\"y\":[{}]},", "{}]}")]
    [InlineData("{\"resourceType\":\"Observation\",\"code\":{\"coding\":[", "{\"system\":\"s\"},", "{}]},\"valueQuantity\":{\"value\":1}}")]
    [InlineData("[{\"bn\":\"LONG\",\"bu\":\"LONG\",\"v\":1},", "{\"v\":1},", "{\"v\":1}]")] // what elements share is long
    [InlineData("[{\"bn\":\"hr\",\"bu\":\"\\u0041LONG\",\"v\":1},", "{\"v\":1},", "{\"v\":1}]")]
    [InlineData("{\"date\":\"\\u0041LONG\",\"data\":[", "{\"heartrate\":72},", "{}]}")]
    public void The_largest_bodies_of_the_worst_shapes_are_read_in_no_time_and_little_memory(string start, string part, string end)
    {
        start = start.Replace("LONG", new string('a', 80_000), StringComparison.Ordinal);
        var text = new StringBuilder(start, ReadingExtractor.MaxBodyBytes);
        while (text.Length + part.Length + end.Length <= ReadingExtractor.MaxBodyBytes)
        {
            text.Append(part);
        }

        var body = Encoding.UTF8.GetBytes(text.Append(end).ToString());
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        var (good, bad) = (new ReadingBatch(), new QuarantineBatch());
        var clock = System.Diagnostics.Stopwatch.StartNew();
        for (var i = 0; i < 5; i++)
        {
            good.Truncate(0);
            bad.Truncate(0);
            var before = GC.GetAllocatedBytesForCurrentThread();
            var received = extractor.Extract(Message(body, i), good, bad);
            Assert.InRange(GC.GetAllocatedBytesForCurrentThread() - before, 0, AllocatedBase + (AllocatedPerByte * body.Length));
            Assert.Equal(good.Count + bad.Count, received);
            Assert.InRange(received, 1, ReadingExtractor.MaxReadings);
        }

        Assert.True(clock.Elapsed < TimeSpan.FromSeconds(5), $"five of them took {clock.Elapsed}"); // tens of milliseconds; quadratic would be minutes
    }

    private static ReceivedMessage Message(ReadOnlySpan<byte> body, int i) => new()
    {
        DeviceId = "d1",
        Properties = i % 7 == 0 ? """{"iothub-creation-time-utc":"2025-01-31T07:40:00Z"}""" : i % 11 == 0 ? "{\"" : null,
        EnqueuedTime = Readings.Extraction.Enqueued.ToUnixMicros(),
        KnownFrom = 0,
        Offset = i,
        Body = body,
    };

    private static void Check(ReadingBatch good, QuarantineBatch bad)
    {
        for (var r = 0; r < good.Count; r++)
        {
            var vital = VitalSignCatalog.Default.Vitals[good.Vital[r]];
            if (!vital.IsPlausible(good.Value[r]) || good.Mapping[r].Length == 0)
            {
                Assert.Fail($"accepted {good.Value[r]} of {vital} by '{good.Mapping[r]}'");
            }
        }

        for (var r = 0; r < bad.Count; r++)
        {
            if (bad.Hint[r].Length == 0 || bad.Hint[r].Length > 600 || bad.Hint[r].Contains('\n', StringComparison.Ordinal) || bad.Mapping[r].Length == 0 || !Enum.IsDefined(bad.Reason[r]))
            {
                Assert.Fail($"rejected with '{bad.Hint[r]}' by '{bad.Mapping[r]}'");
            }
        }
    }

    /// <summary>Writes a payload, returns its length. One in five hundred is large.</summary>
    private static int Generate(Random random, byte[] payload, int i)
    {
        var kind = i % 500 == 499 ? 5 + random.Next(3) : random.Next(100) switch { < 6 => 0, < 10 => 1, < 40 => 2, < 70 => 3, _ => 4 };
        var good = s_good[random.Next(s_good.Length)];
        switch (kind)
        {
            case 0: // random bytes
                var length = random.Next(200);
                random.NextBytes(payload.AsSpan(0, length));
                return length;
            case 1: // cut short
                var kept = random.Next(good.Length);
                good.AsSpan(0, kept).CopyTo(payload);
                return kept;
            case 2: // bytes changed
                good.CopyTo(payload, 0);
                for (var changes = random.Next(4); changes >= 0; changes--)
                {
                    payload[random.Next(good.Length)] = (byte)random.Next(256);
                }

                return good.Length;
            case 3: // a word put in, or written over what was there
                return PutIn(random, payload, good);
            case 4: // a digit changed: valid JSON, other values
                good.CopyTo(payload, 0);
                for (var at = random.Next(good.Length); at < good.Length; at += 1 + random.Next(20))
                {
                    payload[at] = payload[at] is >= (byte)'0' and <= (byte)'9' ? (byte)('0' + random.Next(10)) : payload[at];
                }

                return good.Length;
            case 5: // nested deeply
                var depth = random.Next(200_000);
                var head = "{\"heartrate\":"u8;
                head.CopyTo(payload);
                payload.AsSpan(head.Length, depth).Fill(random.Next(2) == 0 ? (byte)'[' : (byte)'{');
                return head.Length + depth;
            case 6: // a giant array
                return Repeat(random, payload, good);
            default: // a giant word
                var size = random.Next(payload.Length - 64);
                "{\"heartrate\":\""u8.CopyTo(payload);
                payload.AsSpan(14, size).Fill(random.Next(2) == 0 ? (byte)'9' : (byte)'x');
                "\"}"u8.CopyTo(payload.AsSpan(14 + size));
                return 16 + size;
        }
    }

    private static int PutIn(Random random, byte[] payload, byte[] good)
    {
        var (at, word, length) = (random.Next(good.Length), s_words[random.Next(s_words.Length)], 0);
        // Behind a comma, colon or brace, where a word most often makes sense.
        while (at < good.Length && random.Next(8) != 0 && good[at] is not ((byte)',' or (byte)':' or (byte)'{' or (byte)'['))
        {
            at++;
        }

        at = Math.Min(at + 1, good.Length);
        good.AsSpan(0, at).CopyTo(payload);
        word.CopyTo(payload.AsSpan(length = at));
        length += word.Length;
        var rest = good.AsSpan(Math.Min(good.Length, at + (random.Next(2) == 0 ? 0 : random.Next(word.Length + 4))));
        rest.CopyTo(payload.AsSpan(length));
        return length + rest.Length;
    }

    private static int Repeat(Random random, byte[] payload, byte[] good)
    {
        var (length, most) = (1, random.Next(payload.Length - good.Length - 8));
        payload[0] = (byte)'[';
        while (length < most)
        {
            good.CopyTo(payload, length);
            length += good.Length;
            payload[length++] = (byte)',';
        }

        payload[length - 1] = (byte)']';
        return length;
    }
}
