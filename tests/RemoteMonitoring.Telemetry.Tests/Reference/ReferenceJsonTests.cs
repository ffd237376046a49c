using System.Text.Json;
using CsCheck;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Telemetry.Tests.Reference;

public sealed class ReferenceJsonTests
{
    private static readonly Gen<Instant> s_instants = Gen.Long[0, 4_000_000_000_000_000].Select(UnixMicros.ToInstant);

    [Fact]
    public void A_patient_stated_in_full_reads_back_as_it_was() =>
        Gen.Select(Gen.String[1, 10], Gen.Double[0, 110], Gen.OneOf("female", "male", "other"), Gen.String[1, 9].Array[0, 3], Gen.Dictionary(Gen.String[1, 5], Gen.Double[-9, 9])[0, 3], s_instants)
            .Sample((id, age, sex, conditions, attributes, known) =>
            {
                var patient = new Patient
                {
                    PatientId = id,
                    CareTeamId = "t",
                    Age = age,
                    Sex = sex,
                    Conditions = conditions,
                    TimeZone = "Europe/London",
                    Attributes = attributes,
                    Known = known,
                };
                var read = ReferenceJson.FromLine<Patient>(ReferenceJson.ToLine(patient));
                return read with { Conditions = conditions, Attributes = attributes } == patient
                    && read.Conditions.SequenceEqual(conditions) && read.Attributes.OrderBy(a => a.Key).SequenceEqual(attributes.OrderBy(a => a.Key));
            });

    [Theory]
    [InlineData("""{"patientId":"p1","careTeamId":"t1","known":"2025-01-31T07:40:00Z"}""")]
    [InlineData("""{"patientId":"p1","careTeamId":"t1","age":null,"sex":null,"conditions":null,"timeZone":null,"attributes":null,"known":"2025-01-31T07:40:00Z"}""")]
    public void Fields_that_a_line_leaves_out_have_their_defaults(string line)
    {
        var patient = ReferenceJson.FromLine<Patient>(line);
        Assert.Null(patient.Age);
        Assert.Equal("unknown", patient.Sex);
        Assert.Empty(patient.Conditions);
        Assert.Equal("Etc/UTC", patient.TimeZone);
        Assert.Empty(patient.Attributes);
    }

    [Fact]
    public void A_feed_header_without_left_out_left_nothing_out() => Assert.Empty(
        Feed.FromJson("""{"schemaVersion":1,"cohort":"c","source":"s","epoch":"e","imported":true,"sourceDelay":"zero","partitions":8,"messages":0}""").LeftOut);

    [Fact]
    public void An_open_assignment_stays_open_and_a_census_event_is_named_in_text()
    {
        var assignment = new DeviceAssignment { DeviceId = "d", PatientId = "p", From = Instant.FromUtc(2025, 1, 1, 0, 0), Known = Instant.FromUtc(2025, 1, 2, 0, 0) };
        var line = ReferenceJson.ToLine(assignment);
        Assert.Equal("""{"deviceId":"d","patientId":"p","from":"2025-01-01T00:00:00Z","known":"2025-01-02T00:00:00Z"}""", line);
        Assert.Equal(assignment, ReferenceJson.FromLine<DeviceAssignment>(line));
        var named = assignment with { DeviceModel = "Acme Cuff 2" };
        Assert.Contains("\"deviceModel\":\"Acme Cuff 2\"", ReferenceJson.ToLine(named), StringComparison.Ordinal);
        Assert.Equal(named, ReferenceJson.FromLine<DeviceAssignment>(ReferenceJson.ToLine(named)));
        Assert.Contains("\"Withdrawn\"", ReferenceJson.ToLine(
            new CensusEvent { PatientId = "p", Kind = CensusKind.Withdrawn, Effective = assignment.From, Known = assignment.Known }), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("")]
    [InlineData("null")]
    [InlineData("{}")]
    [InlineData("""{"patientId":"p1","careTeamId":"t1"}""")]
    [InlineData("""{"patientId":"p1","careTeamId":"t1","known":"yesterday"}""")]
    [InlineData("""{"patientId":"p1","careTeamId":"t1","known":null}""")]
    [InlineData("""{"patientId":"p1","patientId":"p2","careTeamId":"t1","known":"2025-01-31T07:40:00Z"}""")]
    [InlineData("""{"patientId":"p1","careTeamId":"t1","known":"2025-01-31T07:40:00Z","colour":"blue"}""")]
    public void A_line_that_is_not_of_the_kind_is_refused(string line) => Assert.Throws<JsonException>(() => ReferenceJson.FromLine<Patient>(line));
}
