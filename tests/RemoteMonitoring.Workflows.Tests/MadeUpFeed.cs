using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Cohorts;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Workflows.Tests;

/// <summary>A small feed put together by hand. Readings arrive at once, patients are enrolled at <see cref="Begin"/>, unless said otherwise.</summary>
internal sealed class MadeUpFeed
{
    public const string Cohort = "made-up";

    /// <summary>A Saturday.</summary>
    public static readonly Instant Begin = Instant.FromUtc(2025, 3, 1, 0, 0);

    private readonly List<DeviceMessage> _messages = [];
    private readonly List<CareTeam> _teams = [];
    private readonly List<Patient> _patients = [];
    private readonly List<DeviceAssignment> _assignments = [];
    private readonly List<CensusEvent> _census = [];
    private readonly List<Outcome> _outcomes = [];
    private readonly List<WorklistAction> _actions = [];
    private readonly List<CarePlan> _plans = [];

    public static Instant At(double day) => Begin + Duration.FromDays(day);

    public MadeUpFeed Team(string id, int capacity, string? name = null, double known = 0)
    {
        _teams.Add(new CareTeam { CareTeamId = id, Name = name ?? $"Team {id}", Capacity = capacity, Known = At(known) });
        return this;
    }

    /// <summary>Puts a patient on the roster, without enrolment where <paramref name="enrolled"/> is null; the patient's device is <c>d-{id}</c>.</summary>
    public MadeUpFeed Patient(string id, string team = "north", string zone = "Etc/UTC", double? enrolled = 0, double known = 0, double? age = 70)
    {
        _patients.Add(new Patient { PatientId = id, CareTeamId = team, TimeZone = zone, Age = age, Known = At(known) });
        if (enrolled is { } day)
        {
            Census(id, CensusKind.Enrolled, day);
            _assignments.Add(new DeviceAssignment { DeviceId = $"d-{id}", PatientId = id, From = At(day), Known = At(day) });
        }

        return this;
    }

    public MadeUpFeed Census(string id, CensusKind kind, double day, double? known = null)
    {
        _census.Add(new CensusEvent { PatientId = id, Kind = kind, Effective = At(day), Known = At(known ?? day) });
        return this;
    }

    public MadeUpFeed Returned(string id, double day)
    {
        var at = _assignments.FindIndex(a => a.PatientId == id);
        _assignments[at] = _assignments[at] with { To = At(day) };
        return this;
    }

    public MadeUpFeed Outcome(string id, double day)
    {
        _outcomes.Add(new Outcome { PatientId = id, Kind = "hospital-admission", Effective = At(day), Known = At(day) });
        return this;
    }

    /// <summary>What staff did about a patient.</summary>
    public MadeUpFeed Action(string id, ActionKind kind, double day, double? until = null, ShownRisk? shown = null)
    {
        _actions.Add(new WorklistAction
        {
            Id = $"{_actions.Count:x32}",
            PatientId = id,
            CareTeamId = "north",
            Kind = kind,
            By = "nurse",
            Until = until is { } end ? At(end) : null,
            Shown = shown is null ? [] : [shown],
            Known = At(day),
        });
        return this;
    }

    /// <summary>A heart rate above which a patient's readings are urgent, from a day on.</summary>
    public MadeUpFeed Limit(string id, double heartRate, double day)
    {
        _plans.Add(new CarePlan { PatientId = id, Limits = [new PersonalLimit("heart_rate", null, heartRate)], By = "clinic", Known = At(day) });
        return this;
    }

    public MadeUpFeed Reading(string device, string vital, double value, double day, double? known = null)
    {
        var sign = VitalSignCatalog.Default[vital];
        var body = string.Create(CultureInfo.InvariantCulture,
            $$"""{"readings":[{"code":"{{sign.Code}}","value":{{value}},"unit":"{{sign.Unit}}","time":"{{At(day)}}"}]}""");
        _messages.Add(new DeviceMessage { DeviceId = device, EnqueuedTime = At(known ?? day), Body = Encoding.UTF8.GetBytes(body) });
        return this;
    }

    /// <summary>States that a device was with a patient.</summary>
    public MadeUpFeed Assigned(string device, string patient, double from, double? to, double? known = null, string? model = null)
    {
        _assignments.Add(new DeviceAssignment { DeviceId = device, PatientId = patient, From = At(from), To = to is { } t ? At(t) : null, DeviceModel = model, Known = At(known ?? from) });
        return this;
    }

    /// <summary>A message with this body.</summary>
    public MadeUpFeed Message(string device, string body, double day, string id)
    {
        _messages.Add(new DeviceMessage { DeviceId = device, EnqueuedTime = At(day), MessageId = id, Body = Encoding.UTF8.GetBytes(body) });
        return this;
    }

    /// <summary>The last message once more, delivered a little later.</summary>
    public MadeUpFeed Again()
    {
        _messages.Add(_messages[^1] with { EnqueuedTime = _messages[^1].EnqueuedTime + Duration.FromSeconds(5) });
        return this;
    }

    /// <summary>SpO2 and heart rate of a patient at 07:40 UTC of each of these days.</summary>
    public MadeUpFeed Daily(string id, int from, int days, double spo2 = 96, double heartRate = 70)
    {
        for (var day = from; day < from + days; day++)
        {
            var time = day + ((7 + (40 / 60.0)) / 24);
            Reading($"d-{id}", "spo2", spo2 + (day % 3), time);
            Reading($"d-{id}", "heart_rate", heartRate - (day % 4), time);
        }

        return this;
    }

    /// <summary>Lands the feed and settles it; one that follows on another comes by a hub of its own.</summary>
    public async Task<ObservationsManifest> LandAsync(TempHome home, string hub = Cohort)
    {
        var folder = Path.Combine(home.Root, hub == Cohort ? "feed" : $"feed-{hub}");
        Write(folder, hub);
        await FeedIngestion.RunAsync(home.Store, FeedFolder.Open(folder, null, false), TimeProvider.System, null, CancellationToken.None);
        if (_actions.Count > 0)
        {
            await home.Store.Reference.AppendAsync(ReferenceKinds.Actions, Encoding.UTF8.GetBytes(string.Concat(_actions.Select(a => ReferenceJson.ToLine(a) + "\n"))), CancellationToken.None);
        }

        return (await CompactionStage.RunAsync(home.Store, CancellationToken.None)).Manifest;
    }

    /// <summary>Writes the feed to a folder.</summary>
    public void Write(string folder, string hub = Cohort)
    {
        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = hub,
            Source = "made up by hand",
            Epoch = "e1",
            Imported = true,
            SourceDelay = "none",
            Partitions = 2,
            Messages = 0,
        };
        FeedWriter.Write(folder, header, _messages.OrderBy(m => m.EnqueuedTime), new ReferenceData
        {
            Teams = _teams,
            Patients = _patients,
            Assignments = _assignments,
            Census = _census,
            Outcomes = _outcomes,
            CarePlans = _plans,
        });
    }
}
