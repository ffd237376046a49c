using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class UciDiabetesImporterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private FeedFolderContents Import(params string[] rows)
    {
        _folder.Write("data-07", string.Concat(rows.Select(r => r.Replace(' ', '\t') + "\n")));
        return Import();
    }

    private FeedFolderContents Import()
    {
        var feed = UciDiabetesImporter.Import(_folder.Source, _folder.Out);
        var read = new FeedFolderContents(_folder.Out);
        Assert.Equal(feed.Messages, read.Messages.Count);
        Assert.Equal(read.Received, read.Accepted.Count + read.Rejected.Count);
        Assert.True(read.InOrder);
        return read;
    }

    private static Instant At(int day, int hour, int minute = 0) => Instant.FromUtc(1991, 4, day, hour, minute);

    [Fact]
    public void What_a_diary_says_of_one_minute_is_one_message_with_values_as_written()
    {
        var feed = Import("04-21-1991 9:09 58 100", "04-21-1991 9:09 33 009", "04-21-1991 17:08 62 119");
        Assert.Equal(
            [
                """{"time":"1991-04-21T09:09:00Z","readings":[{"code":"41653-7","value":100,"unit":"mg/dL"},{"code":"local:insulin-regular-dose","value":"009","unit":"[iU]"}]}""",
                """{"time":"1991-04-21T17:08:00Z","readings":[{"code":"41653-7","value":119,"unit":"mg/dL"}]}""",
            ],
            feed.BodiesOf("diary-07"));
        Assert.Equal([100, 9, 119], feed.Accepted.Value);
    }

    [Theory]
    [InlineData("33", "insulin_regular", "10", 10)]
    [InlineData("34", "insulin_nph", "013", 13)]
    [InlineData("35", "insulin_ultralente", "2.5", 2.5)]
    [InlineData("48", "capillary_glucose", "200", 200)]
    [InlineData("57", "capillary_glucose", "200", 200)]
    [InlineData("58", "capillary_glucose", "200", 200)]
    [InlineData("59", "capillary_glucose", "200", 200)]
    [InlineData("60", "capillary_glucose", "200", 200)]
    [InlineData("61", "capillary_glucose", "200", 200)]
    [InlineData("62", "capillary_glucose", "200", 200)]
    [InlineData("63", "capillary_glucose", "200", 200)]
    [InlineData("64", "capillary_glucose", "200", 200)]
    [InlineData("65", "hypoglycaemic_symptoms", "000", 1)]
    [InlineData("66", "meal", "0", 0)]
    [InlineData("67", "meal", "0", 1)]
    [InlineData("68", "meal", "0", -1)]
    [InlineData("69", "exercise", "0", 0)]
    [InlineData("70", "exercise", "0", 1)]
    [InlineData("71", "exercise", "0", -1)]
    public void Each_code_is_accepted_as_its_vital(string code, string key, string value, double canonical)
    {
        var feed = Import($"04-21-1991 9:09 {code} {value}");
        Assert.Equal(VitalSignCatalog.Default[key].Index, Assert.Single(feed.Accepted.Vital));
        Assert.Equal(canonical, feed.Accepted.Value[0]);
    }

    [Theory]
    [InlineData("58 0Hi", "unparsable")]
    [InlineData("58 0Lo", "unparsable")]
    [InlineData("58 ", "unparsable")]
    [InlineData("58 0''", "unparsable")]
    [InlineData("58 0", "implausible")]
    [InlineData("33 3A", "unparsable")]
    [InlineData("33 388", "implausible")]
    [InlineData("0 ", "unparsable")]
    [InlineData("4 0", "unknown-code")]
    [InlineData("36 5", "unknown-code")]
    [InlineData("56 120", "unknown-code")]
    [InlineData("72 0", "unknown-code")]
    public void A_dirty_row_with_a_time_reaches_ingestion_and_is_rejected_there(string row, string reason)
    {
        var feed = Import("04-21-1991 9:09 " + row);
        Assert.Equal([reason], feed.ReasonsOf("diary-07"));
        Assert.Empty(feed.Feed.LeftOut);
        Assert.Empty(feed.Rows<Outcome>(ReferenceKinds.Outcomes));
    }

    [Fact]
    public void Rows_that_do_not_say_when_are_counted()
    {
        var feed = Import(" 138 33 3A", "04-31-1991 9:09 58 100", "04-21-1991 11:0 58 100", "04-21-1991 25:10 58 100", "04-21-1991 9:09 58 100");
        Assert.Equal(new Dictionary<string, long> { ["row without a readable date"] = 2, ["row without a readable time"] = 2 }, feed.Feed.LeftOut);
        Assert.Single(feed.Messages);
    }

    [Fact]
    public void A_day_is_measured_from_its_first_glucose_that_is_a_number()
    {
        var feed = Import("04-21-1991 7:00 58 0Hi", "04-21-1991 9:00 60 100", "04-21-1991 12:00 60 100", "04-22-1991 23:59 62 90", "04-23-1991 8:00 33 9");
        Assert.Equal(
            [("glucose-measured", At(21, 9)), ("glucose-measured", At(22, 23, 59))],
            feed.Rows<Outcome>(ReferenceKinds.Outcomes).Select(o => (o.Kind, o.Effective)));
    }

    [Fact]
    public void What_is_measured_at_midnight_is_of_the_day_that_ends_there_and_leaves_the_next_its_own()
    {
        var feed = Import("04-21-1991 9:00 60 100", "04-22-1991 0:00 62 90", "04-22-1991 8:00 58 95", "04-24-1991 0:00 62 90");
        Assert.Equal([At(21, 9), At(22, 8), At(24, 0)], feed.Rows<Outcome>(ReferenceKinds.Outcomes).Select(o => o.Effective));
    }

    [Fact]
    public void Each_glucose_below_54_is_an_outcome_that_is_known_at_once()
    {
        var feed = Import("04-21-1991 8:00 58 54", "04-21-1991 12:00 60 53.9", "04-21-1991 12:00 60 40", "04-21-1991 18:00 62 53");
        var low = feed.Rows<Outcome>(ReferenceKinds.Outcomes).Where(o => o.Kind == "glucose-below-54").ToArray();
        Assert.Equal([At(21, 12), At(21, 18)], low.Select(o => o.Effective));
        Assert.All(low, o => Assert.Equal(o.Effective, o.Known));
    }

    [Fact]
    public void A_person_is_enrolled_at_the_first_dated_row_and_withdrawn_at_the_last_whatever_their_order()
    {
        var feed = Import("04-22-1991 9:09 58 100", "04-21-1991 9:09 72 0", "04-25-1991 10:00 33 9", "04-24-1991 10:00 33 9");
        Assert.Equal(
            [(CensusKind.Enrolled, At(21, 9, 9)), (CensusKind.Withdrawn, At(25, 10))],
            feed.Rows<CensusEvent>(ReferenceKinds.Census).Select(c => (c.Kind, c.Known)));
        var patient = Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster));
        Assert.Equal(("07", At(21, 9, 9)), (patient.PatientId, patient.Known));
    }

    [Fact]
    public void A_diary_without_a_dated_row_is_counted_and_has_no_patient()
    {
        _folder.Write("data-01", "\t138\t33\t3A\n");
        _folder.Write("data-02", "04-21-1991\t9:09\t58\t100\n");
        _folder.Write("Data-Codes", "33 = Regular insulin dose\n");
        var feed = Import();
        Assert.Equal("02", Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster)).PatientId);
        Assert.Equal(1, feed.Feed.LeftOut["diary without a dated row"]);
    }

    [Fact]
    public void The_same_diaries_are_the_same_stream_and_under_other_names_another()
    {
        var first = Import("04-21-1991 9:09 58 100").Feed.Epoch;
        using var same = new TempFolder();
        same.WriteGzip("data-07.gz", "04-21-1991\t9:09\t58\t100\n");
        Assert.Equal(first, UciDiabetesImporter.Import(same.Source, same.Out).Epoch);
        using var renamed = new TempFolder();
        renamed.Write("data-08", "04-21-1991\t9:09\t58\t100\n");
        Assert.NotEqual(first, UciDiabetesImporter.Import(renamed.Source, renamed.Out).Epoch);
    }

    [Theory]
    [InlineData("data-07", "04-21-1991\t9:09\t58\n", "data-07", "line 1")]
    [InlineData("data-07", "04-21-1991\t9:09\t58\t100\n\n", "data-07", "line 2")]
    [InlineData("data-07", "\t138\t33\t3A\n", "No diary", "date")]
    [InlineData("diary-07", "04-21-1991\t9:09\t58\t100\n", "data-01", "download")]
    public void What_is_no_diary_is_refused_in_one_line(string name, string text, string what, string where)
    {
        _folder.Write(name, text);
        var error = Assert.Throws<ImportException>(() => UciDiabetesImporter.Import(_folder.Source, _folder.Out));
        Assert.DoesNotContain('\n', error.Message);
        Assert.Contains(what, error.Message, StringComparison.Ordinal);
        Assert.Contains(where, error.Message, StringComparison.Ordinal);
        Assert.True(_folder.NothingWritten);
    }
}
