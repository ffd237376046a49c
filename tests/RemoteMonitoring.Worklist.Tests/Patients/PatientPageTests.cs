using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Patients;

namespace RemoteMonitoring.Worklist.Tests.Patients;

public sealed class PatientPageTests
{
    [Fact]
    public async Task Each_task_has_its_risk_and_its_history_in_which_a_model_is_new_within_the_task_alone()
    {
        await using var pages = await ServedPages.StartAsync();
        var start = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) - Duration.FromDays(3);
        foreach (var (task, title, models) in ((string, string, string[])[])[("admission-7d", "Admission", ["a1", "a1", "a2"]), ("fever-24h", "Fever", ["f1", "f1", "f1"])])
        {
            foreach (var (day, model) in models.Index())
            {
                var made = new ListsMade($"run-{task}-{day}", task, title, start + Duration.FromDays(day), start, 1);
                var prediction = new Prediction { Id = made.Id, PatientId = "P-one", Task = task, AsOf = made.AsOf, KnownBy = made.AsOf, Model = model, FeatureSetHash = "f", Run = made.Run, Probability = 0.1, Raw = 0, Reasons = [new Reason { Text = $"because of {title}", Contribution = 1 }] };
                await pages.Store.Documents.UpsertAsync(Containers.Predictions, [new Document { PartitionKey = "P-one", Id = made.Id, Body = RiskDocumentJson.ToJson(prediction) }], default);
                await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = made.Id, Body = RiskDocumentJson.ToJson(made) }], default);
            }
        }

        using var nurse = await pages.SignedInAsync("nurse");
        var html = await (await nurse.GetAsync($"/patients/{pages.HandleOf("P-one")}")).Content.ReadAsStringAsync();
        string Section(string id) => Regex.Match(html, $"<section aria-labelledby=\"{id}\">.*?</section>", RegexOptions.Singleline).Value;
        foreach (var title in (string[])["Admission", "Fever"])
        {
            Assert.Contains($"<h3>{title}</h3>", Section("risk"), StringComparison.Ordinal);
            Assert.Contains($"because of {title}", Section("risk"), StringComparison.Ordinal);
            Assert.Contains($"<h3>{title}</h3>", Section("history"), StringComparison.Ordinal);
        }

        Assert.Equal(1, Regex.Count(Section("history"), "<strong> new</strong>"));
        Assert.Matches("a2<strong> new</strong>", Section("history"));
    }

    [Fact]
    public void The_axis_of_a_score_has_whole_points_alone()
    {
        var start = Instant.FromUtc(2026, 3, 1, 0, 0);
        string[] Axis(string vital) =>
        [
            .. Regex.Matches(
                VitalPicture.Of(new VitalSeries(VitalSignCatalog.Default[vital], [new(start, 0), new(start + Duration.FromDays(1), 1)], null, null), null, start - Duration.FromDays(1), start + Duration.FromDays(6), DateTimeZone.Utc).Value,
                "text-anchor=\"end\">([^<]+)<").Select(m => m.Groups[1].Value),
        ];
        Assert.Equal(["0", "1"], Axis("breathlessness"));
        Assert.Contains("0.2", Axis("weight"));
    }

    [Fact]
    public void A_reading_that_stands_alone_among_many_is_a_dot()
    {
        var start = Instant.FromUtc(2026, 3, 1, 0, 0);
        var close = Enumerable.Range(0, 400).Select(i => new VitalPoint(start + Duration.FromMinutes(10 * i), 70 + (i % 7))).ToList();
        string Picture(params VitalPoint[] more) => VitalPicture.Of(
            new VitalSeries(VitalSignCatalog.Default["heart_rate"], [.. close, .. more], null, null), null, start - Duration.FromDays(1), start + Duration.FromDays(27), DateTimeZone.Utc).Value;
        Assert.Equal(1, Regex.Count(Picture(), "class=\"dot\""));
        var (alone, last) = (new VitalPoint(start + Duration.FromDays(10), 90), new VitalPoint(start + Duration.FromDays(20), 80));
        Assert.Equal(2, Regex.Count(Picture(alone, last), "class=\"dot\""));
    }
}
