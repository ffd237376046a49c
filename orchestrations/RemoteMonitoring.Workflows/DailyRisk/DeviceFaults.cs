using System.Globalization;
using NodaTime;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// What is wrong with the devices that patients have on the day of a list, by what is noted of each device: its clock and its battery. Those notes are of
/// now, so that a list of long ago has none, and one that is made again may differ in them.
/// </summary>
public static class DeviceFaults
{
    /// <summary>A clock that is further ahead is told: readings of the future are refused from a quarter of an hour on, so this leaves time to mend it. Ours.</summary>
    public static readonly Duration AheadBy = Duration.FromMinutes(10);

    /// <summary>Readings that come later at their quickest, day after day, are told. Devices hold readings back for minutes as they are made to, so more is allowed than ahead. Ours.</summary>
    public static readonly Duration BehindBy = Duration.FromHours(1);

    /// <summary>Days that a clock has to be behind on by as much, give or take <see cref="Alike"/>, and two thirds of those that are noted: what is sent in batches, when the device is next near its hub, comes late by hours that differ from day to day. Ours.</summary>
    public const int FewestDays = 3;

    /// <summary>A clock that is wrong is as wrong the next day, but for its drift and what delivery takes. Ours.</summary>
    public static readonly Duration Alike = Duration.FromMinutes(10);

    /// <summary>A battery below it is told, percent: weeks of a scale or a cuff, a day or two of what is worn. Ours.</summary>
    public const double LowBattery = 15;

    /// <summary>Notes of other weeks say nothing of this list.</summary>
    private static readonly Duration s_within = Duration.FromDays(7);

    /// <summary>The findings of a run, by patient and device.</summary>
    internal static async Task<IReadOnlyList<TechnicalFinding>> ReadAsync(DocumentStore documents, RiskPlan plan, CancellationToken cancellationToken)
    {
        var (findings, asOf) = (new List<TechnicalFinding>(), plan.Request.AsOf);
        var assignments = new AssignmentIndex(plan.Reference.Assignments);
        await foreach (var document in documents.ListAsync(Containers.Devices, cancellationToken))
        {
            var found = DeviceClock.TryRead(document) is { } clock ? Of(clock, asOf) : DeviceBattery.TryRead(document) is { } battery ? Of(battery, asOf) : null;
            if (found is not var (kind, text, evidence)
                || assignments.Find(document.PartitionKey, asOf.ToUnixMicros(), out var patientId, out _) != AssignmentStatus.Assigned
                || plan.Records.GetValueOrDefault(patientId!)?.RosterAt(plan.KnownBy) is null)
            {
                continue;
            }

            var state = plan.FollowUps.GetValueOrDefault(patientId!, PatientFollowUp.None);
            if (!Silence.IsExpected(state, asOf, null) && !Silence.IsFixed(state, evidence))
            {
                findings.Add(new(patientId!, kind, null, text));
            }
        }

        return findings;
    }

    /// <summary>What the lists tell of a clock by its notes, whatever day they are of; null where it is off by too little, or not alike from day to day.</summary>
    public static string? InWords(DeviceClock clock)
    {
        var delay = Duration.FromSeconds(clock.DelaySeconds);
        return delay < -AheadBy ? $"The clock of {clock.DeviceId} is {Long(-delay)} ahead."
            : delay > BehindBy && IsConstant(clock) ? $"Readings of {clock.DeviceId} come {Long(delay)} late at the quickest, day after day: its clock is behind."
            : null;
    }

    /// <summary>What a clock is told for, and the oldest evidence: who has put it right is not told again before a week of new delays; null where it is in order.</summary>
    internal static (string Kind, string Text, Instant Evidence)? Of(DeviceClock clock, Instant asOf)
    {
        var (first, last) = (Day(clock.LeastDelays.Keys.First()), Day(clock.LeastDelays.Keys.Last()));
        return last > asOf + Duration.FromDays(1) || last < asOf - s_within || InWords(clock) is not { } text ? null : ("clock", text, first);
    }

    private static bool IsConstant(DeviceClock clock)
    {
        var alike = clock.LeastDelays.Values.Count(d => Math.Abs(d - (clock.DelaySeconds * 1e6)) <= Alike.TotalSeconds * 1e6);
        return alike >= FewestDays && alike * 3 >= clock.LeastDelays.Count * 2;
    }

    /// <summary>What a battery is told for, and when it was known; null where it is in order.</summary>
    internal static (string Kind, string Text, Instant Evidence)? Of(DeviceBattery battery, Instant asOf)
    {
        var at = UnixMicros.ToInstant(battery.Enqueued);
        return battery.Percent >= LowBattery || at > asOf + Duration.FromDays(1) || at < asOf - s_within ? null
            : ("battery", string.Create(CultureInfo.InvariantCulture, $"The battery of {battery.DeviceId} is at {Math.Floor(battery.Percent):0} %."), at);
    }

    private static Instant Day(int day) => Instant.FromUnixTimeSeconds(0) + Duration.FromDays(day);

    private static string Long(Duration duration) => duration >= Duration.FromHours(2)
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalHours:0.#} h")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalMinutes:0} min");
}
