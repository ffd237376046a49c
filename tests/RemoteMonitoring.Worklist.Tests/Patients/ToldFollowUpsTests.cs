using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Patients;

namespace RemoteMonitoring.Worklist.Tests.Patients;

public sealed class ToldFollowUpsTests
{
    [Fact]
    public async Task The_page_says_who_was_told_when_under_which_key_and_what_came_of_it()
    {
        var root = Directory.CreateTempSubdirectory("rmon-told-").FullName;
        await using (var store = CohortStore.Open(root, "ward"))
        {
            var now = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
            await File.WriteAllTextAsync(Path.Combine(root, FollowUpFile.FileName), """
                {
                  "schemaVersion": 1, "worklist": "https://rmon.example.org",
                  "default": { "webhook": "https://h.example/", "secret": "S", "escalateTo": { "user": "anna" }, "remindAfter": "00:00:00.1", "escalateAfter": "00:00:00.2", "giveUpAfter": "00:00:03" }
                }
                """);
            await store.Reference.AppendAsync(ReferenceKinds.Roster, System.Text.Encoding.UTF8.GetBytes(ReferenceJson.ToLine(new Patient { PatientId = "P-one", CareTeamId = "team-001", TimeZone = "Europe/London", Known = now }) + "\n"), default);
            var reading = new UrgentReading("urgent-1", "P-one", "heart_rate", 141, "/min", now, now, 45, 120);
            await store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(now), Id = reading.Id, Body = reading.ToJson() }], default);

            using var receiver = new Receiver();
            using var delivery = new WebhookDelivery(new SecretSettings(_ => "secret", TimeProvider.System), TimeProvider.System, receiver);
            var registry = new WorkflowRegistry();
            WorkflowEngine? engine = null;
            new FollowUpActivities((_, _) => ValueTask.FromResult(store), () => engine!.Client, TimeProvider.System, delivery).AddTo(registry);
            await using var running = engine = WorkflowEngine.Start(Path.Combine(root, "workflows.db"), registry, new EngineOptions { Poll = TimeSpan.FromMilliseconds(10) }, TimeProvider.System, NullLogger.Instance);
            using var services = new WorklistServices(store, new PatientHandles(store.MakeHandleKey().Bytes), engine.Client, TimeProvider.System);
            var viewer = new Viewer(new Member { UserName = "nurse", DisplayName = "Nurse", Roles = [Role.CareManager], Teams = ["team-001"], By = "test", Known = now });
            var patient = (await services.Access.PatientAsync(viewer, "P-one", default))!;
            var zone = DateTimeZoneProviders.Tzdb["Europe/London"];
            Assert.Empty(await new ToldFollowUps(services).OfAsync(patient, zone, default));

            var input = new FollowUpInput { Cohort = "ward", Kind = FollowUpKind.Urgent, CareTeamId = "team-001", PatientId = "P-one", Task = reading.Id, AsOf = reading.Known };
            Assert.True(await FollowUpActivities.StartAsync(store, engine.Client, input, default));
            await engine.Client.WaitAsync(input.InstanceId, default).WaitAsync(TimeSpan.FromSeconds(60));
            var told = Assert.Single(await new ToldFollowUps(services).OfAsync(patient, zone, default));
            Assert.Equal((input.Key[..8], "delivered, and nobody acted"), (told.Key, told.Stands));
            Assert.StartsWith("Urgent: Heart rate 141", told.About, StringComparison.Ordinal);
            Assert.StartsWith("first delivery to the team: taken, ", told.Deliveries[0], StringComparison.Ordinal);
            Assert.StartsWith("escalation to anna: refused, ", told.Deliveries[^1], StringComparison.Ordinal);
            Assert.EndsWith("(status 404)", told.Deliveries[^1], StringComparison.Ordinal);

            // Made worse, it has another, and the one of before is told still.
            var worse = reading with { Value = 160, Changed = now + Duration.FromMinutes(1) };
            await store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(now), Id = worse.Id, Body = worse.ToJson() }], default);
            await Task.Delay(TimeSpan.FromSeconds(1.1));
            var again = input with { AsOf = worse.OpenSince };
            Assert.True(await FollowUpActivities.StartAsync(store, engine.Client, again, default));
            Assert.Equal([again.Key[..8], input.Key[..8]], (await new ToldFollowUps(services).OfAsync(patient, zone, default)).Select(t => t.Key));
        }

        Directory.Delete(root, recursive: true);
    }

    /// <summary>Takes what is for the team, and knows nobody else.</summary>
    private sealed class Receiver : HttpMessageHandler
    {
        protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken) =>
            new((await request.Content!.ReadAsStringAsync(cancellationToken)).Contains("\"escalation\"", StringComparison.Ordinal) ? HttpStatusCode.NotFound : HttpStatusCode.OK);
    }
}
