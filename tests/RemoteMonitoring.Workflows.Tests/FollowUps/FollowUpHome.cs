using System.Collections.Concurrent;
using System.Net;
using Microsoft.Extensions.Logging.Abstractions;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Housekeeping;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

/// <summary>A home with a list of one patient and an urgent reading of another, an engine, and a receiver that answers as it is told.</summary>
internal sealed class FollowUpHome : HttpMessageHandler, IAsyncDisposable
{
    public const string Secret = "not so secret";
    public const string Listed = "patient-on-the-list";
    public const string Urgent = "patient-with-a-reading";
    public const string Task = "admission-7d";

    private static readonly Duration s_earlier = Duration.FromMinutes(5);

    private readonly FollowUpActivities _activities;
    private WorkflowEngine? _engine;

    /// <param name="time">Time; null for the system's.</param>
    /// <param name="network">What stands between a delivery and its receiver, given the receiver; null for nothing.</param>
    /// <param name="patience">How long an answer is waited for; null for as long as in service.</param>
    public FollowUpHome(TimeProvider? time = null, Func<HttpMessageHandler, HttpMessageHandler>? network = null, TimeSpan? patience = null)
    {
        Time = time ?? TimeProvider.System;
        Begun = UnixMicros.ToInstant(Instant.FromDateTimeOffset(Time.GetUtcNow()).ToUnixMicros());
        Delivery = new WebhookDelivery(new SecretSettings(name => name == "SECRET" ? Secret : null, Time), Time, network?.Invoke(this) ?? this, patience);
        _activities = new FollowUpActivities((_, _) => ValueTask.FromResult(Home.Store), () => Engine.Client, Time, Delivery);
        _activities.AddTo(Registry);
        new HousekeepingActivities((_, _) => ValueTask.FromResult(Home.Store), () => Engine.Client, Time).AddTo(Registry);
        Log = new FollowUpLog(Home.Store.Reference, Time);
    }

    public TimeProvider Time { get; }

    public Instant Begun { get; }

    public TempHome Home { get; } = new();

    public WebhookDelivery Delivery { get; }

    public WorkflowRegistry Registry { get; } = new();

    public FollowUpLog Log { get; }

    public string Journal => Path.Combine(Home.Root, "workflows.db");

    public WorkflowEngine Engine => _engine ??= WorkflowEngine.Start(Journal, Registry, new EngineOptions { Poll = TimeSpan.FromMilliseconds(10) }, TimeProvider.System, NullLogger.Instance);

    /// <summary>What came, in order.</summary>
    public ConcurrentQueue<Came> Requests { get; } = new();

    /// <summary>How the receiver answers the nth of all requests, from 0; it takes them all.</summary>
    public Func<int, HttpResponseMessage> Answer { get; set; } = _ => new HttpResponseMessage(HttpStatusCode.Accepted);

    public FollowUpInput ListedInput => new() { Cohort = MadeUpFeed.Cohort, Kind = FollowUpKind.Listed, CareTeamId = "north", PatientId = Listed, Task = Task, AsOf = Begun, Run = "run-1" };

    public FollowUpInput UrgentInput => new() { Cohort = MadeUpFeed.Cohort, Kind = FollowUpKind.Urgent, CareTeamId = "north", PatientId = Urgent, Task = "urgent-1", AsOf = Begun };

    /// <summary>Writes list and reading, and the settings with these members of the default.</summary>
    public async Task<FollowUpHome> MakeAsync(string settings = "", string times = "\"remindAfter\": \"00:00:00.5\", \"escalateAfter\": \"00:00:01\", \"giveUpAfter\": \"00:00:03\"")
    {
        var store = Home.Store;
        await File.WriteAllTextAsync(Path.Combine(Home.Root, FollowUpFile.FileName), $$"""
            { "schemaVersion": 1, "worklist": "https://rmon.example.org", "default": { "webhook": "https://hooks.example.org/one", "secret": "SECRET", {{times}}{{(settings.Length > 0 ? ", " : "")}}{{settings}} } }
            """);
        await store.Reference.AppendAsync(ReferenceKinds.Teams, Line(new CareTeam { CareTeamId = "north", Name = "North team", Capacity = 5, Known = Begun }), default);
        foreach (var id in (string[])[Listed, Urgent])
        {
            await store.Reference.AppendAsync(ReferenceKinds.Roster, Line(new Patient { PatientId = id, CareTeamId = "north", Known = Begun }), default);
        }

        var list = new TeamWorklist
        {
            CareTeamId = "north",
            Name = "North team",
            Capacity = 5,
            Title = "Hospital admission in the next 7 days",
            AsOf = Begun,
            Run = "run-1",
            Scored = 12,
            Listed = [Prediction],
            NotScored = [],
        };
        await store.Documents.UpsertAsync(Containers.Worklists, [new Document { PartitionKey = "north", Id = FollowUpContent.ListId(Begun, "run-1"), Body = RiskDocumentJson.ToJson(list) }], default);
        var reading = new UrgentReading("urgent-1", Urgent, "heart_rate", 141.5, "/min", Begun - Duration.FromMinutes(2), Begun, 45, 120);
        await store.Documents.UpsertAsync(Containers.Urgent, [new Document { PartitionKey = UrgentReading.PartitionOf(Begun), Id = reading.Id, Body = reading.ToJson() }], default);
        return this;
    }

    /// <summary>Has housekeeping forget what has ended.</summary>
    public Task PurgeAsync() => Registry.RunAsync(
        HousekeepingWorkflow.PurgeRuns.Name,
        System.Text.Json.JsonSerializer.Serialize(new HousekeepingAsked(MadeUpFeed.Cohort, Instant.FromDateTimeOffset(Time.GetUtcNow()) + Duration.FromDays(1)), HousekeepingWorkflow.PurgeRuns.Input),
        default);

    public async Task<string> StartAsync(FollowUpInput input)
    {
        Assert.True(await FollowUpActivities.StartAsync(Home.Store, Engine.Client, input, default));
        return input.InstanceId;
    }

    public async Task<FollowUpOutcome> EndAsync(string id)
    {
        var ended = await Engine.Client.WaitAsync(id, default).WaitAsync(TimeSpan.FromSeconds(60));
        Assert.True(ended.Status == InstanceStatus.Completed, $"{ended.Failure}");
        return FollowUpSteps.OutcomeOf(ended)!;
    }

    /// <summary>Somebody acts now, or some time ago, to whom it stood as the log had it, on a page that shows the urgent reading, or one of before it.</summary>
    public async Task ActAsync(string patient, ActionKind kind, string by = "anna", Duration ago = default, string? undoes = null, bool isBlind = false, Instant? until = null)
    {
        using var log = new FollowUpLog(Home.Store.Reference, new ClockByHand(Instant.FromDateTimeOffset(Time.GetUtcNow()) - ago));
        await log.RefreshAsync(default);
        var action = new WorklistAction { Id = $"{log.Sequence:D32}", PatientId = patient, CareTeamId = "north", Kind = kind, By = by, SeenUrgent = isBlind ? null : Begun, Known = default, Undoes = undoes, Until = until };
        Assert.Equal(ActStatus.Done, (await log.ActAsync(action, log.Of(patient).Version, default)).Status);
    }

    /// <summary>Takes the last action back.</summary>
    public async Task UndoAsync(string patient)
    {
        await Log.RefreshAsync(default);
        await ActAsync(patient, ActionKind.Undo, undoes: Log.Of(patient).All[^1].Id);
    }

    /// <summary>A follow-up that began some minutes ago: what was done since counts, and what was done more than a minute ago cannot be taken back.</summary>
    public FollowUpInput Earlier(FollowUpInput input) => input with { State = new FollowUpState(Begun - s_earlier, []) };

    public async Task CameAsync(int count)
    {
        for (var i = 0; Requests.Count < count; i++)
        {
            Assert.True(i < 1500, $"Of {count} requests {Requests.Count} came.");
            await System.Threading.Tasks.Task.Delay(20);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_engine is not null)
        {
            await _engine.DisposeAsync();
        }

        Delivery.Dispose();
        Log.Dispose();
        await Home.DisposeAsync();
    }

    protected override async Task<HttpResponseMessage> SendAsync(HttpRequestMessage request, CancellationToken cancellationToken)
    {
        var body = await request.Content!.ReadAsByteArrayAsync(cancellationToken);
        var number = Requests.Count;
        Requests.Enqueue(new Came(request.RequestUri!, request.Headers.ToDictionary(h => h.Key, h => h.Value.Single()), body));
        return Answer(number);
    }

    private Prediction Prediction => new()
    {
        Id = "prediction-1",
        PatientId = Listed,
        Task = Task,
        AsOf = Begun,
        KnownBy = Begun,
        Model = "model-1",
        FeatureSetHash = "set-1",
        Run = "run-1",
        Probability = 0.087,
        Raw = -2.35,
        Band = Risk.Scoring.RiskBand.High,
        Reasons = [new Reason { Text = "Weight 84.2 kg on Monday 07:31, usual 80.9–82 kg", Contribution = 0.7, Vital = "body_weight" }, new Reason { Text = "heart failure on the roster", Contribution = 0.2 }],
    };

    private static byte[] Line<T>(T row) => System.Text.Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n");
}

/// <summary>A request that came.</summary>
internal sealed record Came(Uri Url, IReadOnlyDictionary<string, string> Headers, byte[] Body)
{
    public System.Text.Json.Nodes.JsonObject Document => System.Text.Json.Nodes.JsonNode.Parse(Body)!.AsObject();
}
