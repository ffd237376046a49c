using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>A simulated cohort, ready for <see cref="FeedWriter"/>.</summary>
public sealed class SimulatedCohort
{
    private readonly FeedBuffer _feed;

    internal SimulatedCohort(Feed header, ReferenceData reference, SimulationTruth truth, FeedBuffer feed)
    {
        Header = header;
        Reference = reference;
        Truth = truth;
        _feed = feed;
    }

    /// <summary>What <c>feed.json</c> says.</summary>
    public Feed Header { get; }

    /// <summary>Roster, teams, assignments, census, outcomes, contacts: all that was known before the feed ends.</summary>
    public ReferenceData Reference { get; }

    /// <summary>What only the simulator knows; for tests of the simulator, never part of a feed.</summary>
    public SimulationTruth Truth { get; }

    /// <summary>All messages in enqueued order, made as they are asked for; may be asked for again.</summary>
    public IEnumerable<DeviceMessage> Messages => _feed.InOrder();
}

/// <summary>What only the simulator knows: causes, courses, and what is wrong with which message.</summary>
public sealed class SimulationTruth
{
    private readonly FeedBuffer _feed;

    internal SimulationTruth(IReadOnlyList<SimulatedEpisode> episodes, FeedBuffer feed)
    {
        Episodes = episodes;
        _feed = feed;
        MessagesByBlemish = feed.CountBlemishes();
        ReadingsSent = feed.ReadingsSent;
    }

    /// <summary>Every episode of every patient, also those that nobody heard of before the feed ended.</summary>
    public IReadOnlyList<SimulatedEpisode> Episodes { get; }

    /// <summary>Messages that carry each blemish; one message may carry several.</summary>
    public IReadOnlyDictionary<FeedBlemishes, long> MessagesByBlemish { get; }

    /// <summary>Readings over all messages, those of a repeated message counted again.</summary>
    public long ReadingsSent { get; }

    /// <summary>The blemishes of each message, in the order of <see cref="SimulatedCohort.Messages"/>.</summary>
    public IEnumerable<FeedBlemishes> Blemishes => _feed.BlemishesInOrder();
}

/// <summary>An episode as it truly was.</summary>
public sealed record SimulatedEpisode
{
    internal SimulatedEpisode(string patientId, Episode episode, LocalDays days)
    {
        PatientId = patientId;
        Kind = episode.Rule.Kind.ToString();
        Cause = episode.Rule.Cause;
        Onset = UnixMicros.ToInstant(days.Midnight(0) + (long)(episode.Onset * UnixMicros.PerDay));
        Admitted = episode.Admitted is { } admitted ? UnixMicros.ToInstant(admitted) : null;
        HasProdrome = episode.IsExpressed && episode.Rule.Cause is not null;
    }

    /// <summary>Whose.</summary>
    public string PatientId { get; }

    /// <summary>Kind, for people.</summary>
    public string Kind { get; }

    /// <summary>Cause of admission it stands for; null for a look-alike.</summary>
    public string? Cause { get; }

    /// <summary>When it began.</summary>
    public Instant Onset { get; }

    /// <summary>When it brought the patient to hospital; null where it did not.</summary>
    public Instant? Admitted { get; }

    /// <summary>Whether at least one vital moved before the height of it.</summary>
    public bool HasProdrome { get; }
}
