using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>Why a patient's page shows no reading: who has left or died sends none, nor does who has no device.</summary>
internal sealed class MissingReadings(WorklistServices services)
{
    /// <summary>In words, without a full stop; null where nobody knows.</summary>
    public async Task<string?> WhyAsync(AllowedPatient patient, IReadOnlyList<Prediction> predictions, Instant to, DateTimeZone zone, CancellationToken cancellationToken)
    {
        var reference = await services.Store.Reference.LoadAsync(await services.Store.Reference.PositionAsync(cancellationToken), cancellationToken);
        var stay = reference.Census.HoldingAt(services.Now)
            .Where(c => c.PatientId == patient.PatientId && c.Effective <= to && c.Kind is (CensusKind.Enrolled or CensusKind.Withdrawn or CensusKind.Died)).MaxBy(c => c.Effective);
        var last = predictions.Select(p => p.LastReading).OfType<Instant>().Select(l => (Instant?)l).Max();
        return stay switch
        {
            { Kind: CensusKind.Died } => $"died on {ListWords.Day(stay.Effective, zone)}",
            { Kind: CensusKind.Withdrawn } => $"left on {ListWords.Day(stay.Effective, zone)}",
            _ when !reference.Assignments.Any(a => a.PatientId == patient.PatientId) => "no device assigned",
            _ => last is { } silent ? $"devices silent since {ListWords.Time(silent, zone)}" : null,
        };
    }
}
