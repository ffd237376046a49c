using System.Text.Json;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class PublicDataTests(DemoRuns demos, ITestOutputHelper output)
{
    [Fact]
    public async Task Death_in_hospital_of_the_2012_challenge_is_foreseen_for_patients_never_seen_with_the_floors_of_auroc_auprc_and_official_score()
    {
        if (await demos.OfAsync("physionet2012", output) is not { } demo)
        {
            return;
        }

        var document = demo.Document;
        Show(document);
        Floor(document, "auroc", 0.855);
        Floor(document, "auprc", 0.50);
        // The smaller of sensitivity and precision, at each fold's threshold from its training rows.
        Floor(document, "min_sensitivity_precision", 0.49);
        Assert.True(Auroc(document, "model") > Auroc(document, "news2"));
        Assert.Equal(4000, document.GetProperty("evaluations")[0].GetProperty("rows").GetInt32());
        Assert.Equal(554, document.GetProperty("evaluations")[0].GetProperty("events").GetInt32());

        // Published counts of values at or below zero; for weight, 326 of the 510 are the -1 that means unknown at 00:00.
        var rejected = document.GetProperty("rejected_by_vital").EnumerateArray().ToArray();
        foreach (var (code, count) in ((string, int)[])
        [
            ("76215-3", 685), ("76213-8", 681), ("29463-7", 510 - 326), ("76534-7", 174), ("76535-4", 103),
            ("8310-5", 63), ("9279-1", 59), ("76536-2", 44), ("76214-6", 31), ("8867-4", 11),
        ])
        {
            Assert.Equal(count, rejected.Where(r => r.GetProperty("code").GetString() == code).Sum(r => r.GetProperty("zero_or_below").GetInt32()));
        }

        Assert.Equal(326, document.GetProperty("left_out").GetProperty("descriptor unknown: Weight").GetInt32());
    }

    [Fact]
    public async Task Alerts_of_tihm_are_foreseen_for_known_patients_and_for_new_ones_beside_the_trailing_rate()
    {
        if (await demos.OfAsync("tihm", output) is not { } demo)
        {
            return;
        }

        var document = demo.Document;
        Show(document);
        var evaluations = document.GetProperty("evaluations").EnumerateArray().ToArray();
        AssertSplits(evaluations, "5 windows forward in time", "5 folds by patient: nobody", "5 folds by patient, tested on the last");
        Assert.All(evaluations, e => AssertPaired(e, "trailing_rate"));
        Floor(document, "auroc", 0.79);
        Floor(document, "auprc", 0.55);
        var flow = document.GetProperty("cohort_flow").EnumerateArray().ToDictionary(s => s.GetProperty("step").GetString()!, s => s.GetProperty("patients").GetInt32());
        Assert.Equal((56, 7), (flow["on-roster"], flow["no-census"]));
    }

    [Fact]
    public async Task Low_glucose_of_the_coming_day_is_foreseen_beside_the_trailing_rate_for_patients_never_seen()
    {
        if (await demos.OfAsync("uci-diabetes", output) is not { } demo)
        {
            return;
        }

        var document = demo.Document;
        Show(document);
        var evaluations = document.GetProperty("evaluations").EnumerateArray().ToArray();
        AssertSplits(evaluations, "5 folds by patient: nobody", "5 windows forward in time", "5 folds by patient, tested on the last");
        Assert.All(evaluations, e => AssertPaired(e, "trailing_rate"));
        Assert.Equal((3669, 644), (evaluations[0].GetProperty("rows").GetInt32(), evaluations[0].GetProperty("events").GetInt32()));
        Assert.True(Auroc(document, "model") >= 0.68);
        Assert.True(Auroc(document, "trailing_rate") >= 0.65);
        Assert.Equal(33, document.GetProperty("left_out").GetProperty("row without a readable date").GetInt32());
    }

    /// <summary>Trains on half a million hours five times over, with and without some columns: some ten minutes on two cores.</summary>
    [Fact]
    public async Task Sepsis_of_the_2019_challenge_is_foreseen_for_patients_never_seen_with_the_floors_of_auroc_and_utility()
    {
        if (!PublicData.LongTestsAreAsked("to train on the whole of the 2019 challenge", output))
        {
            return;
        }

        if (await demos.OfAsync("physionet2019", output) is not { } demo)
        {
            return;
        }

        var document = demo.Document;
        Show(document);
        var evaluation = document.GetProperty("evaluations")[0];
        Assert.Equal((630_935, 16_288, 13_753), (evaluation.GetProperty("rows").GetInt32(), evaluation.GetProperty("patients").GetInt32(), evaluation.GetProperty("events").GetInt32()));
        Floor(document, "auroc", 0.82);
        Floor(document, "utility", 0.41);
        Assert.True(Auroc(document, "model") > Auroc(document, "news2"));
        var variants = evaluation.GetProperty("variants").EnumerateArray().ToArray();
        var (all, noFirstRow) = ("all patients", "without patients who had it at their first row");
        Assert.Equal(
            [
                ("all columns", all), ("without hours in the ICU", all), ("without counts of laboratory orders", all),
                ("all columns", noFirstRow), ("without hours in the ICU", noFirstRow), ("without counts of laboratory orders", noFirstRow),
            ],
            variants.Select(v => (v.GetProperty("columns").GetString()!, v.GetProperty("population").GetString()!)));
        foreach (var variant in variants)
        {
            output.WriteLine($"{variant.GetProperty("columns")}, {variant.GetProperty("population")}: AUROC {variant.GetProperty("auroc").GetProperty("value").GetDouble():F3}, utility {variant.GetProperty("utility").GetProperty("value").GetDouble():F3}");
            Assert.True(variant.GetProperty("auroc").GetProperty("value").GetDouble() >= 0.7);
        }
    }

    private static void AssertSplits(JsonElement[] evaluations, params string[] starts) => Assert.Collection(
        evaluations, [.. starts.Select(start => (Action<JsonElement>)(e => Assert.StartsWith(start, e.GetProperty("split").GetString(), StringComparison.Ordinal)))]);

    /// <summary>Whether there were events, and the model's difference to a scorer has an interval around it that was resampled in pairs.</summary>
    private static void AssertPaired(JsonElement evaluation, string scorer)
    {
        Assert.True(evaluation.GetProperty("events").GetInt32() > 0);
        double Of(JsonElement metric, string part) => metric.GetProperty(part).GetDouble();
        var (metrics, difference) = (evaluation.GetProperty("metrics"), evaluation.GetProperty("differences").GetProperty(scorer).GetProperty("auroc"));
        Assert.True(double.IsFinite(Of(difference, "low")) && double.IsFinite(Of(difference, "high")) && Of(difference, "low") < Of(difference, "high"));
        Assert.Equal(Of(metrics.GetProperty("model").GetProperty("auroc"), "value") - Of(metrics.GetProperty(scorer).GetProperty("auroc"), "value"), Of(difference, "value"), 1e-9);
    }

    private void Show(JsonElement document)
    {
        Assert.True(document.GetProperty("readings").GetProperty("conserves").GetBoolean());
        foreach (var evaluation in document.GetProperty("evaluations").EnumerateArray())
        {
            output.WriteLine(evaluation.GetProperty("split").GetString());
            foreach (var scorer in evaluation.GetProperty("metrics").EnumerateObject())
            {
                output.WriteLine($"  {scorer.Name}: AUROC {scorer.Value.GetProperty("auroc").GetProperty("value").GetDouble():F3}");
            }
        }
    }

    private void Floor(JsonElement document, string metric, double floor)
    {
        var value = document.GetProperty("metrics").GetProperty("model").GetProperty(metric).GetProperty("value").GetDouble();
        output.WriteLine($"{metric} {value:F4}, floor {floor}");
        Assert.True(value >= floor, $"{metric} is {value:F4}, and {floor} is the floor");
    }

    private static double Auroc(JsonElement document, string scorer) =>
        document.GetProperty("metrics").GetProperty(scorer).GetProperty("auroc").GetProperty("value").GetDouble();
}
