using System.Globalization;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Erasure;

/// <summary>
/// A trained and scored cohort with a patient who is to be erased: one device was only theirs, another was theirs before it was
/// p01's, and sent both's readings in one message. Made once; each test works on its own copy.
/// </summary>
public sealed class LeavingPatient : IAsyncLifetime, IAsyncDisposable
{
    internal const string Patient = "leaving-patient-417";
    internal const string Own = "d-leaving-patient-417";
    internal const string Shared = "handed-on-device";

    /// <summary>What must be nowhere after the erasure: ids, and marks that stand in messages of theirs.</summary>
    internal static readonly string[] Words = [Patient, Own, "leaving-message-1", "leaving-message-2", "leaving-mark-in-body", "leaving-odd-unit", "leaving-cut-off"];

    private readonly TempHome _home = new();

    internal TrainedModel Model { get; private set; } = null!;

    internal LedgerEntry Ledger { get; private set; } = null!;

    internal static MadeUpFeed Feed()
    {
        var feed = TrainedHome.Feed().Patient(Patient, "north").Daily(Patient, 0, 9, 95).Daily(Patient, 9, 3, 86, 99).Outcome(Patient, 7.5).Outcome(Patient, 11.9)
            .Assigned(Shared, Patient, 1, 5, known: 1)
            .Assigned(Shared, "p01", 5, null, known: 5)
            .Limit(Patient, 76, 1).Limit("p01", 77, 1);
        for (var day = 2; day < 9; day++)
        {
            feed.Message(Shared, Body((day + 0.5, 60 + day)), day + 0.51, day < 5 ? $"leaving-message-{day - 1}" : $"staying-message-{day}");
        }

        return feed
            .Message(Shared, Body((4.9, 77), (5.1, 78)), 5.2, "both-of-them")
            .Message(Own, """{"readings":[{"code":"8867-4","value":71,"unit":"/min"}],"note":"leaving-mark-in-body"}""", 7, "leaving-7")
            .Message(Own, """{"readings":[{"code":"8867-4","value":71,"unit":"leaving-odd-unit"}]}""", 8, "leaving-8")
            .Message(Own, """{"readings":[{"code":"leaving-cut-off""", 8.1, "leaving-9");
    }

    /// <summary>Heart rates with their times.</summary>
    internal static string Body(params (double Day, int HeartRate)[] readings) => $$"""{"readings":[{{string.Join(',', readings.Select(r => string.Create(
        CultureInfo.InvariantCulture, $$"""{"code":"8867-4","value":{{r.HeartRate}},"unit":"/min","time":"{{MadeUpFeed.At(r.Day)}}"}""")))}}]}""";

    internal TempHome Copy() => TempHome.CopyOf(_home.Root);

    /// <summary>Rows of all observations there are and of others, by value; times and places in bodies may change, what they say may not.</summary>
    internal static async Task<IReadOnlyList<string>> OthersAsync(TempHome home)
    {
        var manifest = (await ObservationsManifest.TryReadAsync(home.Lake, default))!;
        var rows = new List<string>();
        foreach (var file in manifest.Files)
        {
            var o = TelemetryTables.ToObservations(await home.Lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, default), VitalSignCatalog.Default);
            rows.AddRange(Enumerable.Range(0, o.Count).Where(i => o.PatientId[i] != Patient).Select(i => string.Create(
                CultureInfo.InvariantCulture, $"{o.PatientId[i]} {o.Vital[i]} {o.EffectiveTime[i]} {o.Value[i]:R} {o.KnownFrom[i]} {o.KnownTo[i]} {o.DeviceId[i]} {o.Stream[i]} {o.Offset[i]}")));
        }

        rows.AddRange(await DocumentsAsync(home, Containers.Predictions));
        rows.AddRange(await DocumentsAsync(home, Containers.Patients));
        rows.AddRange((await DocumentsAsync(home, Containers.Urgent)).Where(u => !u.Contains(Patient, StringComparison.Ordinal)));
        rows.Sort(StringComparer.Ordinal);
        return rows;
    }

    internal static async Task<IReadOnlyList<string>> DocumentsAsync(TempHome home, string container) =>
        [.. (await home.Store.Documents.ListAsync(container, default).Where(d => d.PartitionKey != Patient).Select(d => $"{d.PartitionKey} {d.Id} {d.Body} {d.Expires}").ToArrayAsync()).Order(StringComparer.Ordinal)];

    public async Task InitializeAsync()
    {
        await Feed().LandAsync(_home);
        var (manifest, _) = await CompactionStage.RunAsync(_home.Store, new CompactionOptions { RollupsFor = ["home"], ReadingsPerCell = 0 }, default);
        (Model, _) = await TrainingStage.RunAsync(_home.Store, manifest, TrainedHome.Task, TrainedHome.Quick, null, default);
        var asOf = DailyRiskRun.LatestAsOf(TrainedHome.Task, await _home.Store.Reference.LoadAsync(manifest.Inputs.Reference, default), UnixMicros.ToInstant(manifest.Inputs.Watermark));
        (Ledger, var worklists, _) = await DailyRiskRun.RunAsync(
            _home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = asOf, Model = Model.Version }, default);
        Assert.Contains(worklists.SelectMany(w => w.Listed), p => p.PatientId == Patient);
        await _home.CloseStoreAsync();
    }

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}
