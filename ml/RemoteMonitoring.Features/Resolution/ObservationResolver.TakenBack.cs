using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Features.Resolution;

/// <content>
/// The rare general case: some reading of an instant was taken back. What was so at a time of knowing is what the readings that
/// were there and not yet taken back say by the same rules; so nothing that was known changes, and from the time of taking back
/// on all is as if the reading had never come.
/// </content>
public static partial class ObservationResolver
{
    private static bool IsTakenBack(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, Dictionary<(int Stream, int Row), long> suppressed, ReadOnlySpan<Candidate> candidates)
    {
        foreach (ref readonly var c in candidates)
        {
            if (streams[c.Stream].Readings.KnownTo.Count > 0 && End(streams, c) != UnixMicros.Open)
            {
                return true;
            }

            if (suppressed.Count > 0 && suppressed.ContainsKey((c.Stream, c.Row)))
            {
                return true;
            }
        }

        return false;
    }

    /// <summary>Adds the versions of one instant, device by device, and counts those of the readings that still hold.</summary>
    private static void TellTakenBack(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams,
        Dictionary<(int Stream, int Row), long> suppressed,
        ReadOnlySpan<Candidate> candidates,
        List<Version> versions,
        ref Settled settled)
    {
        foreach (var device in candidates.ToArray().GroupBy(c => Device(streams, c), StringComparer.Ordinal))
        {
            var readings = PresentOf(streams, suppressed, [.. device]);
            Present? told = null;
            var from = 0L;
            foreach (var at in readings.SelectMany(r => (long[])[r.From, r.To]).Where(t => t != UnixMicros.Open).Distinct().Order())
            {
                var now = Accepted(streams, readings, at).Select(r => (Present?)r).LastOrDefault();
                if (now?.Reading.Sequence != told?.Reading.Sequence)
                {
                    if (told is { } before)
                    {
                        versions.Add(new Version(before.Reading, from, at));
                    }

                    (told, from) = (now, at);
                }
            }

            if (told is { } last)
            {
                versions.Add(new Version(last.Reading, from, UnixMicros.Open));
            }

            Present[] accepted = [.. Accepted(streams, readings, UnixMicros.Open - 1)];
            settled.Corrected += accepted.SkipLast(1).Count(r => r.Reading.Share != Share.Former);
            settled.Duplicates += device.Count(c => c.Share != Share.Former && End(streams, c) == UnixMicros.Open) - accepted.Count(r => r.Reading.Share != Share.Former);
        }

        versions.Sort((a, b) => a.KnownFrom != b.KnownFrom ? a.KnownFrom.CompareTo(b.KnownFrom) : a.Reading.Sequence.CompareTo(b.Reading.Sequence));
    }

    /// <summary>
    /// From when to when each reading of a device counts: not while one before it, of the same message, holds. Those that never
    /// do are left out. They come in order of knowing, and all that came before reach back to when this one came, so it is one
    /// stretch.
    /// </summary>
    private static Present[] PresentOf(
        IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, Dictionary<(int Stream, int Row), long> suppressed, Candidate[] ofDevice)
    {
        var present = new List<Present>(ofDevice.Length);
        for (var i = 0; i < ofDevice.Length; i++)
        {
            var from = suppressed.TryGetValue((ofDevice[i].Stream, ofDevice[i].Row), out var since) ? since : Known(streams, ofDevice[i]);
            for (var j = 0; j < i; j++)
            {
                from = IsSameBody(streams, ofDevice[j], ofDevice[i]) ? Math.Max(from, End(streams, ofDevice[j])) : from;
            }

            if (from < End(streams, ofDevice[i]))
            {
                present.Add(new Present(ofDevice[i], from, End(streams, ofDevice[i])));
            }
        }

        return [.. present];
    }

    /// <summary>The readings that count at a time of knowing, and say something else than the one before.</summary>
    private static IEnumerable<Present> Accepted(IReadOnlyList<(string Stream, ReadingBatch Readings)> streams, Present[] readings, long at)
    {
        var value = default(double?);
        foreach (var reading in readings)
        {
            if (reading.From <= at && at < reading.To && value?.Equals(Value(streams, reading.Reading)) != true)
            {
                value = Value(streams, reading.Reading);
                yield return reading;
            }
        }
    }

    /// <summary>A reading, and from when to when it counts.</summary>
    private readonly record struct Present(Candidate Reading, long From, long To);
}
