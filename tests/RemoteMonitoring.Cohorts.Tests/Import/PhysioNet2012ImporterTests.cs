using NodaTime;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;
using static RemoteMonitoring.Cohorts.Tests.Import.PhysioNet2012Fixture;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class PhysioNet2012ImporterTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private FeedFolderContents Import(string rows, int survival = -1, int death = 0)
    {
        _folder.WritePacked('a', Outcomes(("900001", survival, death)), ("900001", Stay("900001", rows)));
        return Import();
    }

    private FeedFolderContents Import()
    {
        var feed = PhysioNet2012Importer.Import(_folder.Source, _folder.Out);
        var read = new FeedFolderContents(_folder.Out);
        Assert.Equal(feed.Messages, read.Messages.Count);
        Assert.Equal(read.Received, read.Accepted.Count + read.Rejected.Count);
        Assert.True(read.InOrder);
        return read;
    }

    [Fact]
    public void All_parameters_of_one_time_are_one_message_in_file_order()
    {
        var feed = Import("00:07,HR,73\n00:07,Temp,35.1\n01:10,HR,75\n00:07,GCS,15\n");
        Assert.Equal(
            [
                """{"time":"2012-01-01T00:00:00Z","readings":[{"code":"8302-2","value":170.2,"unit":"cm"},{"code":"29463-7","value":80.5,"unit":"kg"}]}""",
                """{"time":"2012-01-01T00:07:00Z","readings":[{"code":"8867-4","value":73,"unit":"/min"},{"code":"8310-5","value":35.1,"unit":"Cel"},{"code":"9269-2","value":15,"unit":"{score}"}]}""",
                """{"time":"2012-01-01T01:10:00Z","readings":[{"code":"8867-4","value":75,"unit":"/min"}]}""",
            ],
            feed.BodiesOf("icu-900001"));
    }

    [Fact]
    public void A_measurement_at_48_00_stays_within_48_hours()
    {
        var feed = Import("47:59,HR,73\n48:00,HR,74\n");
        Assert.Equal(PhysioNet2012Importer.Admission + Duration.FromHours(48), feed.TimesOf("icu-900001")[^1]);
    }

    [Fact]
    public void Enqueued_time_is_the_time_of_measurement()
    {
        var feed = Import("10:30,HR,73\n");
        Assert.Equal(feed.Accepted.EffectiveTime, feed.Accepted.EnqueuedTime);
        Assert.True(feed.Feed.Imported);
        Assert.Contains("zero", feed.Feed.SourceDelay, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Albumin", "albumin", 3.1, 3.1)]
    [InlineData("ALP", "alkaline_phosphatase", 80, 80)]
    [InlineData("ALT", "alt", 30, 30)]
    [InlineData("AST", "ast", 30, 30)]
    [InlineData("Bilirubin", "bilirubin", 0.7, 0.7)]
    [InlineData("BUN", "bun", 20, 20)]
    [InlineData("Cholesterol", "cholesterol", 160, 160)]
    [InlineData("Creatinine", "creatinine", 1.1, 1.1)]
    [InlineData("DiasABP", "invasive_diastolic_bp", 60, 60)]
    [InlineData("FiO2", "fio2", 0.5, 50)]
    [InlineData("GCS", "gcs", 14, 14)]
    [InlineData("Glucose", "glucose", 120, 120)]
    [InlineData("HCO3", "bicarbonate", 24, 24)]
    [InlineData("HCT", "hematocrit", 31, 31)]
    [InlineData("HR", "heart_rate", 88, 88)]
    [InlineData("K", "potassium", 4.1, 4.1)]
    [InlineData("Lactate", "lactate", 1.9, 1.9)]
    [InlineData("Mg", "magnesium", 2, 2)]
    [InlineData("MAP", "invasive_mean_bp", 77, 77)]
    [InlineData("MechVent", "ventilation", 1, 1)]
    [InlineData("Na", "sodium", 139, 139)]
    [InlineData("NIDiasABP", "noninvasive_diastolic_bp", 61, 61)]
    [InlineData("NIMAP", "noninvasive_mean_bp", 78, 78)]
    [InlineData("NISysABP", "noninvasive_systolic_bp", 121, 121)]
    [InlineData("PaCO2", "paco2", 40, 40)]
    [InlineData("PaO2", "pao2", 95, 95)]
    [InlineData("pH", "ph", 7.4, 7.4)]
    [InlineData("Platelets", "platelets", 200, 200)]
    [InlineData("RespRate", "respiratory_rate", 18, 18)]
    [InlineData("SaO2", "sao2", 97, 97)]
    [InlineData("SysABP", "invasive_systolic_bp", 120, 120)]
    [InlineData("Temp", "temperature", 37.2, 37.2)]
    [InlineData("TroponinI", "troponin_i", 0.4, 0.4)]
    [InlineData("TroponinT", "troponin_t", 0.04, 0.04)]
    [InlineData("Urine", "urine", 0, 0)]
    [InlineData("WBC", "wbc", 9.5, 9.5)]
    [InlineData("Weight", "weight", 81, 81)]
    [InlineData("Height", "height", 171, 171)]
    public void Each_variable_is_accepted_as_its_vital(string parameter, string key, double value, double canonical)
    {
        var feed = Import(FormattableString.Invariant($"05:00,{parameter},{value}\n"));
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Equal(VitalSignCatalog.Default[key].Index, feed.Accepted.Vital[^1]);
        Assert.Equal(canonical, feed.Accepted.Value[^1], 12);
    }

    [Theory]
    [InlineData("05:00,SysABP,0\n", "implausible")]
    [InlineData("05:00,Temp,-17.8\n", "implausible")]
    [InlineData("05:00,Weight,-1\n", "implausible")]
    [InlineData("05:00,HR,\n", "unparsable")]
    [InlineData("05:00,HR,seventy\n", "unparsable")]
    [InlineData("05:00,HR,NaN\n", "unparsable")]
    [InlineData("05:00,HR,73,80\n", "unparsable")]
    [InlineData("05:00,HR\n", "missing-field")]
    [InlineData("05:00\n", "missing-field")]
    [InlineData("05:00,,\n", "unparsable")]
    [InlineData("05:00,,73\n", "unknown-code")]
    [InlineData("05:00,SpO2,97\n", "unknown-code")]
    [InlineData("05:00,Age,61\n", "unknown-code")]
    public void A_bad_row_with_a_time_reaches_ingestion_and_is_rejected_there(string row, string reason)
    {
        var feed = Import(row);
        Assert.Equal([reason], feed.ReasonsOf("icu-900001"));
        Assert.Empty(feed.Feed.LeftOut);
    }

    [Fact]
    public void A_variable_of_no_known_name_goes_out_under_a_code_that_names_it()
    {
        Assert.Equal(["97"], Import("05:00,SpO2,97\n").ValuesOf("icu-900001", "local:physionet2012-SpO2"));
    }

    [Fact]
    public void Rows_without_a_readable_time_are_counted()
    {
        var feed = Import("noon,HR,73\n5:0,HR,73\n05:61,HR,73\n\n-1:00,HR,73\n05:00,HR,73\n");
        Assert.Equal(5, feed.Feed.LeftOut["row without a readable time"]);
        Assert.Equal(["73"], feed.ValuesOf("icu-900001", "8867-4"));
    }

    [Fact]
    public void A_descriptor_of_minus_one_is_unknown_and_counted()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", Stay("900001", "", "-1", "-1", "-1", "-1", "-1")));
        var feed = Import();
        var patient = Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster));
        Assert.Null(patient.Age);
        Assert.Equal("unknown", patient.Sex);
        Assert.Empty(patient.Attributes);
        Assert.Equal("icu-unknown", patient.CareTeamId);
        Assert.Contains(feed.Rows<CareTeam>(ReferenceKinds.Teams), t => t.CareTeamId == "icu-unknown");
        Assert.Empty(feed.Messages);
        Assert.Equal(
            ["descriptor unknown: Age", "descriptor unknown: Gender", "descriptor unknown: Height", "descriptor unknown: ICUType", "descriptor unknown: Weight"],
            feed.Feed.LeftOut.Keys);
        Assert.All(feed.Feed.LeftOut.Values, count => Assert.Equal(1, count));
    }

    [Fact]
    public void Only_the_first_weight_at_admission_is_a_descriptor()
    {
        var feed = Import("00:00,Weight,-1\n");
        Assert.Equal(["80.5", "-1"], feed.ValuesOf("icu-900001", "29463-7"));
        Assert.Equal(["implausible"], feed.ReasonsOf("icu-900001"));
    }

    [Fact]
    public void A_descriptor_that_cannot_be_goes_out_to_be_rejected()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", Stay("900001", "", age: "old", gender: "2", icuType: "5", height: "tall")));
        var feed = Import();
        Assert.Equal(4, feed.Rejected.Count);
        Assert.Null(feed.Rows<Patient>(ReferenceKinds.Roster)[0].Age);
    }

    [Fact]
    public void Roster_states_age_sex_type_of_unit_and_team()
    {
        _folder.WritePacked(
            'a', Outcomes(("900001", -1, 0), ("900002", -1, 0)),
            ("900001", Stay("900001", age: "54", gender: "0", icuType: "4")), ("900002", Stay("900002", icuType: "1")));
        var feed = Import();
        var patient = feed.Rows<Patient>(ReferenceKinds.Roster)[0];
        Assert.Equal("900001", patient.PatientId);
        Assert.Equal(54, patient.Age);
        Assert.Equal("female", patient.Sex);
        Assert.Equal("icu-4", patient.CareTeamId);
        Assert.Equal(new Dictionary<string, double> { ["icu_type"] = 4, ["icu_type_1"] = 0, ["icu_type_2"] = 0, ["icu_type_3"] = 0, ["icu_type_4"] = 1 }, patient.Attributes);
        Assert.Equal(
            ["Coronary care", "Cardiac surgery recovery", "Medical ICU", "Surgical ICU"],
            feed.Rows<CareTeam>(ReferenceKinds.Teams).Select(t => t.Name));
    }

    [Fact]
    public void A_stay_without_measurements_is_in_roster_and_census()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", Stay("900001", height: "-1", weight: "-1")));
        var feed = Import();
        Assert.Empty(feed.Messages);
        Assert.Single(feed.Rows<Patient>(ReferenceKinds.Roster));
        // The made-up outcome row states a length of stay of 9999 days, which dates the discharge and stands nowhere else.
        var census = feed.Rows<CensusEvent>(ReferenceKinds.Census);
        Assert.Equal([CensusKind.Enrolled, CensusKind.Discharged], census.Select(c => c.Kind));
        Assert.Equal(
            [PhysioNet2012Importer.Admission, PhysioNet2012Importer.Admission + Duration.FromDays(9999)],
            census.Select(c => c.Effective));
    }

    [Theory]
    [InlineData(1, 48 * 3600 + 1)]
    [InlineData(2, 48 * 3600 + 1)]
    [InlineData(3, 72 * 3600)]
    [InlineData(40, 40 * 86400)]
    public void Death_in_hospital_is_dated_by_survival_but_never_within_48_hours(int survivalDays, long seconds)
    {
        var outcome = Assert.Single(Import("05:00,HR,73\n", survivalDays, 1).Rows<Outcome>(ReferenceKinds.Outcomes));
        Assert.Equal("in-hospital-death", outcome.Kind);
        Assert.Equal(PhysioNet2012Importer.Admission + Duration.FromSeconds(seconds), outcome.Effective);
        Assert.Equal(outcome.Effective, outcome.Known);
    }

    [Fact]
    public void Who_left_the_hospital_alive_has_no_outcome_even_if_death_followed()
    {
        Assert.Empty(Import("05:00,HR,73\n", survival: 20, death: 0).Rows<Outcome>(ReferenceKinds.Outcomes));
    }

    [Fact]
    public void Severity_scores_and_length_of_stay_are_nowhere_in_the_feed()
    {
        var feed = Import("05:00,HR,73\n", 5, 1);
        var text = string.Concat(Directory.GetFiles(_folder.Out, "*.ndjson").Append(Path.Combine(_folder.Out, Feed.FileName)).Select(File.ReadAllText))
            + string.Concat(feed.BodiesOf("icu-900001"));
        Assert.All(["icu-900001", "in-hospital-death", "73"], word => Assert.Contains(word, text, StringComparison.Ordinal));
        Assert.All(["7777", "8888", "9999", "SAPS", "SOFA", "ength_of_stay", "urvival"], word => Assert.DoesNotContain(word, text, StringComparison.Ordinal));
    }

    [Fact]
    public void The_packed_and_the_unpacked_set_are_the_same_stream()
    {
        (string, string)[] stays = [("900002", Stay("900002", "05:00,HR,73\n")), ("900001", Stay("900001", "04:00,HR,71\n"))];
        _folder.WritePacked('a', Outcomes(("900001", -1, 0), ("900002", 9, 1)), stays);
        var packed = Import();
        using var other = new TempFolder();
        other.WriteUnpacked('a', Outcomes(("900001", -1, 0), ("900002", 9, 1)), stays);
        PhysioNet2012Importer.Import(other.Source, other.Out);
        var unpacked = new FeedFolderContents(other.Out);
        Assert.Equal(packed.Feed.Epoch, unpacked.Feed.Epoch);
        Assert.Matches("^[0-9a-f]{12}$", packed.Feed.Epoch);
        Assert.Equal(packed.BodiesOf("icu-900002"), unpacked.BodiesOf("icu-900002"));
    }

    [Fact]
    public void Another_value_in_the_source_is_another_stream()
    {
        var first = Import("05:00,HR,73\n").Feed.Epoch;
        Directory.Delete(_folder.Out, recursive: true);
        Assert.NotEqual(first, Import("05:00,HR,74\n").Feed.Epoch);
    }

    [Fact]
    public void All_sets_in_the_folder_are_imported_together()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", Stay("900001")));
        _folder.WriteUnpacked('b', Outcomes(("900002", 3, 1), ("900009", 3, 1)), ("900002", Stay("900002")));
        var feed = Import();
        Assert.Equal(["900001", "900002"], feed.Rows<Patient>(ReferenceKinds.Roster).Select(p => p.PatientId));
        Assert.Equal("900002", Assert.Single(feed.Rows<Outcome>(ReferenceKinds.Outcomes)).PatientId);
        Assert.Equal(1, feed.Feed.LeftOut["outcome of a stay that has no file"]);
        Assert.Contains("set a, b", feed.Feed.Source, StringComparison.Ordinal);
    }

    [Fact]
    public void A_file_with_windows_line_ends_reads_the_same()
    {
        _folder.WritePacked('a', Outcomes(("900001", 3, 1)).ReplaceLineEndings("\r\n"), ("900001", Stay("900001", "05:00,HR,73\n").ReplaceLineEndings("\r\n")));
        var feed = Import();
        Assert.Equal(0, feed.Rejected.Count);
        Assert.Equal(["73"], feed.ValuesOf("icu-900001", "8867-4"));
    }
}
