using System.Globalization;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>Simulates a cohort of patients monitored at home: what their devices send and what the reference log says of them.</summary>
public static class HomeSimulator
{
    // Long enough for any stay in hospital that begins on the last day.
    private const int DaysBeyondTheEnd = 60;

    /// <summary>Runs the simulation. The same options give the same bytes.</summary>
    /// <param name="options">What to simulate; a value out of range throws.</param>
    /// <param name="progress">Told the number of patients done, now and then.</param>
    /// <param name="cancellationToken">Stops the simulation.</param>
    public static SimulatedCohort Run(SimulationOptions options, IProgress<int>? progress = null, CancellationToken cancellationToken = default)
    {
        options.Check();
        var end = options.End.ToUnixMicros();
        var feed = new FeedBuffer(end);
        var reference = new ReferenceBuilder(end);
        var calendars = SimulationParameters.Cohort.Zones.Select(z => new LocalDays(z, options.Start, options.Days + DaysBeyondTheEnd)).ToArray();
        var episodes = new List<SimulatedEpisode>();
        for (var index = 0; index < options.Patients; index++)
        {
            if (index % 100 == 0)
            {
                cancellationToken.ThrowIfCancellationRequested();
                progress?.Report(index);
            }

            var profile = PatientProfile.Draw(options.Seed, index);
            var days = calendars[profile.Zone];

            // One day more than asked for: east of Greenwich the last one begins before the feed ends.
            var life = new PatientLife(options.Seed, profile, days, feed, reference);
            life.Live(options.Days + 1);
            episodes.AddRange(life.Episodes);
            if (index % SimulationParameters.Cohort.StrangerBlock == SimulationParameters.Cohort.StrangerBlock / 2)
            {
                Stranger.Send(options.Seed, index, options.Days + 1, days, feed);
            }
        }

        feed.Sort();
        progress?.Report(options.Patients);
        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = "simulated",
            Source = string.Create(CultureInfo.InvariantCulture,
                $"{SimulationParameters.Generator}: {options.Patients} simulated patients at home over {options.Days} days from {options.Start:uuuu-MM-dd}, seed {options.Seed}"),
            Epoch = options.Epoch,
            Imported = true,
            SourceDelay = "each message carries its own simulated arrival: seconds when connected, hours to days when not; reference rows carry when they were known",
            Partitions = SimulationParameters.Feed.Partitions,
            Messages = feed.Messages,
        };
        var teams = Roster.Teams(options.Patients, options.Begin);
        return new SimulatedCohort(header, reference.ToReferenceData(teams), new SimulationTruth(episodes, feed), feed);
    }
}
