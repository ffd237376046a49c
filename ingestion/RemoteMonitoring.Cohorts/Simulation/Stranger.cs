using System.Globalization;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>A blood pressure cuff in the field that nobody registered.</summary>
internal static class Stranger
{
    public static void Send(ulong seed, int block, int days, LocalDays calendar, FeedBuffer feed)
    {
        var device = feed.AddDevice(string.Create(CultureInfo.InvariantCulture, $"cuff-x{block:D5}"));
        for (var day = 0; day < days; day++)
        {
            var r = new RandomStream(seed, block, StreamPurpose.Stranger, day);
            if (!r.Chance(SimulationParameters.Cohort.StrangerPerDay))
            {
                continue;
            }

            var time = calendar.At(day, r.Uniform(7, 21)) / 1_000_000 * 1_000_000;
            var first = feed.Readings;
            feed.Add(new ReadingSeed(time, (int)r.Normal(128, 9), 0, HomeVital.Systolic, SentUnit.Canonical));
            feed.Add(new ReadingSeed(time, (int)r.Normal(76, 5), 0, HomeVital.Diastolic, SentUnit.Canonical));
            feed.Add(new ReadingSeed(time, (int)r.Normal(70, 5), 0, HomeVital.HeartRate, SentUnit.Canonical));
            feed.Add(new MessageSeed
            {
                Enqueued = time + (long)(r.LogNormal(SimulationParameters.Feed.DelaySecondsMedian, SimulationParameters.Feed.DelaySigma) * 1_000_000),
                Id = RandomStream.Mix(seed ^ r.Next()),
                Device = device,
                First = first,
                Count = 3,
                Form = TimeForm.InBody,
                Blemishes = FeedBlemishes.Stranger,
            });
        }
    }
}
