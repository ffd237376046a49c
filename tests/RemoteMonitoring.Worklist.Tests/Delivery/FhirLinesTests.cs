using System.Globalization;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Delivery;
using Instant = NodaTime.Instant;

namespace RemoteMonitoring.Worklist.Tests.Delivery;

public sealed class FhirLinesTests
{
    private static readonly Instant s_asOf = Instant.FromUtc(2026, 11, 23, 0, 0);

    public static TheoryData<string> Vitals => [.. VitalSignCatalog.Default.Vitals.Select(v => v.Key)];

    [Theory]
    [MemberData(nameof(Vitals))]
    public void Every_vital_leaves_as_an_observation_of_its_code_and_unit_and_reads_back_to_the_same_value(string key)
    {
        var vital = VitalSignCatalog.Default[key];
        var value = Math.Round(vital.Low + ((vital.High - vital.Low) / 3), 3);
        var observation = Assert.IsType<Observation>(Assert.Single(Read(Lines(new FhirSubject("p1", DateTimeZone.Utc, [], [Reading(vital, value)])))));
        var coding = Assert.Single(observation.Code!.Coding);
        Assert.Equal(vital.Code.StartsWith("local:", StringComparison.Ordinal) ? ("urn:remote-monitoring:code", vital.Code["local:".Length..]) : ("http://loinc.org", vital.Code), (coding.System, coding.Code));
        var quantity = Assert.IsType<Quantity>(observation.Value);
        Assert.Equal(("http://unitsofmeasure.org", vital.Unit, (decimal)value), (quantity.System, quantity.Code, quantity.Value!.Value));
        Assert.Equal(s_asOf.ToDateTimeOffset(), ((FhirDateTime)observation.Effective!).ToDateTimeOffset(TimeSpan.Zero));
        Assert.Equal(ObservationStatus.Final, observation.Status);
        Assert.Equal(("p1", "d1"), (observation.Subject!.Identifier!.Value, observation.Device!.Identifier!.Value));
    }

    [Theory]
    [InlineData("bpm")]
    [InlineData("mmHg")]
    [InlineData("°C")]
    [InlineData("beats/min")]
    [InlineData("/")]
    [InlineData("kmin")]
    public void What_is_no_unit_of_ucum_does_not_pass_the_rules_that_every_observation_passes(string unit)
    {
        var line = Lines(new FhirSubject("p1", DateTimeZone.Utc, [], [Reading(VitalSignCatalog.Default["heart_rate"], 98)])).Single();
        Assert.Contains("\"code\":\"/min\"", line, StringComparison.Ordinal);
        Assert.ThrowsAny<Xunit.Sdk.XunitException>(() => FhirR4Rules.Read(line.Replace("\"code\":\"/min\"", $"\"code\":\"{unit}\"", StringComparison.Ordinal) + "\n"));
    }

    [Theory]
    [InlineData(RiskBand.High, "high")]
    [InlineData(RiskBand.Medium, "moderate")]
    [InlineData(RiskBand.Low, "low")]
    [InlineData(null, null)]
    public void A_band_is_a_qualitative_risk_beside_the_probability_and_no_band_is_none(RiskBand? band, string? code)
    {
        var prediction = Read(Lines(new FhirSubject("p1", DateTimeZone.Utc, [Prediction() with { Band = band }], []))).OfType<RiskAssessment>().Single().Prediction[0];
        Assert.Equal(8.7m, ((FhirDecimal)prediction.Probability!).Value);
        Assert.Equal(code, prediction.QualitativeRisk?.Coding[0].Code);
        Assert.Equal(code is null ? null : "http://terminology.hl7.org/CodeSystem/risk-probability", prediction.QualitativeRisk?.Coding[0].System);
    }

    [Fact]
    public void A_prediction_leaves_as_a_risk_assessment_that_rests_on_its_observations_and_names_its_model()
    {
        var zone = DateTimeZoneProviders.Tzdb["Europe/London"];
        var resources = Read(Lines(new FhirSubject("p1", zone, [Prediction()], [])));
        var (model, observation, risk) = (resources.OfType<Device>().Single(), resources.OfType<Observation>().Single(), resources.OfType<RiskAssessment>().Single());
        Assert.Equal(3, resources.Count);
        Assert.Equal($"Device/{model.Id}", risk.Performer!.Reference);
        Assert.Equal($"Observation/{observation.Id}", Assert.Single(risk.Basis).Reference);
        Assert.Equal("p1", risk.Subject!.Identifier!.Value);
        Assert.Contains("model-1", risk.Method!.Text!, StringComparison.Ordinal);
        Assert.Equal("model-1", Assert.Single(model.Version).Value);
        var prediction = Assert.Single(risk.Prediction);
        Assert.Equal(8.7m, ((FhirDecimal)prediction.Probability!).Value);
        Assert.Equal("Hospital admission in the next 7 days", prediction.Outcome!.Text);
        var when = Assert.IsType<Hl7.Fhir.Model.Period>(prediction.When);
        Assert.Equal(("2026-11-23T00:00:00Z", "2026-11-30T00:00:00Z"), (when.Start, when.End));
        Assert.Equal(s_asOf.ToDateTimeOffset(), ((FhirDateTime)risk.Occurrence!).ToDateTimeOffset(TimeSpan.Zero));
    }

    [Fact]
    public void A_reading_that_is_exported_itself_is_the_one_that_the_assessment_rests_on()
    {
        var vital = VitalSignCatalog.Default["heart_rate"];
        var resources = Read(Lines(new FhirSubject("p1", DateTimeZone.Utc, [Prediction()], [Reading(vital, 98)])));
        Assert.Equal($"Observation/{resources.OfType<Observation>().Single().Id}", Assert.Single(resources.OfType<RiskAssessment>().Single().Basis).Reference);
    }

    [Fact]
    public void What_readings_counted_in_a_day_is_of_that_day_of_the_patient_up_to_the_last_of_them()
    {
        var last = Instant.FromUtc(2026, 11, 22, 21, 40);
        var prediction = Prediction() with { Reasons = [new Reason { Text = "few", Contribution = 1, Vital = "activity_kitchen", Unit = "{events}", Value = 12, EffectiveTime = last }] };
        var observation = Read(Lines(new FhirSubject("p1", DateTimeZoneProviders.Tzdb["America/New_York"], [prediction], []))).OfType<Observation>().Single();
        var when = Assert.IsType<Hl7.Fhir.Model.Period>(observation.Effective);
        Assert.Equal(("2026-11-22T05:00:00Z", "2026-11-22T21:40:00Z"), (when.Start, when.End));
        Assert.Equal(12m, ((Quantity)observation.Value!).Value);
    }

    [Theory]
    [InlineData("heart_rate", null, 98.0, "Observation without a unit")]
    [InlineData("heart_rate", "", 98.0, "Observation without a unit")]
    [InlineData("heart_rate", "mm[Hg]", 98.0, "Observation in an unknown unit")]
    [InlineData("heart_rate", "/min", double.NaN, "Observation of an impossible value")]
    [InlineData("heart_rate", "/min", 9999.0, "Observation of an impossible value")]
    [InlineData("heart_flutter", "/min", 98.0, "Observation of an unknown code")]
    public void What_has_no_unit_or_an_unknown_one_or_no_code_never_leaves_and_is_counted(string key, string? unit, double value, string why)
    {
        var lines = new FhirLines("ward");
        var prediction = Prediction() with { Reasons = [new Reason { Text = "high", Contribution = 1, Vital = key, Unit = unit, Value = value, EffectiveTime = s_asOf }] };
        var resources = Read([.. lines.Of(new FhirSubject("p1", DateTimeZone.Utc, [prediction], []))]);
        Assert.Empty(resources.OfType<Observation>());
        Assert.Empty(resources.OfType<RiskAssessment>().Single().Basis);
        Assert.Equal((why, 1), (Assert.Single(lines.LeftOut).Key, lines.LeftOut[why]));
        var summary = (OperationOutcome)Read([lines.Summary()]).Single();
        Assert.Equal(OperationOutcome.IssueSeverity.Warning, summary.Issue[0].Severity);
        Assert.Contains($"1 left out: 1 {why}", summary.Issue[0].Diagnostics, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("some-task", 0.1, "RiskAssessment of an unknown task")]
    [InlineData("admission-7d", double.NaN, "RiskAssessment without a probability")]
    [InlineData("admission-7d", 1.5, "RiskAssessment without a probability")]
    public void Nor_does_a_prediction_of_an_unknown_task_or_without_a_probability(string task, double probability, string why)
    {
        var lines = new FhirLines("ward");
        Assert.Empty(Read([.. lines.Of(new FhirSubject("p1", DateTimeZone.Utc, [Prediction() with { Task = task, Probability = probability }], []))]).OfType<RiskAssessment>());
        Assert.Equal(1, lines.LeftOut[why]);
    }

    [Fact]
    public void What_fhir_itself_does_not_allow_never_leaves()
    {
        // A control character has no place in a FHIR string.
        var lines = new FhirLines("ward");
        var written = lines.Of(new FhirSubject("p1", DateTimeZone.Utc, [Prediction() with { Model = "model\u0001" }], [])).ToArray();
        Assert.DoesNotContain(written, l => l.Contains("\\u0001", StringComparison.Ordinal) && !IsStrict(l));
        Assert.All(written, l => Assert.True(IsStrict(l), l));
    }

    [Fact]
    public void The_same_is_written_once_and_has_the_same_id_in_every_export()
    {
        var lines = new FhirLines("ward");
        var subject = new FhirSubject("p1", DateTimeZone.Utc, [Prediction()], []);
        var first = lines.Of(subject).ToArray();
        Assert.Equal(3, first.Length);
        Assert.Empty(lines.Of(subject));
        Assert.Equal(first, new FhirLines("ward").Of(subject));
        Assert.Empty(first.Intersect(new FhirLines("another").Of(subject)));
        Assert.Contains("3 resources; 0 left out", ((OperationOutcome)Read([lines.Summary()]).Single()).Issue[0].Diagnostics, StringComparison.Ordinal);
    }

    private static string[] Lines(FhirSubject subject) => [.. new FhirLines("ward").Of(subject)];

    private static bool IsStrict(string line) => FhirJsonDeserializer.STRICT.TryDeserializeResource(line, out _, out var issues) && !issues.Any();

    /// <summary>By the rules that were written down without the library, and by the library.</summary>
    private static IReadOnlyList<Resource> Read(string[] lines)
    {
        Assert.Equal(lines.Length, FhirR4Rules.Read(string.Concat(lines.Select(l => l + "\n"))).Count);
        return [.. lines.Select(line => FhirJsonDeserializer.STRICT.DeserializeResource(line))];
    }

    private static PatientReading Reading(VitalSign vital, double value) => new()
    {
        Vital = vital,
        Time = s_asOf.ToUnixMicros(),
        Value = value,
        DeviceId = "d1",
        Origin = ("hub/1/0", 1),
        KnownFrom = s_asOf.ToUnixMicros(),
        KnownTo = UnixMicros.Open,
    };

    private static Prediction Prediction() => new()
    {
        Id = "prediction-1",
        PatientId = "p1",
        Task = "admission-7d",
        AsOf = s_asOf,
        KnownBy = s_asOf,
        Model = "model-1",
        FeatureSetHash = "set-1",
        Run = "run-1",
        Probability = 0.087,
        Raw = -2.35,
        Reasons =
        [
            new Reason { Text = "Heart rate 98 /min", Contribution = 1, Vital = "heart_rate", Unit = "/min", Value = 98, EffectiveTime = s_asOf },
            new Reason { Text = string.Create(CultureInfo.InvariantCulture, $"age {81}"), Contribution = 0.2 },
        ],
    };
}
