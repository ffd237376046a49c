using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;
using static RemoteMonitoring.Cohorts.Tests.Import.PhysioNet2019Fixture;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class PhysioNet2019ImporterTests : IDisposable
{
    private const string Id = "p000001";

    private static readonly Instant s_admission = PhysioNet2019Importer.AdmissionOf(Id);

    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private FeedFolderContents Import(params string[] rows)
    {
        _folder.Write($"{Id}.psv", Stay(rows));
        return ImportFrom(_folder.Source);
    }

    private FeedFolderContents ImportFrom(string path)
    {
        var feed = PhysioNet2019Importer.Import(path, _folder.Out);
        var read = new FeedFolderContents(_folder.Out);
        Assert.Equal(feed.Messages, read.Messages.Count);
        Assert.Equal(read.Received, read.Accepted.Count + read.Rejected.Count);
        Assert.True(read.InOrder);
        return read;
    }

    [Fact]
    public void Every_row_is_a_message_at_its_hour_after_admission_and_states_the_hours_so_far()
    {
        var feed = Import(Row(2, 0, ("HR", "88"), ("Temp", "36.7")), Row(3), Row(5, 0, ("O2Sat", "97")));
        Assert.Equal([2, 3, 5], feed.TimesOf("icu-" + Id).Select(t => (t - s_admission).TotalHours));
        Assert.Equal(["2", "3", "5"], feed.ValuesOf("icu-" + Id, "local:icu-hours"));
        Assert.EndsWith(
            """readings":[{"code":"8867-4","value":88,"unit":"/min"},{"code":"8310-5","value":36.7,"unit":"Cel"},{"code":"local:icu-hours","value":2,"unit":"h"}]}""",
            feed.BodiesOf("icu-" + Id)[0], StringComparison.Ordinal);
        Assert.Equal(feed.Accepted.EffectiveTime, feed.Accepted.EnqueuedTime);
        Assert.Equal(0, feed.Rejected.Count);
    }

    [Fact]
    public void An_admission_is_a_midnight_of_four_weeks_and_the_same_whatever_else_is_imported()
    {
        var days = Enumerable.Range(0, 2000).Select(i => PhysioNet2019Importer.AdmissionOf($"p{i:D6}") - PhysioNet2019Importer.FirstAdmission).ToArray();
        Assert.All(days, d => Assert.Equal(Duration.FromDays(d.Days), d));
        Assert.Equal(Enumerable.Range(0, 28), days.Select(d => d.Days).Distinct().Order());
    }

    [Theory]
    [InlineData("HR", "heart_rate", 88, 88)]
    [InlineData("O2Sat", "spo2", 97, 97)]
    [InlineData("Temp", "temperature", 37.2, 37.2)]
    [InlineData("SBP", "systolic_bp", 120, 120)]
    [InlineData("MAP", "mean_bp", 77, 77)]
    [InlineData("DBP", "diastolic_bp", 60, 60)]
    [InlineData("Resp", "respiratory_rate", 18, 18)]
    [InlineData("EtCO2", "etco2", 35, 35)]
    [InlineData("BaseExcess", "base_excess", -3, -3)]
    [InlineData("HCO3", "bicarbonate", 24, 24)]
    [InlineData("FiO2", "fio2", 0.5, 50)]
    [InlineData("pH", "ph", 7.4, 7.4)]
    [InlineData("PaCO2", "paco2", 40, 40)]
    [InlineData("SaO2", "sao2", 97, 97)]
    [InlineData("AST", "ast", 30, 30)]
    [InlineData("BUN", "bun", 20, 20)]
    [InlineData("Alkalinephos", "alkaline_phosphatase", 80, 80)]
    [InlineData("Calcium", "calcium", 8.3, 8.3)]
    [InlineData("Chloride", "chloride", 105, 105)]
    [InlineData("Creatinine", "creatinine", 1.1, 1.1)]
    [InlineData("Bilirubin_direct", "bilirubin_direct", 0.2, 0.2)]
    [InlineData("Glucose", "glucose", 120, 120)]
    [InlineData("Lactate", "lactate", 1.9, 1.9)]
    [InlineData("Magnesium", "magnesium", 2, 2)]
    [InlineData("Phosphate", "phosphate", 3.5, 3.5)]
    [InlineData("Potassium", "potassium", 4.1, 4.1)]
    [InlineData("Bilirubin_total", "bilirubin", 0.7, 0.7)]
    [InlineData("TroponinI", "troponin_i", 0.4, 0.4)]
    [InlineData("Hct", "hematocrit", 31, 31)]
    [InlineData("Hgb", "hemoglobin", 10.5, 10.5)]
    [InlineData("PTT", "aptt", 31, 31)]
    [InlineData("WBC", "wbc", 9.5, 9.5)]
    [InlineData("Fibrinogen", "fibrinogen", 290, 290)]
    [InlineData("Platelets", "platelets", 200, 200)]
    public void Each_variable_is_accepted_as_its_vital(string column, string key, double value, double canonical)
    {
        var feed = Import(Row(1, 0, (column, FormattableString.Invariant($"{value}"))));
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Equal(2, feed.Accepted.Count);
        Assert.Equal(VitalSignCatalog.Default[key].Index, feed.Accepted.Vital[0]);
        Assert.Equal(canonical, feed.Accepted.Value[0], 12);
    }

    [Theory]
    [InlineData("HR", "high", "unparsable")]
    [InlineData("HR", "", "unparsable")]
    [InlineData("SBP", "0", "implausible")]
    public void A_value_that_is_none_reaches_ingestion_and_is_rejected_there(string column, string value, string reason)
    {
        var feed = Import(Row(1, 0, (column, value)));
        Assert.Equal([reason], feed.ReasonsOf("icu-" + Id));
    }

    [Fact]
    public void The_stay_is_from_the_first_row_to_a_second_after_the_last_and_its_end_is_known_when_it_comes()
    {
        var census = Import(Row(3), Row(4), Row(9)).Rows<CensusEvent>(ReferenceKinds.Census);
        Assert.Equal([CensusKind.Enrolled, CensusKind.Discharged], census.Select(c => c.Kind));
        Assert.Equal([s_admission + Duration.FromHours(3), s_admission + Duration.FromHours(9) + Duration.FromSeconds(1)], census.Select(c => c.Effective));
        Assert.Equal(census.Select(c => c.Effective), census.Select(c => c.Known));
    }

    [Fact]
    public void Sepsis_is_an_outcome_at_the_first_positive_hour_known_at_the_end_of_the_record()
    {
        var feed = Import(Row(3), Row(4, 1), Row(5, 1));
        var outcome = Assert.Single(feed.Rows<Outcome>(ReferenceKinds.Outcomes));
        Assert.Equal("sepsis-window", outcome.Kind);
        Assert.Null(outcome.Detail);
        Assert.Equal(s_admission + Duration.FromHours(4), outcome.Effective);
        Assert.Equal(feed.Rows<CensusEvent>(ReferenceKinds.Census)[^1].Known, outcome.Known);
    }

    [Fact]
    public void An_outcome_at_the_first_row_says_so() => Assert.Equal("first-row", Assert.Single(Import(Row(1, 1), Row(2, 1)).Rows<Outcome>(ReferenceKinds.Outcomes)).Detail);

    [Fact]
    public void Without_a_positive_row_there_is_no_outcome() => Assert.Empty(Import(Row(1), Row(2)).Rows<Outcome>(ReferenceKinds.Outcomes));

    [Fact]
    public void A_record_that_goes_on_longer_says_nothing_else_before()
    {
        string[] rows = [Row(1, 0, ("HR", "88")), Row(2, 0, ("HR", "89"))];
        var cut = Import(rows);
        Directory.Delete(_folder.Out, recursive: true);
        var whole = Import([.. rows, Row(3, 1), Row(4, 1)]);
        Assert.Equal(cut.BodiesOf("icu-" + Id), whole.BodiesOf("icu-" + Id).Take(2));
        Assert.Equal(File.ReadAllText(Path.Combine(_folder.Out, "roster.ndjson")), string.Concat(cut.Rows<Patient>(ReferenceKinds.Roster).Select(p => ReferenceJson.ToLine(p) + "\n")));
        var last = s_admission + Duration.FromHours(2);
        Assert.DoesNotContain(whole.Rows<Outcome>(ReferenceKinds.Outcomes), o => o.Known <= last);
        Assert.DoesNotContain(whole.Rows<CensusEvent>(ReferenceKinds.Census), c => c.Kind == CensusKind.Discharged && c.Known <= last);
    }

    [Theory]
    [InlineData("0", "1", "0", "female", "icu-medical", 1.0)]
    [InlineData("1", "0", "1", "male", "icu-surgical", 0.0)]
    [InlineData("1", "NaN", "NaN", "male", "icu-unknown", null)]
    [InlineData("2", "1", "1", "unknown", "icu-unknown", null)]
    public void Roster_states_age_sex_type_of_unit_and_time_in_hospital_before(string gender, string unit1, string unit2, string sex, string team, double? medical)
    {
        var feed = Import(Row(1, 0, ("Gender", gender), ("Unit1", unit1), ("Unit2", unit2)));
        var patient = Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster));
        Assert.Equal((Id, 61.5, sex, team), (patient.PatientId, patient.Age, patient.Sex, patient.CareTeamId));
        Assert.Equal(12.25, patient.Attributes["hours_in_hospital_before_icu"]);
        Assert.Equal(medical, patient.Attributes.TryGetValue("medical_icu", out var is1) ? is1 : null);
        Assert.Equal(team, Assert.Single(feed.Rows<CareTeam>(ReferenceKinds.Teams)).CareTeamId);
        Assert.Equal(s_admission + Duration.FromHours(1), patient.Known);
    }

    [Fact]
    public void Unknown_descriptors_are_left_out_and_counted()
    {
        var feed = Import(Row(1, 0, ("Age", "NaN"), ("HospAdmTime", "NaN"), ("Unit1", "NaN"), ("Unit2", "yes")));
        var patient = Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster));
        Assert.Null(patient.Age);
        Assert.Empty(patient.Attributes);
        Assert.Equal(
            ["descriptor not readable: Unit2", "descriptor unknown: Age", "descriptor unknown: HospAdmTime", "descriptor unknown: Unit1"],
            feed.Feed.LeftOut.Keys);
    }

    [Fact]
    public void A_folder_a_folder_of_an_archive_and_the_archive_itself_are_the_same_stream()
    {
        (string, string)[] stays = [("p000002", Stay(Row(1, 0, ("HR", "70")))), (Id, Stay(Row(1), Row(2, 1)))];
        foreach (var (id, text) in stays)
        {
            _folder.Write($"{id}.psv", text);
        }

        var unpacked = ImportFrom(_folder.Source);
        using var other = new TempFolder();
        other.WriteArchive("training_setA.tar.gz", stays);
        other.WriteArchive("scorer.tar.gz", ("p000009", "PredictedProbability|PredictedLabel\n"));
        Assert.Equal(unpacked.Feed.Epoch, PhysioNet2019Importer.Import(other.Source, other.Out).Epoch);
        Assert.Equal(unpacked.BodiesOf("icu-p000002"), new FeedFolderContents(other.Out).BodiesOf("icu-p000002"));
        Assert.Equal(unpacked.Feed.Epoch, PhysioNet2019Importer.Import(Path.Combine(other.Source, "training_setA.tar.gz"), Path.Combine(other.Root, "second")).Epoch);
    }

    [Fact]
    public void A_file_with_windows_line_ends_and_hours_with_a_point_reads_the_same()
    {
        _folder.Write($"{Id}.psv", Stay(Row(1, 0, ("ICULOS", "1.0")), Row(2, 1)).ReplaceLineEndings("\r\n"));
        var feed = ImportFrom(_folder.Source);
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Single(feed.Rows<Outcome>(ReferenceKinds.Outcomes));
    }
}
