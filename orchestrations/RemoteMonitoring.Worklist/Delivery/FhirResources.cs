using System.Globalization;
using Hl7.Fhir.Model;
using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using Instant = NodaTime.Instant;
using Period = Hl7.Fhir.Model.Period;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>Makes the resources of one patient. Ids come from content, so the same is the same in every export.</summary>
internal sealed class FhirResources(string cohort, string patientId, DateTimeZone zone)
{
    /// <summary>System of codes that LOINC has none for, and root of identifiers.</summary>
    public const string OwnSystem = "urn:remote-monitoring";

    private const string Loinc = "http://loinc.org";
    private const string Ucum = "http://unitsofmeasure.org";
    private const string LocalCode = "local:";
    private const string RiskProbability = "http://terminology.hl7.org/CodeSystem/risk-probability";

    /// <summary>A reading.</summary>
    public FhirLines.Made Of(PatientReading reading) => Observation(
        reading.Vital, reading.Value, reading.Vital.Unit, UnixMicros.ToInstant(reading.Time), reading.DeviceId, reading.Corrects is null ? ObservationStatus.Final : ObservationStatus.Corrected);

    /// <summary>The reading that a reason speaks of; null where it speaks of none.</summary>
    public FhirLines.Made? Of(Reason reason)
    {
        if (reason is not { Vital: { } key, Value: { } value, EffectiveTime: { } time })
        {
            return null;
        }

        return VitalSignCatalog.Default.Vitals.FirstOrDefault(v => v.Key == key) is { } vital
            ? Observation(vital, value, reason.Unit, time, null, ObservationStatus.Final, vital.IsCounted ? zone.AtStartOfDay(time.InZone(zone).Date).ToInstant() : null)
            : new FhirLines.Made(null, "Observation of an unknown code");
    }

    /// <summary>The model that made a prediction.</summary>
    public FhirLines.Made Model(Prediction prediction) => new Device
    {
        Id = ModelId(prediction),
        Identifier = [Identifier("model", $"{prediction.Task}/{prediction.Model}")],
        Status = Device.FHIRDeviceStatus.Active,
        DeviceName = [new Device.DeviceNameComponent { Name = $"Risk model of {prediction.Task}", Type = DeviceNameType.ModelName }],
        Version = [new Device.VersionComponent { Value = prediction.Model }],
        Type = new CodeableConcept { Text = "Statistical risk model: decision support for trained staff, not a medical device" },
    };

    /// <summary>A prediction that rests on observations.</summary>
    public FhirLines.Made Of(Prediction prediction, IReadOnlyList<string> observations)
    {
        if (RiskWords.TitleOf(prediction.Task) is not { } title)
        {
            return new FhirLines.Made(null, "RiskAssessment of an unknown task");
        }

        if (!(prediction.Probability is >= 0 and <= 1))
        {
            return new FhirLines.Made(null, "RiskAssessment without a probability");
        }

        var window = RiskWords.WindowOf(prediction, zone);
        var outcome = new RiskAssessment.PredictionComponent
        {
            Outcome = new CodeableConcept { Text = title },
            // R4 writes a probability as a percentage.
            Probability = new FhirDecimal(decimal.Round((decimal)prediction.Probability * 100, 6)),
            QualitativeRisk = prediction.BandInWords switch
            {
                "high" => new CodeableConcept(RiskProbability, "high", "High likelihood", null),
                "medium" => new CodeableConcept(RiskProbability, "moderate", "Moderate likelihood", null),
                "low" => new CodeableConcept(RiskProbability, "low", "Low likelihood", null),
                _ => null,
            },
            When = window is { } w ? new Period { Start = Text(w.Start), End = w.End is { } end ? Text(end) : null } : null,
            Rationale = prediction.Reasons.Count == 0 ? null : "What moved the score, not the cause: " + string.Join("; ", prediction.Reasons.Select(r => r.Text)),
        };
        return new RiskAssessment
        {
            Id = FhirLines.IdOf(cohort, patientId, prediction.Id),
            Identifier = [Identifier("prediction", prediction.Id)],
            Status = ObservationStatus.Final,
            Method = new CodeableConcept { Text = $"Calibrated probability by model {prediction.Model} of {prediction.Task}, features {prediction.FeatureSetHash}, run {prediction.Run}" },
            Subject = Patient,
            Occurrence = new FhirDateTime(Text(prediction.AsOf)),
            Performer = new ResourceReference($"Device/{ModelId(prediction)}"),
            Basis = [.. observations.Distinct(StringComparer.Ordinal).Select(id => new ResourceReference($"Observation/{id}"))],
            Prediction = [outcome],
        };
    }

    private ResourceReference Patient => new() { Type = "Patient", Identifier = Identifier("patient", patientId) };

    private FhirLines.Made Observation(VitalSign vital, double value, string? unit, Instant time, string? device, ObservationStatus status, Instant? from = null)
    {
        // The values that are kept are in the catalog's own unit: any other is a mistake, and a number without its unit is none.
        var problem = string.IsNullOrEmpty(unit) ? "Observation without a unit"
            : unit != vital.Unit ? "Observation in an unknown unit"
            : !vital.IsPlausible(value) ? "Observation of an impossible value"
            : null;
        return problem is not null ? new FhirLines.Made(null, problem) : new Observation
        {
            Id = FhirLines.IdOf(cohort, patientId, vital.Code, time.ToUnixTimeTicks().ToString(CultureInfo.InvariantCulture), value.ToString("R", CultureInfo.InvariantCulture)),
            Status = status,
            Code = CodeOf(vital),
            Subject = Patient,
            Effective = from is { } begins ? new Period { Start = Text(begins), End = Text(time) } : new FhirDateTime(Text(time)),
            Value = new Quantity { Value = (decimal)value, Unit = vital.Unit, System = Ucum, Code = vital.Unit },
            Device = device is null ? null : new ResourceReference { Type = "Device", Identifier = Identifier("device", device) },
        };
    }

    private static CodeableConcept CodeOf(VitalSign vital) => vital.Code.StartsWith(LocalCode, StringComparison.Ordinal)
        ? new CodeableConcept($"{OwnSystem}:code", vital.Code[LocalCode.Length..], vital.Display, vital.Label)
        : new CodeableConcept(Loinc, vital.Code, vital.Display, vital.Label);

    private string ModelId(Prediction prediction) => FhirLines.IdOf(cohort, "model", prediction.Task, prediction.Model);

    private Identifier Identifier(string what, string value) => new($"{OwnSystem}:{cohort}:{what}", value);

    private static string Text(Instant instant) => instant.ToString("uuuu-MM-dd'T'HH:mm:ss.FFFFFF'Z'", CultureInfo.InvariantCulture);
}
