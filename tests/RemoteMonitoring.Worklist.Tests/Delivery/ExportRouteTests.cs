using System.Net;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Worklist.Tests.Delivery;

public sealed class ExportRouteTests
{
    private const string Foreseen = "admission-7d";
    private const string Csv = "/teams/team-001/list.csv";
    private const string Fhir = "/teams/team-001/fhir.ndjson";

    [Fact]
    public async Task A_list_leaves_as_csv_without_patients_of_other_teams_and_is_on_record_first()
    {
        await using var pages = await ServedPages.StartAsync();
        await PublishAsync(pages, 0, "run-1", "P-one", "P-other", "P-two");
        using var nurse = await pages.SignedInAsync("nurse");
        var answer = await nurse.GetAsync(Csv);
        Assert.Equal(("text/csv", "attachment"), (answer.Content.Headers.ContentType!.MediaType, answer.Content.Headers.ContentDisposition!.DispositionType));
        Assert.Matches(@"^list-\d{4}-\d\d-\d\dT\d{4}Z\.csv$", answer.Content.Headers.ContentDisposition.FileName);
        var rows = (await answer.Content.ReadAsStringAsync()).TrimEnd().Split("\r\n");
        Assert.Equal(["1,P-one", "2,P-two"], rows.Skip(1).Select(r => string.Join(',', r.Split(',').Skip(4).Take(2))));
        var entry = (await pages.AuditAsync())[^1];
        Assert.Equal((AuditEvent.Exported, "nurse", "team-001", "list.csv"), (entry.Event, entry.User, entry.CareTeamId, entry.Detail));
    }

    [Fact]
    public async Task A_list_leaves_as_fhir_that_holds_by_rules_of_its_own_and_rests_on_observations_of_the_same_file()
    {
        await using var pages = await ServedPages.StartAsync();
        await PublishAsync(pages, 0, "run-1", "P-one", "P-other", "P-two");
        using var nurse = await pages.SignedInAsync("nurse");
        var answer = await nurse.GetAsync(Fhir);
        Assert.Equal("application/fhir+ndjson", answer.Content.Headers.ContentType!.MediaType);
        Assert.EndsWith(".fhir.ndjson", answer.Content.Headers.ContentDisposition!.FileName, StringComparison.Ordinal);
        var text = await answer.Content.ReadAsStringAsync();
        var resources = FhirR4Rules.Read(text);
        Assert.Equal(["Device", "Observation", "OperationOutcome", "RiskAssessment"], resources.Select(TypeOf).Distinct().Order(StringComparer.Ordinal));
        Assert.DoesNotContain("P-other", text, StringComparison.Ordinal);
        var risks = resources.Where(r => TypeOf(r) == "RiskAssessment").ToArray();
        Assert.Equal(["P-one", "P-two"], risks.Select(r => r.GetProperty("subject").GetProperty("identifier").GetProperty("value").GetString()));
        Assert.All(risks, r => Assert.Equal(1, r.GetProperty("basis").GetArrayLength()));
        Assert.Equal((AuditEvent.Exported, "fhir.ndjson"), ((await pages.AuditAsync())[^1].Event, (await pages.AuditAsync())[^1].Detail));
    }

    [Fact]
    public async Task An_earlier_list_is_had_by_its_id_as_the_page_links_it_and_one_that_is_not_there_is_not()
    {
        await using var pages = await ServedPages.StartAsync();
        var before = await PublishAsync(pages, -1, "run-1", "P-two");
        await PublishAsync(pages, 0, "run-2", "P-one");
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Contains($"href=\"{Csv}?lists={before.Id}\"", await (await nurse.GetAsync($"/teams/team-001?lists={before.Id}")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("P-two", await (await nurse.GetAsync($"{Csv}?lists={before.Id}")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.DoesNotContain("P-two", await (await nurse.GetAsync(Csv)).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        Assert.Contains("P-two", await (await nurse.GetAsync($"{Fhir}?lists={before.Id}")).Content.ReadAsStringAsync(), StringComparison.Ordinal);
        foreach (var path in (string[])[$"{Csv}?lists=nothing", $"{Fhir}?lists=../{before.Id}"])
        {
            Assert.Equal(HttpStatusCode.NotFound, (await nurse.GetAsync(path)).StatusCode);
        }
    }

    [Fact]
    public async Task Another_teams_lists_and_patients_are_not_there_and_who_asked_is_on_record()
    {
        await using var pages = await ServedPages.StartAsync();
        await PublishAsync(pages, 0, "run-1", "P-one");
        using var nurse = await pages.SignedInAsync("nurse");
        var nothing = await HtmlText.OfAsync(await nurse.GetAsync("/nothing"));
        foreach (var (path, what) in new[]
        {
            ("/teams/team-002/list.csv", AuditEvent.TeamDenied), ("/teams/team-002/fhir.ndjson", AuditEvent.TeamDenied), ($"/patients/{pages.HandleOf("P-other")}/fhir.ndjson", AuditEvent.PatientDenied),
        })
        {
            var answer = await nurse.GetAsync(path);
            Assert.Equal((HttpStatusCode.NotFound, nothing), (answer.StatusCode, await HtmlText.OfAsync(answer)));
            Assert.Equal((what, "nurse"), ((await pages.AuditAsync())[^1].Event, (await pages.AuditAsync())[^1].User));
        }

        Assert.DoesNotContain(await pages.AuditAsync(), e => e.Event == AuditEvent.Exported);
    }

    [Fact]
    public async Task A_patient_leaves_as_fhir_in_a_file_that_is_named_after_nobody()
    {
        await using var pages = await ServedPages.StartAsync();
        var lists = await PublishAsync(pages, 0, "run-1", "P-one");
        await pages.Store.Documents.UpsertAsync(Containers.Predictions, [new Document { PartitionKey = "P-one", Id = lists.Id, Body = RiskDocumentJson.ToJson(Of("P-one", lists)) }], default);
        using var nurse = await pages.SignedInAsync("nurse");
        var answer = await nurse.GetAsync($"/patients/{pages.HandleOf("P-one")}/fhir.ndjson");
        Assert.Equal("patient.fhir.ndjson", answer.Content.Headers.ContentDisposition!.FileName);
        Assert.Equal(["Device", "Observation", "RiskAssessment", "OperationOutcome"], FhirR4Rules.Read(await answer.Content.ReadAsStringAsync()).Select(TypeOf));
        var entry = (await pages.AuditAsync())[^1];
        Assert.Equal((AuditEvent.Exported, "P-one", "fhir.ndjson"), (entry.Event, entry.PatientId, entry.Detail));
    }

    [Fact]
    public async Task Without_any_list_there_is_a_file_that_says_nothing()
    {
        await using var pages = await ServedPages.StartAsync();
        using var nurse = await pages.SignedInAsync("nurse");
        Assert.Single((await (await nurse.GetAsync(Csv)).Content.ReadAsStringAsync()).TrimEnd().Split("\r\n"));
        Assert.Equal("OperationOutcome", TypeOf(Assert.Single(FhirR4Rules.Read(await (await nurse.GetAsync(Fhir)).Content.ReadAsStringAsync()))));
    }

    private static string TypeOf(JsonElement resource) => resource.GetProperty("resourceType").GetString()!;

    private static async Task<ListsMade> PublishAsync(ServedPages pages, int day, string run, params string[] listed)
    {
        var asOf = Instant.FromUnixTimeSeconds(pages.Now.ToUnixTimeSeconds()) + Duration.FromDays(day);
        var lists = new ListsMade(run, Foreseen, "Hospital admission in the next 7 days", asOf, asOf, 9);
        var list = new TeamWorklist
        {
            CareTeamId = "team-001",
            Name = "North",
            Capacity = 5,
            Title = lists.Title,
            AsOf = asOf,
            Run = run,
            Scored = 9,
            Listed = [.. listed.Select(p => Of(p, lists))],
            NotScored = [],
        };
        await pages.Store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "team-001", Id = lists.Id, Body = RiskDocumentJson.ToJson(list) }], default);
        await pages.Store.Documents.UpsertAsync(Containers.Runs, [new Document { PartitionKey = ListsMade.Partition, Id = lists.Id, Body = RiskDocumentJson.ToJson(lists) }], default);
        pages.Clock.Move(TimeSpan.FromSeconds(3));
        return lists;
    }

    private static Prediction Of(string patient, ListsMade lists) => new()
    {
        Id = lists.Id,
        PatientId = patient,
        Task = Foreseen,
        AsOf = lists.AsOf,
        KnownBy = lists.AsOf,
        Model = "model-1",
        FeatureSetHash = "set-1",
        Run = lists.Run,
        Probability = 0.0871,
        Raw = -2.35,
        Band = RemoteMonitoring.Risk.Scoring.RiskBand.Medium,
        Reasons = [new Reason { Text = "Heart rate 98 /min", Contribution = 1, Vital = "heart_rate", Unit = "/min", Value = 98, EffectiveTime = lists.AsOf - Duration.FromMinutes(90) }],
    };
}
