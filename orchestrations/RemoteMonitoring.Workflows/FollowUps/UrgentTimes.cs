using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// From when on the latest reading of each patient beyond a personal limit was open, by an instant: the documents as they stand, of the weeks that they are kept.
/// They are no input of scores and no file, so that lists which are made again later may differ in who is snoozed still.
/// </summary>
/// <param name="Latest">By patient.</param>
/// <param name="Unreadable">Documents that this program cannot read: of whom they are nobody can tell.</param>
internal sealed record UrgentTimes(IReadOnlyDictionary<string, Instant> Latest, int Unreadable)
{
    /// <summary>Where there are none.</summary>
    public static UrgentTimes None { get; } = new(new Dictionary<string, Instant>(), 0);

    /// <summary>Of a patient; null where there is none.</summary>
    public Instant? Of(string patientId) => Latest.TryGetValue(patientId, out var since) ? since : null;

    /// <summary>Reads them. Of what was made worse after the instant the time of its landing counts.</summary>
    public static async Task<UrgentTimes> ReadAsync(DocumentStore documents, Instant by, CancellationToken cancellationToken)
    {
        var (latest, unreadable) = (new Dictionary<string, Instant>(StringComparer.Ordinal), 0);
        await foreach (var document in documents.ListAsync(Containers.Urgent, cancellationToken))
        {
            if (UrgentReading.TryRead(document.Body) is not { } reading)
            {
                unreadable++;
                continue;
            }

            var since = reading.OpenSince <= by ? reading.OpenSince : reading.Known;
            if (since <= by && !(latest.TryGetValue(reading.PatientId, out var later) && later >= since))
            {
                latest[reading.PatientId] = since;
            }
        }

        return new(latest, unreadable);
    }
}
