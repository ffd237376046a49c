using NodaTime;

namespace RemoteMonitoring.Ingestion;

/// <summary>
/// What came of the readings of the last day: the 24 hours before an instant, or before the last landing where nothing landed in those. What was rejected and read again
/// since counts as it is now.
/// </summary>
/// <param name="Received">Readings of the messages that landed.</param>
/// <param name="Rejected">Those of them that are in quarantine.</param>
/// <param name="Until">When the last of them landed; the instant itself where nothing ever did.</param>
/// <param name="IsWhole">Whether all files of the day were looked at; else it is of the newest of each partition.</param>
public readonly record struct LandedDay(long Received, long Rejected, Instant Until, bool IsWhole);
