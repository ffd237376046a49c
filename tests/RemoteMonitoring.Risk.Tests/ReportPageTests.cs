using System.Globalization;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using NodaTime;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Reporting;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Tests;

public sealed partial class ReportPageTests
{
    private const string Hostile = "<script>alert(1)</script>&\"";

    private static readonly Lazy<(ReportSubject Subject, EvaluationResult Result, string Page)> s_made = new(Make);

    [Fact]
    public void There_are_words_for_every_horizon() =>
        Assert.All(Enum.GetValues<HorizonUnit>(), unit => Assert.NotEmpty(ReportWords.Horizon(new Horizon(unit, 2))));

    [Fact]
    public void The_page_needs_nothing_but_itself()
    {
        var page = s_made.Value.Page;
        Assert.DoesNotMatch("(src|href)=\"(?!#)", page);
        Assert.DoesNotMatch("url\\(|@import|<script|<link", page);
        Assert.Equal("http://www.w3.org/2000/svg", Assert.Single(Regex.Matches(page, "https?://[^\"]+").Select(m => m.Value).Distinct()));
        Assert.StartsWith("<!DOCTYPE html>\n<html lang=\"en\">", page, StringComparison.Ordinal);
        Assert.Contains("<title>", page, StringComparison.Ordinal);
    }

    [Fact]
    public void Names_that_are_data_are_no_markup()
    {
        var (subject, _, page) = s_made.Value;
        Assert.Contains("&lt;script&gt;alert(1)&lt;/script&gt;&amp;&quot;", page, StringComparison.Ordinal);
        Assert.DoesNotContain("<script", page, StringComparison.OrdinalIgnoreCase);
        Assert.Contains(@"\<script\>alert(1)\</script\>\&", ModelCard.Of(subject).ToMarkdown(), StringComparison.Ordinal);
    }

    [Fact]
    public void All_but_the_head_is_well_formed_and_every_table_has_caption_and_scopes()
    {
        var page = s_made.Value.Page;
        var body = XElement.Parse(page[page.IndexOf("<body>", StringComparison.Ordinal)..page.IndexOf("</html>", StringComparison.Ordinal)]);
        var tables = body.Descendants("table").ToArray();
        Assert.True(tables.Length > 10);
        Assert.All(tables, t =>
        {
            Assert.NotEmpty(t.Element("caption")!.Value);
            Assert.All(t.Descendants("th"), h => Assert.NotNull(h.Attribute("scope")));
            var columns = t.Element("thead")!.Element("tr")!.Elements().Count();
            Assert.All(t.Element("tbody")!.Elements("tr"), r => Assert.Equal(columns, r.Elements().Count()));
        });
        Assert.Equal(4, body.Descendants("figure").Count());
        Assert.All(body.Descendants("figure"), f => Assert.NotEmpty(f.Element("figcaption")!.Value));
        var ids = body.Descendants().Attributes("id").Select(a => a.Value).ToArray();
        Assert.Equal(ids.Distinct(), ids);
        Assert.All(body.Descendants("a"), a => Assert.Contains(a.Attribute("href")!.Value[1..], ids));
    }

    [Fact]
    public void What_a_plot_draws_lies_where_its_figures_say()
    {
        var svg = XElement.Parse(new SvgPlot("t", "x", "y", 1, 0, 2).Line("s0", [(0, 0), (0.5, 1), (0.6, double.NaN), (1, 2)]).Point("s1", 0.25, 1, 0.5, 1.5).ToSvg());
        XNamespace ns = "http://www.w3.org/2000/svg";
        var inner = svg.Element(ns + "svg")!;
        var (width, height) = (Number(inner.Attribute("width")!), Number(inner.Attribute("height")!));
        string At(double x, double y) => string.Create(CultureInfo.InvariantCulture, $"{x * width:0.##} {(1 - y) * height:0.##}");
        Assert.Equal($"M{At(0, 0)}L{At(0.5, 0.5)}M{At(1, 1)}", inner.Elements(ns + "path").First().Attribute("d")!.Value);
        var dot = inner.Element(ns + "circle")!;
        Assert.Equal(At(0.25, 0.5), $"{dot.Attribute("cx")!.Value} {dot.Attribute("cy")!.Value}");
        Assert.Equal(["0 %", "20 %", "40 %", "60 %", "80 %", "100 %"], svg.Elements(ns + "text").Take(6).Select(t => t.Value));

        static double Number(XAttribute attribute) => double.Parse(attribute.Value, CultureInfo.InvariantCulture);
    }

    [Fact]
    public void Text_and_lines_stand_out_from_their_ground_in_light_dark_and_print()
    {
        var page = s_made.Value.Page;
        var themes = Regex.Matches(page, @":root \{([^}]*--page[^}]*)\}").Select(m => Colour().Matches(m.Groups[1].Value).ToDictionary(c => c.Groups[1].Value, c => c.Groups[2].Value)).ToArray();
        Assert.Equal(3, themes.Length);
        Assert.All(themes, theme =>
        {
            foreach (var ground in (string[])["page", "panel"])
            {
                // WCAG 2.2: 1.4.3 for text, 1.4.11 for what a picture cannot be read without.
                Assert.All((string[])["text", "soft"], c => Assert.True(Contrast(theme[c], theme[ground]) >= 4.5, $"{c} on {ground}"));
                Assert.All((string[])["s0", "s1", "s2", "s3", "s4", "all", "none"], c => Assert.True(Contrast(theme[c], theme[ground]) >= 3, $"{c} on {ground}"));
            }
        });
    }

    [Fact]
    public void A_page_without_a_patient_has_their_cases_marked_and_those_of_others_untouched()
    {
        var (_, result, page) = s_made.Value;
        var id = result.Errors.FalseAlarms[0].PatientId;
        var other = result.Errors.FalseAlarms[1].PatientId;
        var theirs = result.Errors.Misses.Concat(result.Errors.FalseAlarms).Count(c => c.PatientId == id);
        var (without, cases) = ReportPage.Without(page, id, "erasure-1");
        Assert.Equal(theirs, cases);
        Assert.DoesNotContain($">{id}:", without, StringComparison.Ordinal);
        Assert.DoesNotContain($"\"{id}\"", without, StringComparison.Ordinal);
        Assert.Contains($">{other}:", without, StringComparison.Ordinal);
        Assert.Equal((without, cases), ReportPage.Without(without, id, "erasure-1"));
        Assert.Equal(0, ReportPage.Without(without, "nobody", "erasure-2").Cases);
        XElement.Parse(without[without.IndexOf("<body>", StringComparison.Ordinal)..without.IndexOf("</html>", StringComparison.Ordinal)]);
    }

    [Fact]
    public void A_case_shows_what_moved_the_score_and_the_last_readings_of_its_vector()
    {
        var (_, result, page) = s_made.Value;
        var worst = result.Errors.FalseAlarms[0];
        Assert.Equal(worst.Why.Movers.Select(m => Math.Abs(m.Contribution)).OrderDescending(), worst.Why.Movers.Select(m => Math.Abs(m.Contribution)));
        Assert.NotEmpty(worst.Why.Movers);
        Assert.Contains(Html.Encode(worst.Why.Movers[0].Column.Meaning), page, StringComparison.Ordinal);
        Assert.Equal(10, result.Errors.Misses.Count);
        Assert.Equal(10, result.Errors.FalseAlarms.Count);
    }

    [Fact]
    public void The_models_of_a_rows_devices_are_those_that_were_known_of_at_its_instant()
    {
        var rows = s_made.Value.Result.HeldOut;
        var cuff = Enumerable.Range(0, rows.Rows).Where(i => rows.PatientId[i] == "p0003").OrderBy(i => rows.AsOf[i]).Select(i => rows.DeviceModels[i]).ToArray();
        Assert.Equal(["Watch A", "Watch A", "Cuff 2;Watch A", "Cuff 2;Watch A"], cuff[..4]);
        Assert.All(Enumerable.Range(0, rows.Rows).Where(i => rows.PatientId[i] != "p0003"), i => Assert.Equal("Watch A", rows.DeviceModels[i]));
    }

    [Fact]
    public void The_same_evaluation_makes_the_same_bytes()
    {
        var (subject, result, page) = s_made.Value;
        Assert.Equal(page, ReportPage.Render(subject, [result]));
        Assert.Equal(page, Make(parallelism: 3).Page);
    }

    [Fact]
    public void The_card_says_whether_the_data_is_made_up_who_is_too_few_and_what_the_model_does_not_beat()
    {
        var (subject, result, _) = s_made.Value;
        var difference = result.Report.Differences[MetricNames.Logistic][MetricNames.Auroc];
        Assert.False(difference.Low > 0);
        var real = ModelCard.Of(subject).ToMarkdown();
        var synthetic = ModelCard.Of(subject with { Source = new(["simulated"], true) }).ToMarkdown();
        Assert.Contains("Results on synthetic data do not compare with these.", real, StringComparison.Ordinal);
        Assert.Contains("Results on synthetic data do not compare with results on real data", synthetic, StringComparison.Ordinal);
        Assert.Contains("Condition: rare (", real, StringComparison.Ordinal);
        Assert.DoesNotContain("Sex: female (", real, StringComparison.Ordinal);
        Assert.Contains($"{(difference.High < 0 ? "Ranks worse" : "Not shown to rank better")} than: Logistic regression", real, StringComparison.Ordinal);
        Assert.Contains("No contact of staff with patients is on record", real, StringComparison.Ordinal);
        Assert.Contains("Model of the device: Cuff 2 (", real, StringComparison.Ordinal);
        Assert.DoesNotContain("names the model of a device", real, StringComparison.Ordinal);
        Assert.DoesNotContain("nothing on record says it: model", s_made.Value.Page, StringComparison.Ordinal);
        var none = result.Report.Clinical! with { Subgroups = [.. result.Report.Clinical.Subgroups.Where(s => s.Dimension != SubgroupDimensions.DeviceModel)] };
        Assert.Contains("No assignment names the model of a device", ModelCard.Of(subject with { Evaluations = [result.Report with { Clinical = none }] }).ToMarkdown(), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(DeathBeforeEvent.Negative, "death before that leaves it negative")]
    [InlineData(DeathBeforeEvent.Censored, "death before that leaves it without a label")]
    [InlineData(DeathBeforeEvent.Positive, "or death does")]
    public void The_card_says_how_the_task_counts_death(DeathBeforeEvent how, string said)
    {
        var subject = s_made.Value.Subject;
        Assert.Contains(said, ModelCard.Of(subject with { Task = subject.Task with { DeathBeforeEvent = how } }).ToMarkdown(), StringComparison.Ordinal);
    }

    private static (ReportSubject Subject, EvaluationResult Result, string Page) Make() => Make(2);

    private static (ReportSubject Subject, EvaluationResult Result, string Page) Make(int parallelism)
    {
        // What is planted is linear: trees do not beat a logistic regression on it.
        var (cohort, table) = SyntheticCohort.Make(120, 12, 6, 0.1, row => double.IsNaN(row[3]) ? -1 : (1.2 * row[3]) - 1.5);
        var settings = SyntheticCohort.Quick with { Parallelism = parallelism };
        var data = LabelledRows.Join(cohort, table);
        var events = cohort.Rows.Where(r => r.Label).Select(r => new Outcome { PatientId = r.PatientId, Kind = "clinical-alert", Effective = r.AsOf + Duration.FromHours(10), Known = r.AsOf + Duration.FromHours(10) });
        var patients = cohort.Rows.Select(r => r.PatientId).Distinct().Select((id, i) => new Patient
        {
            PatientId = id,
            CareTeamId = i % 2 == 0 ? "north" : "south",
            Age = 60 + (i % 30),
            Sex = i % 2 == 0 ? "female" : "male",
            Conditions = i == 0 ? ["rare"] : [Hostile],
            Known = SyntheticCohort.Start,
        });
        var end = SyntheticCohort.Start + Duration.FromDays(14);
        // One has a cuff that becomes known of on the third day, and everybody a watch.
        var devices = patients.Select((p, i) => new DeviceAssignment { DeviceId = $"watch-{i}", PatientId = p.PatientId, From = SyntheticCohort.Start, DeviceModel = "Watch A", Known = SyntheticCohort.Start })
            .Append(new() { DeviceId = "cuff", PatientId = "p0003", From = SyntheticCohort.Start, DeviceModel = "Cuff 2", Known = SyntheticCohort.Start + Duration.FromDays(2.5) });
        var context = RowContext.Of(SyntheticCohort.Task, new ReferenceData { Patients = [.. patients], Assignments = [.. devices], Outcomes = [.. events] }, end);
        var result = Evaluator.Evaluate(data, cohort.Flow, SplitKind.NewPatients, settings, null, CancellationToken.None, context);
        var model = RiskModel.Train(data, end, settings, result.Report, null, CancellationToken.None);
        var subject = new ReportSubject { Task = SyntheticCohort.Task, Version = "v1", Model = model.Document, Source = new([Hostile], false), Evaluations = [result.Report] };
        return (subject, result, ReportPage.Render(subject, [result]));
    }

    private static double Contrast(string one, string other)
    {
        static double Luminance(string hex)
        {
            double Part(int at)
            {
                var c = int.Parse(hex.AsSpan(at, 2), NumberStyles.HexNumber, CultureInfo.InvariantCulture) / 255.0;
                return c <= 0.04045 ? c / 12.92 : Math.Pow((c + 0.055) / 1.055, 2.4);
            }

            return (0.2126 * Part(1)) + (0.7152 * Part(3)) + (0.0722 * Part(5));
        }

        var (a, b) = (Luminance(one), Luminance(other));
        return (Math.Max(a, b) + 0.05) / (Math.Min(a, b) + 0.05);
    }

    [GeneratedRegex("--([a-z0-9]+): (#[0-9a-f]{6})")]
    private static partial Regex Colour();
}
