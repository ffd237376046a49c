using NodaTime;
using RemoteMonitoring.Risk.Drift;

namespace RemoteMonitoring.Workflows.Service;

/// <summary>What is wanted of every cohort: the one place where it stands.</summary>
public static class ServiceObjectives
{
    /// <summary>When the lists of a night have to be out, by the clocks of its schedule.</summary>
    public static readonly LocalTime ListsBy = new(7, 0);

    /// <summary>So far ingestion may be behind.</summary>
    public static readonly Duration MostLag = Duration.FromMinutes(15);

    /// <summary>This share of a day's readings may be rejected.</summary>
    public const double MostRejected = 0.1;

    /// <summary>This share of those who could be scored has to be.</summary>
    public const double LeastCoverage = 0.99;

    /// <summary>From this population stability index of its scores on a model has drifted.</summary>
    public const double DriftedPsi = DriftLimits.DriftedPsi;

    /// <summary>Drift is looked at weekly: this is one look that was missed.</summary>
    public static readonly Duration OldestDrift = Duration.FromDays(15);

    /// <summary>So long a follow-up may wait beyond the time that it was due.</summary>
    public static readonly Duration LongestWait = Duration.FromMinutes(30);

    /// <summary>So long an erasure may be under way.</summary>
    public static readonly Duration LongestErasure = Duration.FromHours(1);

    /// <summary>Lists of the night are out in time.</summary>
    public static ServiceObjective Lists { get; } = new(
        "list-in-time", "out by 07:00", "remotemonitoring.slo.list.late", "min", "How long after 07:00 the lists of the last night were out, or have been missing; 0 where they were in time", "list-late");

    /// <summary>Ingestion keeps up.</summary>
    public static ServiceObjective Ingestion { get; } = new(
        "ingest-lag", "at most 15 min behind", "remotemonitoring.slo.ingest.age", "s", "Age of the oldest message that the hubs have and the lake has not, 0 where there is none; where nobody has read a stream for two minutes, since then", "ingestion-behind");

    /// <summary>Readings are understood.</summary>
    public static ServiceObjective Rejects { get; } = new(
        "rejects", "at most 10 % of a day", "remotemonitoring.slo.rejected", "1", "Share of the readings of the last day that landed which were rejected", "readings-rejected");

    /// <summary>Who can be scored is.</summary>
    public static ServiceObjective Coverage { get; } = new(
        "coverage", "at least 99 % scored", "remotemonitoring.slo.coverage", "1", "Share of the patients who could be scored last night that were", "coverage-low");

    /// <summary>Scores are of the kind that the model was evaluated with.</summary>
    public static ServiceObjective Drift { get; } = new(
        "drift", "index below 0.25", "remotemonitoring.slo.drift.psi", "1", "Population stability index of the scores when drift was last looked at", "scores-drift");

    /// <summary>People are told.</summary>
    public static ServiceObjective FollowUps { get; } = new(
        "follow-ups", "none waits 30 min", "remotemonitoring.slo.follow_ups.waiting", "{follow_up}", "Follow-ups that have waited for half an hour to be delivered", "follow-ups-wait");

    /// <summary>Who is to be erased is.</summary>
    public static ServiceObjective Erasures { get; } = new(
        "erasures", "done within 1 h", "remotemonitoring.slo.erasures.incomplete", "{erasure}", "Erasures that were begun an hour ago or before, and are not complete", "erasure-incomplete");

    /// <summary>All of them, in the order of the day.</summary>
    public static IReadOnlyList<ServiceObjective> All { get; } = [Lists, Ingestion, Rejects, Coverage, Drift, FollowUps, Erasures];
}
