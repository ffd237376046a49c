using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class TihmImporterTests : IDisposable
{
    private const string Physiology = "patient_id,date,device_type,value,unit\r\n";
    private const string Activity = "patient_id,location_name,date\n";
    private const string Labels = "patient_id,date,type\r\n";
    private const string Demographics = "patient_id,age,sex\r\n";

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private FeedFolderContents Import(
        string physiology = "", string activity = "", string labels = "", string people = "a1b2c,\"(70, 80]\",Female\r\n")
    {
        _folder.Write("Physiology.csv", Physiology + physiology);
        _folder.Write("Activity.csv", Activity + activity);
        _folder.Write("Labels.csv", Labels + labels);
        _folder.Write("Demographics.csv", Demographics + people);
        var feed = TihmImporter.Import(_folder.Source, _folder.Out);
        var read = new FeedFolderContents(_folder.Out);
        Assert.Equal(feed.Messages, read.Messages.Count);
        Assert.Equal(read.Received, read.Accepted.Count + read.Rejected.Count);
        Assert.True(read.InOrder);
        return read;
    }

    [Fact]
    public void Readings_of_one_device_at_one_instant_are_one_message_in_utc()
    {
        var feed = Import("a1b2c,2019-05-15 11:53:13,Body weight,53.3,kg\r\na1b2c,2019-05-15 11:53:13,Total body water,54.0,%\r\na1b2c,2019-05-15 11:53:13,O/E - muscle mass,39.8,kg\r\n");
        Assert.Equal(
            ["""{"time":"2019-05-15T10:53:13Z","readings":[{"code":"29463-7","value":53.3,"unit":"kg"},{"code":"local:body-water-percent","value":54.0,"unit":"%"},{"code":"73964-9","value":39.8,"unit":"kg"}]}"""],
            feed.BodiesOf("a1b2c-scale"));
    }

    [Theory]
    [InlineData("Body Temperature", "36.6", "Cel", "thermometer", "temperature")]
    [InlineData("Skin Temperature", "33.1", "Cel", "thermometer", "skin_temperature")]
    [InlineData("Body weight", "70", "kg", "scale", "weight")]
    [InlineData("O/E - muscle mass", "30", "kg", "scale", "muscle_mass")]
    [InlineData("Total body water", "50", "%", "scale", "body_water")]
    [InlineData("Heart rate", "70", "beats/min", "cuff", "heart_rate")]
    [InlineData("Systolic blood pressure", "120", "mm[Hg]", "cuff", "systolic_bp")]
    [InlineData("Diastolic blood pressure", "70", "mm[Hg]", "cuff", "diastolic_bp")]
    public void Each_device_type_is_accepted_as_its_vital(string type, string value, string unit, string device, string key)
    {
        var feed = Import($"a1b2c,2019-05-15 11:53:13,{type},{value},{unit}\r\n");
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Equal([VitalSignCatalog.Default[key].Index], feed.Accepted.Vital);
        Assert.Equal(["a1b2c-" + device], feed.Accepted.DeviceId);
    }

    [Theory]
    [InlineData("kitchen")]
    [InlineData("hallway")]
    [InlineData("lounge")]
    [InlineData("bedroom")]
    [InlineData("bathroom")]
    [InlineData("fridge-door")]
    [InlineData("front-door")]
    [InlineData("back-door")]
    public void Each_sensor_event_counts_one_of_its_location(string location)
    {
        var feed = Import(activity: $"a1b2c,{location},2019-05-15 12:19:32\n");
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Equal([1.0], feed.Accepted.Value);
        Assert.Equal(
            [$$"""{"time":"2019-05-15T11:19:32Z","readings":[{"code":"local:activity-{{location}}","value":1,"unit":"{events}"}]}"""],
            feed.BodiesOf("a1b2c-" + location));
    }

    [Fact]
    public void Physiology_and_activity_are_london_time_and_labels_are_utc()
    {
        var feed = Import(
            "a1b2c,2019-05-15 09:00:00,Heart rate,70,beats/min\r\n", "a1b2c,kitchen,2019-05-15 09:00:01\n", "a1b2c,2019-05-15 09:00:00,Pulse\r\n");
        Assert.Equal([Instant.FromUtc(2019, 5, 15, 8, 0)], feed.TimesOf("a1b2c-cuff"));
        Assert.Equal([Instant.FromUtc(2019, 5, 15, 8, 0, 1)], feed.TimesOf("a1b2c-kitchen"));
        Assert.Equal(Instant.FromUtc(2019, 5, 15, 9, 0), feed.Rows<Outcome>(ReferenceKinds.Outcomes)[0].Effective);
    }

    [Theory]
    [InlineData("2019-01-15 09:00:00", 2019, 1, 15, 9, 0)] // winter: UTC
    [InlineData("2019-03-31 01:30:00", 2019, 3, 31, 1, 30)] // skipped hour: as if not put forward
    [InlineData("2019-10-27 01:30:00", 2019, 10, 27, 0, 30)] // hour that comes twice: its first pass
    public void Times_outside_of_british_summer_time_are_converted_as_documented(string local, int year, int month, int day, int hour, int minute)
    {
        var feed = Import($"a1b2c,{local},Heart rate,70,beats/min\r\n");
        Assert.Equal([Instant.FromUtc(year, month, day, hour, minute)], feed.TimesOf("a1b2c-cuff"));
    }

    [Fact]
    public void Messages_of_all_homes_come_in_order_of_time()
    {
        var feed = Import(
            activity: "a1b2c,kitchen,2019-05-15 12:00:00\na1b2c,kitchen,2019-05-14 12:00:00\nb1b2c,kitchen,2019-05-13 12:00:00\n",
            people: "a1b2c,\"(70, 80]\",Female\r\nb1b2c,\"(80, 90]\",Male\r\n");
        Assert.Equal(3, feed.Messages.Count);
        Assert.Equal(feed.TimesOf("a1b2c-kitchen").Order(), feed.TimesOf("a1b2c-kitchen"));
    }

    [Theory]
    [InlineData("Heart rate,,beats/min", "unparsable")]
    [InlineData("Heart rate,high,beats/min", "unparsable")]
    [InlineData("Heart rate,70,", "wrong-dimension")]
    [InlineData("Heart rate,700,beats/min", "implausible")]
    [InlineData("Skin Temperature,74.1,Cel", "suspected-unit-mix-up")]
    [InlineData("Oxygen saturation,97,%", "unknown-code")]
    public void A_bad_reading_goes_out_as_it_stands_and_is_rejected_by_ingestion(string reading, string reason)
    {
        var feed = Import($"a1b2c,2019-05-15 09:00:00,{reading}\r\n");
        Assert.Equal([reason], feed.Rejected.Reason.Select(Telemetry.Readings.RejectionReasons.ToText));
        Assert.Empty(feed.Feed.LeftOut);
    }

    [Fact]
    public void Rows_without_a_readable_time_are_counted()
    {
        var feed = Import(
            "a1b2c,yesterday,Heart rate,70,beats/min\r\na1b2c,2019-05-15 09:00:00,Heart rate,70,beats/min\r\n",
            "a1b2c,kitchen,2019-02-30 09:00:00\n",
            "a1b2c,,Pulse\r\nx0000,2019-05-15 09:00:00,Pulse\r\n");
        Assert.Equal(1, feed.Feed.LeftOut["physiology row without a readable time"]);
        Assert.Equal(1, feed.Feed.LeftOut["activity row without a readable time"]);
        Assert.Equal(1, feed.Feed.LeftOut["label without a readable time"]);
        Assert.Equal(1, feed.Feed.LeftOut["label of a person who is not in Demographics.csv"]);
        Assert.Single(feed.Messages);
    }

    [Theory]
    [InlineData("\"(70, 80]\"", 75.0)]
    [InlineData("\"(80, 90]\"", 85.0)]
    [InlineData("\"(90, 110]\"", 95.0)]
    [InlineData("unknown", null)]
    public void Age_is_the_middle_of_its_band(string band, double? age)
    {
        var feed = Import(people: $"a1b2c,{band},Male\r\n");
        Assert.Equal(age, feed.Rows<Patient>(ReferenceKinds.Roster)[0].Age);
        Assert.Equal(age is null, feed.Feed.LeftOut.ContainsKey("age band not readable"));
    }

    [Fact]
    public void Roster_keeps_ids_that_look_like_numbers_as_text()
    {
        var feed = Import(activity: "01230,kitchen,2019-05-15 12:00:00\n", people: "01230,\"(70, 80]\",Male\r\n1e400,\"(80, 90]\",Female\r\n");
        var roster = feed.Rows<Patient>(ReferenceKinds.Roster);
        Assert.Equal(["01230", "1e400"], roster.Select(p => p.PatientId));
        Assert.Equal(["male", "female"], roster.Select(p => p.Sex));
        Assert.All(roster, p => Assert.Equal("Europe/London", p.TimeZone));
        var assignment = Assert.Single(feed.Rows<DeviceAssignment>(ReferenceKinds.Assignments));
        Assert.Equal(("01230-kitchen", "01230", null), (assignment.DeviceId, assignment.PatientId, assignment.To));
        var team = Assert.Single(feed.Rows<CareTeam>(ReferenceKinds.Teams));
        Assert.All(roster, p => Assert.Equal(team.CareTeamId, p.CareTeamId));
    }

    [Fact]
    public void A_person_is_enrolled_on_the_london_day_of_the_first_event_and_all_are_withdrawn_after_the_last_day_of_the_study()
    {
        var feed = Import(
            "a1b2c,2019-05-16 00:10:00,Heart rate,70,beats/min\r\n",
            "a1b2c,kitchen,2019-05-17 12:00:00\nb1b2c,kitchen,2019-05-10 12:00:00\nb1b2c,kitchen,2019-06-15 23:29:00\n",
            people: "a1b2c,\"(70, 80]\",Female\r\nb1b2c,\"(80, 90]\",Male\r\nc1b2c,\"(80, 90]\",Male\r\n");
        Assert.Equal(
            [
                ("b1b2c", CensusKind.Enrolled, Instant.FromUtc(2019, 5, 9, 23, 0)),
                ("a1b2c", CensusKind.Enrolled, Instant.FromUtc(2019, 5, 15, 23, 0)),
                ("a1b2c", CensusKind.Withdrawn, Instant.FromUtc(2019, 6, 15, 23, 0)),
                ("b1b2c", CensusKind.Withdrawn, Instant.FromUtc(2019, 6, 15, 23, 0)),
            ],
            feed.Rows<CensusEvent>(ReferenceKinds.Census).Select(c => (c.PatientId, c.Kind, c.Effective)));
        Assert.All(feed.Rows<CensusEvent>(ReferenceKinds.Census), c => Assert.Equal(c.Effective, c.Known));
        Assert.Equal(1, feed.Feed.LeftOut["people without any sensor event: in the roster, not in the census"]);
    }

    [Fact]
    public void An_event_far_outside_the_study_is_a_message_but_moves_no_census()
    {
        var feed = Import(activity: "a1b2c,kitchen,1970-01-01 12:00:00\na1b2c,kitchen,2019-05-10 12:00:00\na1b2c,kitchen,2099-01-01 12:00:00\n");
        Assert.Equal(3, feed.Messages.Count);
        Assert.Equal(
            [Instant.FromUtc(2019, 5, 9, 23, 0), Instant.FromUtc(2019, 5, 10, 23, 0)],
            feed.Rows<CensusEvent>(ReferenceKinds.Census).Select(c => c.Effective));
    }

    [Fact]
    public void Labels_are_outcomes_and_repeated_ones_are_kept()
    {
        var feed = Import(labels: "a1b2c,2019-05-15 12:00:00,Body water\r\na1b2c,2019-05-14 12:00:00,Agitation\r\na1b2c,2019-05-15 12:00:00,Body water\r\n");
        var outcomes = feed.Rows<Outcome>(ReferenceKinds.Outcomes);
        Assert.Equal(["agitation", "body-water", "body-water"], outcomes.Select(o => o.Detail));
        Assert.All(outcomes, o => Assert.Equal(("clinical-alert", o.Effective), (o.Kind, o.Known)));
    }

    [Fact]
    public void A_device_of_a_person_who_is_not_in_the_roster_speaks_but_is_assigned_to_nobody()
    {
        var feed = Import("x0000,2019-05-15 09:00:00,Heart rate,70,beats/min\r\n");
        Assert.Single(feed.Messages);
        Assert.Empty(feed.Rows<DeviceAssignment>(ReferenceKinds.Assignments));
    }

    [Fact]
    public void Packed_and_plain_files_are_the_same_stream_and_another_event_is_another_one()
    {
        var plain = Import(activity: "a1b2c,kitchen,2019-05-15 12:00:00\n");
        string Again(string activity)
        {
            Directory.Delete(_folder.Out, recursive: true);
            File.Delete(Path.Combine(_folder.Source, "Activity.csv"));
            _folder.WriteGzip("Activity.csv.gz", Activity + activity);
            return TihmImporter.Import(_folder.Source, _folder.Out).Epoch;
        }

        Assert.Equal(plain.Feed.Epoch, Again("a1b2c,kitchen,2019-05-15 12:00:00\n"));
        Assert.NotEqual(plain.Feed.Epoch, Again("a1b2c,kitchen,2019-05-15 12:00:01\n"));
    }
}
