using System.Text;
using System.Xml.Linq;
using NodaTime;
using RemoteMonitoring.Risk.Drift;
using static RemoteMonitoring.Risk.Tests.Drift.MadeUpRows;

namespace RemoteMonitoring.Risk.Tests.Drift;

public sealed class DriftReportTests
{
    private static readonly Instant s_asOf = Instant.FromUtc(2025, 6, 1, 0, 0);

    [Fact]
    public void Scores_that_rose_drifted_and_scores_of_the_same_people_did_not()
    {
        Assert.Equal(DriftVerdict.Stable, ScoreDrift.Of(Scores(1, 0), Scores(2, 0), Scores(3, 0)).AgainstTraining!.Verdict);
        var risen = ScoreDrift.Of(Scores(1, 1), Scores(2, 0), Scores(3, 1));
        Assert.Equal((DriftVerdict.Drifted, DriftVerdict.Stable), (risen.AgainstTraining!.Verdict, risen.AgainstBefore!.Verdict));
        Assert.True(risen.Now!.Mean > risen.Training!.Mean);
        Assert.True(risen.Now.Quantiles.Zip(risen.Now.Quantiles.Skip(1)).All(q => q.First <= q.Second));
        var none = ScoreDrift.Of(new DriftScores([], []), null, null);
        Assert.Equal((null, null), (none.Now, none.AgainstTraining));
    }

    [Fact]
    public void Who_cannot_be_scored_any_more_is_drift_of_the_workload()
    {
        static Workload Of(int scored, int not) => new() { Runs = 28, PatientDays = scored + not, Listed = 100, Scored = scored, NotScored = new Dictionary<string, int> { ["no reading"] = not }, SetAside = 0 };
        var same = new WorkloadDrift { Now = Of(900, 100), Before = Of(890, 110), TrainingShareScoreable = 0.9 };
        Assert.Equal((DriftVerdict.Stable, DriftVerdict.Stable), (same.AgainstBefore!.Verdict, same.AgainstTraining!.Verdict));
        Assert.Equal(10, same.Now.ListedPerHundredPatientDays);
        Assert.Equal(DriftVerdict.Drifted, (same with { Now = Of(600, 400) }).AgainstBefore!.Verdict);
        Assert.Equal(DriftVerdict.TooFew, (same with { Now = Of(60, 40) }).AgainstBefore!.Verdict);
        Assert.Equal(DriftVerdict.TooFew, (same with { Now = Of(0, 0) }).AgainstBefore!.Verdict);
    }

    [Fact]
    public void A_model_that_ranks_as_it_did_is_stable_one_that_foresees_too_little_or_ranks_no_more_is_not()
    {
        var training = Matured(1, 1, 1);
        PerformanceDrift Against(PerformancePeriod now) => new() { Now = now, Training = training };
        var same = Against(Matured(2, 1, 1));
        Assert.Equal((DriftVerdict.Stable, DriftVerdict.Stable), (same.AurocVerdict, same.ObservedExpectedVerdict));
        Assert.InRange(same.Now!.ObservedExpected.Value, 0.9, 1.1);
        Assert.True(same.Now.Auroc.Low < same.Now.Auroc.Value && same.Now.Auroc.Value < same.Now.Auroc.High);
        // Twice the events that it foresaw, in the same order.
        Assert.Equal(DriftVerdict.Drifted, Against(Matured(3, 1, 2)).ObservedExpectedVerdict);
        var blind = Against(Matured(4, 0, 1));
        Assert.Equal((DriftVerdict.Drifted, DriftVerdict.Drifted), (blind.AurocVerdict, blind.Verdict));
    }

    [Fact]
    public void What_has_not_matured_or_has_few_events_is_not_judged()
    {
        Assert.Equal(DriftVerdict.TooFew, new PerformanceDrift { NotMatured = "too early", Training = Matured(1, 1, 1) }.Verdict);
        var few = new PerformanceDrift { Now = Matured(2, 0, 1) with { Events = DriftLimits.MinimumEvents - 1 }, Training = Matured(1, 1, 1) };
        Assert.Equal(DriftVerdict.TooFew, few.Verdict);
    }

    [Fact]
    public void Intervals_of_patients_are_the_same_on_any_number_of_threads_and_wider_where_days_of_few_are_repeated()
    {
        var scores = MaturedRows(5, 1, 1);
        var (one, two) = (PerformancePeriod.Of(scores, 100, 3, 1, default), PerformancePeriod.Of(scores, 100, 3, 2, default));
        Assert.Equal(one, two);
        var few = PerformancePeriod.Of(scores with { PatientId = [.. scores.PatientId.Select((_, i) => $"p{i % 20}")] }, 100, 3, 2, default);
        Assert.Equal(20, few.Patients);
        Assert.Equal(one.Auroc.Value, few.Auroc.Value);
    }

    [Fact]
    public void A_report_is_read_as_it_was_written_and_one_of_a_newer_program_is_refused_in_one_line()
    {
        var report = Report();
        var bytes = report.ToBytes();
        Assert.Equal(bytes, DriftReport.Read(bytes, "drift.json").ToBytes());
        Assert.Contains("\"verdict\": \"drifted\"", Encoding.UTF8.GetString(bytes), StringComparison.Ordinal);
        var newer = Assert.Throws<FormatException>(() => DriftReport.Read((report with { SchemaVersion = 2 }).ToBytes(), "drift.json"));
        Assert.Equal("drift.json: has version 2; this program reads 1. Take a newer program, or have the report made again.", newer.Message);
        Assert.StartsWith("drift.json: is no report of drift", Assert.Throws<FormatException>(() => DriftReport.Read("[]"u8.ToArray(), "drift.json")).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void One_column_of_many_is_to_watch_and_a_tenth_of_them_have_drifted()
    {
        var one = Report().Columns.Single(c => c.Name == Columns[Temperature].Name);
        var stable = Report().Columns.Single(c => c.Name == Columns[Weight].Name);
        DriftReport With(int drifted, int calm) => Report() with { Columns = [.. Enumerable.Repeat(one, drifted), .. Enumerable.Repeat(stable, calm)] };
        Assert.Equal(DriftVerdict.Watch, With(1, 19).Inputs);
        Assert.Equal(DriftVerdict.Drifted, With(2, 18).Inputs);
        Assert.Equal(DriftVerdict.Stable, With(0, 1).Inputs);
        Assert.Equal(DriftVerdict.TooFew, With(0, 0).Inputs);
    }

    [Fact]
    public void The_page_needs_nothing_else_names_no_patient_and_its_tables_are_whole()
    {
        var page = DriftPage.Render(Report());
        Assert.Equal(page, DriftPage.Render(DriftReport.Read(Report().ToBytes(), "drift.json")));
        Assert.DoesNotMatch("(src|href)=\"(?!#)|url\\(|@import|<script|<link", page);
        Assert.DoesNotContain("p2-1", page, StringComparison.Ordinal);
        Assert.Contains("looks as if it were in [degF]", page, StringComparison.Ordinal);
        Assert.Contains("&lt;b&gt;", page, StringComparison.Ordinal);
        var body = XElement.Parse(page[page.IndexOf("<body>", StringComparison.Ordinal)..page.IndexOf("</html>", StringComparison.Ordinal)]);
        Assert.All(body.Descendants("table"), t =>
        {
            var columns = t.Element("thead")!.Element("tr")!.Elements().Count();
            Assert.All(t.Element("tbody")!.Elements("tr"), r => Assert.Equal(columns, r.Elements().Count()));
        });
        Assert.Single(body.Descendants("figure"));
    }

    [Fact]
    public void A_page_of_nothing_says_so()
    {
        var page = DriftPage.Render(Report() with
        {
            Columns = [],
            Devices = [],
            TrainingDevices = [],
            Scores = ScoreDrift.Of(null, null, null),
            Performance = new() { NotMatured = "No outcome is certain yet." },
            Notices = ["No run fell into it."],
        });
        Assert.Contains("No outcome is certain yet.", page, StringComparison.Ordinal);
        Assert.Contains("No scores of this model", page, StringComparison.Ordinal);
        Assert.Contains("not matured", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Every_verdict_and_every_cause_has_words()
    {
        Assert.Equal(4, Enum.GetValues<DriftVerdict>().Select(DriftWords.Of).Distinct().Count());
        var comparison = Report().Columns[0].Training!;
        Assert.All(Enum.GetValues<DriftCause>(), cause => Assert.NotEmpty(DriftWords.Cause(comparison with { Cause = cause })));
    }

    private static DriftReport Report()
    {
        var (training, now) = (Draw(1), Draw(2).With(Temperature, (t, _) => (t * 1.8) + 32));
        return new()
        {
            SchemaVersion = DriftReport.CurrentSchemaVersion,
            Task = "admission-2d",
            Title = "Admission <b>soon</b>",
            Model = "v1",
            FeatureSet = "home",
            AsOf = s_asOf,
            After = s_asOf - Duration.FromDays(28),
            BeforeAfter = s_asOf - Duration.FromDays(56),
            Rows = now.Rows,
            Patients = now.Patients,
            BeforeRows = 0,
            TrainingRows = training.Rows,
            Devices = now.DeviceShares(),
            TrainingDevices = training.DeviceShares(),
            Columns = ColumnDrift.Of(Columns, now, training, null, default),
            Scores = ScoreDrift.Of(Scores(1, 0), Scores(2, 0), null),
            Workload = new() { Now = new() { Runs = 1, PatientDays = 10, Listed = 1, Scored = 9, NotScored = new Dictionary<string, int> { ["no reading"] = 1 }, SetAside = 0 } },
            Performance = new() { Now = Matured(2, 1, 1), Training = Matured(1, 1, 1) },
            Notices = [],
        };
    }

    private static DriftScores Scores(int seed, double shift)
    {
        var random = new Random(seed);
        return new([.. Enumerable.Range(0, 2000).Select(i => $"p{i}")], [.. Enumerable.Range(0, 2000).Select(_ => 1 / (1 + Math.Exp(3 - shift - (2 * random.NextDouble()))))]);
    }

    private static PerformancePeriod Matured(int seed, double ranks, double timesAsMany) => PerformancePeriod.Of(MaturedRows(seed, ranks, timesAsMany), 100, 1, 2, default);

    /// <summary>Rows whose outcome follows the probability, or the mean of all where <paramref name="ranks"/> is 0.</summary>
    private static MaturedScores MaturedRows(int seed, double ranks, double timesAsMany)
    {
        var random = new Random(seed);
        double[] p = [.. Enumerable.Range(0, 4000).Select(_ => 0.05 + (0.4 * random.NextDouble()))];
        return new([.. p.Select((_, i) => $"p{i / 4}")], p, [.. p.Select(v => random.NextDouble() < timesAsMany * ((ranks * v) + ((1 - ranks) * 0.25)))]);
    }
}
