using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Cohorts.Import.Hospital;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Import.Hospital;

public sealed class HospitalFileTests : IDisposable
{
    private static readonly Instant s_now = Instant.FromUtc(2025, 6, 1, 0, 0);
    private readonly string _file = Path.GetTempFileName();

    public void Dispose() => File.Delete(_file);

    [Theory]
    [InlineData("\r")]
    [InlineData("\n")]
    [InlineData("\r\n")]
    public void A_batch_of_messages_admits_and_discharges_whatever_ends_its_segments(string end)
    {
        var events = Adt(string.Join(end,
            "FHS|^~\\&|a", "BHS|^~\\&|a",
            "\u000BMSH|^~\\&|his|h|rm|r|20250103||ADT^A01^ADT_A01|1|P|2.5", "EVN|A01|20250103050000+0000", "PID|1||p1^^^HOSP^MR||Doe^J", "PV1|1|I" + Fields(42) + "20250103040506+0100", "\u001C",
            "MSH|^~\\&|his|h|rm|r|20250105||ADT^A03|2|P|2.5", "EVN||20250105080000+0000", "PID|||p1^^^HOSP^MR", "PV1|1|I" + Fields(43) + "202501050700+0000",
            "BTS|2", "FTS|1"));
        Assert.Empty(events.Problems);
        Assert.Equal(["Admitted 2025-01-03T03:05:06Z", "Discharged 2025-01-05T07:00:00Z"], Census(events));
        Assert.Equal([(HospitalEvents.Admission, Instant.FromUtc(2025, 1, 3, 3, 5, 6))], events.Outcomes.Select(o => (o.Kind, o.Effective)));
        Assert.Equal(2, events.Read);
    }

    [Fact]
    public void Times_fall_back_on_EVN_2_and_need_a_zone()
    {
        var text = Message("A04", "20250103040506", "p1^^^H") + Message("A03", "20250104", "p1^^^H");
        Assert.Equal(2, Adt(text).Problems.Count(p => p.ToString().Contains("has no zone; say which with --time-zone", StringComparison.Ordinal)));
        Assert.Equal(["Admitted 2025-01-03T03:05:06Z", "Discharged 2025-01-03T23:00:00Z"], Census(Adt(text, zone: "Europe/Berlin")));
    }

    [Fact]
    public void Encoding_characters_and_escapes_are_those_of_the_message()
    {
        var events = Adt("MSH#*~!%#his#h#rm#r#2025##ADT*A01#1#P#2.5\rEVN##20250103040506+0000\rPID###p!S!1***HO!T!SP\r", idSystem: "HO%SP", roster: "p*1");
        Assert.Empty(events.Problems);
        Assert.Equal("p*1", Assert.Single(events.Census).PatientId);
    }

    [Fact]
    public void The_patient_is_the_one_of_the_assigning_authority()
    {
        var text = Message("A01", "20250103040506+0000", "77^^^SSN~p1^^^HOSP&1.2.3&ISO^MR");
        Assert.Contains("several patient ids; name the authority", Assert.Single(Adt(text).Problems).ToString(), StringComparison.Ordinal);
        Assert.Equal("p1", Assert.Single(Adt(text, idSystem: "HOSP").Census).PatientId);
        Assert.Equal("p1", Assert.Single(Adt(text, idSystem: "1.2.3").Census).PatientId);
        Assert.Equal((3L, "PID-3"), Assert.Single(Adt(text, idSystem: "OTHER").Problems) is var p ? (p.Line, p.Place) : default);
        Assert.Contains("'77' is not on the roster", Assert.Single(Adt(text, idSystem: "SSN").Problems).ToString(), StringComparison.Ordinal);
    }

    [Fact]
    public void A_death_is_taken_once_and_other_events_are_counted()
    {
        var events = Adt(
            Message("A08", "20250104000000+0000", "p1") + Message("A08", "20250105000000+0000", "p1", Fields(26) + "20250104120000+0000|Y")
            + Message("A03", "20250105000000+0000", "p1", Fields(26) + "20250104120000+0000|Y") + "MSH|^~\\&|his|h|rm|r|2025||ORU^R01|1|P|2.5\r");
        Assert.Equal(["Died 2025-01-04T12:00:00Z", "Discharged 2025-01-05T00:00:00Z"], Census(events));
        Assert.Equal([HospitalEvents.Death], events.Outcomes.Select(o => o.Kind));
        Assert.Equal(["ADT A08", "death said again", "messages of type ORU"], events.Ignored.Keys);
    }

    [Fact]
    public void A_cancelled_admission_is_taken_back_and_the_same_file_again_adds_nothing()
    {
        var first = Adt(Message("A01", "20250103040506+0000", "p1") + Message("A01", "20250101000000+0000", "p1"));
        var cancel = Message("A11", "20250103090000+0000", "p1");
        var second = Adt(cancel, first.Census);
        Assert.Equal(["Admitted 2025-01-03T04:05:06Z taken back"], Census(second));
        Assert.Equal(["Admitted 2025-01-01T00:00:00Z"], first.Census.Concat(second.Census).HoldingAt(s_now).Select(e => $"{e.Kind} {e.Effective}"));
        Assert.Single(first.Outcomes.Concat(second.Outcomes).HoldingAt(s_now));

        CensusEvent[] log = [.. first.Census, .. second.Census];
        Assert.Empty(ReferenceChange.Of(log, Adt(cancel, log).Census).ToAppend);
        var both = Adt(Message("A01", "20250203040506+0000", "p1") + Message("A11", "20250203090000+0000", "p1"));
        Assert.Empty(both.Census);
        Assert.Empty(both.Outcomes);
        Assert.Equal(["admissions cancelled in the same file"], both.Ignored.Keys);
        Assert.Contains("is not there", Assert.Single(Adt(cancel).Problems).What, StringComparison.Ordinal);
    }

    [Fact]
    public void What_is_no_message_is_named_by_its_line()
    {
        var events = Adt("PID|||p1\rMSH\rPID|||p1\r" + Message("A01", "", "p1") + Message("A01", "x", "p1") + Message("A01", "20990101000000+0000", "p1"));
        Assert.Empty(events.Census);
        Assert.Equal(
            ["1 belongs to no message", "2 names no four encoding characters", "3 belongs to no message", "4 says nowhere when it happened", "8 'x' is no time of at least a day", "10 the event is yet to come"],
            events.Problems.Select(p => $"{p.Line} {p.What}"));
    }

    [Fact]
    public void Encounters_of_a_stay_admit_and_discharge_and_a_disposition_or_a_patient_tells_of_death()
    {
        var events = Fhir(
            Encounter("IMP", "finished", "2025-01-03T04:05:06Z", "2025-01-05T00:00:00+01:00", "Patient/p1") + "\n"
            + Encounter("EMER", "in-progress", "2025-02-03T04:05:06.5Z", null, "https://h/fhir/Patient/p2/_history/3") + "\n"
            + Encounter("AMB", "finished", "2025-01-03T04:05:06Z", "2025-01-03T05:00:00Z", "Patient/p1") + "\n\n"
            + Encounter("ACUTE", "finished", "2025-03-01T00:00:00Z", "2025-03-02T00:00:00Z", "Patient/p1", """, "hospitalization": {"dischargeDisposition": {"coding": [{"code": "exp"}]}}""") + "\n"
            + """{"resourceType": "Patient", "id": "p2", "deceasedDateTime": "2025-04-01T00:00:00Z"}""" + "\n" + """{"resourceType": "Observation"}""");
        Assert.Empty(events.Problems);
        Assert.Equal(
            ["Admitted 2025-01-03T04:05:06Z", "Admitted 2025-02-03T04:05:06Z", "Admitted 2025-03-01T00:00:00Z", "Died 2025-03-02T00:00:00Z", "Died 2025-04-01T00:00:00Z", "Discharged 2025-01-04T23:00:00Z", "Discharged 2025-03-02T00:00:00Z"],
            Census(events).Order(StringComparer.Ordinal));
        Assert.Equal(["Observation resources", "encounters of class AMB"], events.Ignored.Keys);
    }

    [Fact]
    public void A_bundle_names_patients_by_an_identifier_and_what_was_in_error_is_taken_back()
    {
        string Bundle(string status) => $$$"""
            {
              "resourceType": "Bundle",
              "entry": [
                {"resource": {{{Encounter("IMP", status, "2025-01-03", null, "urn:uuid:7")}}}},
                {"resource": {"resourceType": "Patient", "id": "7", "identifier": [{"system": "other", "value": "x"}, {"system": "urn:mrn", "value": "p1"}]}}
              ]
            }
            """;
        var first = Fhir(Bundle("in-progress"), idSystem: "urn:mrn", zone: "Europe/Berlin");
        Assert.Equal(["Admitted 2025-01-02T23:00:00Z"], Census(first));
        var second = Fhir(Bundle("entered-in-error"), first.Census, "urn:mrn", "Europe/Berlin");
        Assert.Equal(["Admitted 2025-01-02T23:00:00Z taken back"], Census(second));
        Assert.Equal("p1", Assert.Single(second.Census).PatientId);
    }

    [Fact]
    public void Lines_that_are_no_resource_or_say_too_little_are_named()
    {
        var events = Fhir("not json\n" + Encounter("IMP", "finished", "2025-01", null, "Patient/p1") + "\n" + """{"resourceType":"Encounter","status":"finished"}""" + "\n" + """{"id":"1"}""" + "\n"
            + """{"resourceType":"Patient","id":"p1","deceasedBoolean":true}""" + "\n" + Encounter("IMP", "finished", "2025-01-01T00:00:00Z", null, "Patient/stranger"));
        Assert.Equal([1, 2, 3, 4, 5, 6], events.Problems.Select(p => p.Line));
        Assert.Empty(events.Census);
    }

    private HospitalEvents Adt(string text, IReadOnlyList<CensusEvent>? census = null, string? idSystem = null, string? zone = null, string roster = "p1")
    {
        File.WriteAllText(_file, text);
        return AdtFile.Read(_file, Options(census, idSystem, zone, roster));
    }

    private HospitalEvents Fhir(string text, IReadOnlyList<CensusEvent>? census = null, string? idSystem = null, string? zone = null)
    {
        File.WriteAllText(_file, text);
        return FhirFile.Read(_file, Options(census, idSystem, zone, "p1"));
    }

    private static HospitalFileOptions Options(IReadOnlyList<CensusEvent>? census, string? idSystem, string? zone, string roster) =>
        new(new HashSet<string> { roster, "p2" }, census ?? [], idSystem, zone is null ? null : DateTimeZoneProviders.Tzdb[zone], s_now);

    private static IEnumerable<string> Census(HospitalEvents events) =>
        events.Census.Select(e => $"{e.Kind} {InstantPattern.General.Format(e.Effective)}{(e.TakenBack == true ? " taken back" : "")}");

    private static string Message(string trigger, string time, string patient, string pid = "") =>
        $"MSH|^~\\&|his|h|rm|r|2025||ADT^{trigger}|1|P|2.5\rEVN||{time}\rPID|||{patient}{pid}\r";

    private static string Fields(int count) => new('|', count);

    private static string Encounter(string code, string status, string start, string? end, string subject, string more = "") =>
        $$"""{"resourceType": "Encounter", "status": "{{status}}", "class": {"code": "{{code}}"}, "subject": {"reference": "{{subject}}"}, "period": {"start": "{{start}}"{{(end is null ? "" : $", \"end\": \"{end}\"")}}}{{more}}}""";
}
