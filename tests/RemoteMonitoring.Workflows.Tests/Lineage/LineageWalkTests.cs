using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Erasure;
using RemoteMonitoring.Workflows.Lineage;

namespace RemoteMonitoring.Workflows.Tests.Lineage;

[Collection(TrainedOnce.Name)]
public sealed class LineageWalkTests(TrainedHome trained)
{
    private const string Patient = "q1";

    [Fact]
    public async Task A_prediction_is_walked_down_to_each_raw_message_and_every_hash_is_checked()
    {
        await using var home = await ScoredAsync();
        var lineage = await WalkAsync(home);
        Assert.Empty(lineage.Gaps);
        Assert.Equal((lineage.Prediction.Run, trained.Model.Version), (lineage.Run!.Entry.Run, lineage.Run.Entry.Model));
        Assert.Equal(FileState.Verified, lineage.Scores!.File.State);

        // What the walk points at does hold the patient.
        var scores = await home.Lake.ReadTableAsync(lineage.Scores.File.Path, null, default);
        Assert.Equal((Patient, lineage.Prediction.Document!.Raw), (scores.Text("patient_id")[lineage.Scores.Row!.Value], scores.Float64("raw")[lineage.Scores.Row.Value]));
        var vectors = await home.Lake.ReadTableAsync(lineage.Features!.File.Path, null, default);
        Assert.Equal(Patient, vectors.Text("patient_id")[lineage.Features.Row!.Value]);
        Assert.InRange(lineage.Features.Known, 1, lineage.Features.Columns - 1);

        Assert.NotEmpty(lineage.Model!.Files);
        Assert.All(lineage.Model.Files, f => Assert.Equal(FileState.Verified, f.State));
        Assert.True(lineage.Model.Observations);

        // Twelve days of two messages with a reading each.
        Assert.Equal((12, 24), (lineage.ObservationFiles.Count(f => f.Readings == 2), lineage.Readings.Count));
        Assert.Equal((24, 24), (lineage.Messages.Sum(m => m.Messages), lineage.Messages.Sum(m => m.Readings)));
        foreach (var range in lineage.Messages)
        {
            Assert.Equal(MessageState.Found, range.State);
            var bronze = TelemetryTables.ToEnvelopes(await home.Lake.ReadTableAsync(range.File!, null, default));
            var offsets = lineage.Readings.Where(r => r.Origin.Stream == range.Stream).Select(r => r.Origin.Offset).ToArray();
            Assert.Equal((offsets.Min(), offsets.Max()), (range.First, range.Last));
            Assert.All(offsets, o => Assert.Equal($"d-{Patient}", bronze.DeviceId[bronze.Offset.IndexOf(o)]));
        }
    }

    [Fact]
    public async Task A_prediction_is_named_by_its_id_its_run_its_instant_or_not_at_all()
    {
        await using var home = await ScoredAsync();
        await ScoreAsync(home, 11);
        var latest = Assert.Single(await PredictionSearch.FindAsync(home.Store, Patient, null, default));
        Assert.Equal(MadeUpFeed.At(12).ToUnixMicros(), latest.AsOf);
        foreach (var named in new[] { latest.Id, latest.Run, MadeUpFeed.At(12).ToString() })
        {
            Assert.Equal(latest, Assert.Single(await PredictionSearch.FindAsync(home.Store, Patient, named, default)), (a, b) => a.Id == b.Id);
        }

        Assert.NotEqual(latest.Id, Assert.Single(await PredictionSearch.FindAsync(home.Store, Patient, MadeUpFeed.At(11).ToString(), default)).Id);
        Assert.Empty(await PredictionSearch.FindAsync(home.Store, Patient, "20250313T000000Z-0000000000000000", default));
        Assert.Empty(await PredictionSearch.FindAsync(home.Store, "another", latest.Id, default));
        Assert.Empty(await PredictionSearch.FindAsync(home.Store, "another", null, default));

        await home.Store.Documents.DeleteAllAsync(Containers.Predictions, default);
        var inLake = Assert.Single(await PredictionSearch.FindAsync(home.Store, Patient, latest.Id, default));
        Assert.Null(inLake.Document);
        var lineage = await LineageWalk.RunAsync(home.Store, inLake, default);
        Assert.Equal("the document of the prediction is gone; the lake has it", Assert.Single(lineage.Gaps));
        Assert.Equal(24, lineage.Readings.Count);
    }

    [Fact]
    public async Task What_was_collected_or_changed_is_told_and_the_rest_is_walked()
    {
        await using var home = await ScoredAsync();
        var (whole, entry) = (await WalkAsync(home), Entry(await WalkAsync(home)));
        home.Overwrite(whole.Features!.File.Path, "other bytes");
        home.Delete(whole.ObservationFiles[0].File.Path);
        home.Delete($"{whole.Model!.Folder}/trees.txt");
        var damaged = await WalkAsync(home);
        Assert.Equal((FileState.Changed, FileState.Gone), (damaged.Features!.File.State, damaged.ObservationFiles[0].File.State));
        Assert.Equal(22, damaged.Readings.Count);
        Assert.Equal(3, damaged.Gaps.Count);
        Assert.Contains(damaged.Gaps, g => g.EndsWith($"{whole.Features.File.Path} does not have the bytes that were recorded", StringComparison.Ordinal));
        Assert.Contains(damaged.Gaps, g => g.EndsWith($"{whole.ObservationFiles[0].File.Path} is gone: collected or deleted", StringComparison.Ordinal));

        home.Delete(LakePaths.ObservationsManifestOf(entry.Observations));
        Assert.Contains((await WalkAsync(home)).Gaps, g => g.Contains($"'rmon reproduce {entry.Run}' makes them again", StringComparison.Ordinal));

        home.Delete(LakePaths.Ledger(entry.Run));
        Assert.Contains((await WalkAsync(home)).Gaps, g => g.StartsWith($"the ledger has no run {entry.Run}", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Bronze_that_is_gone_is_told_by_its_messages()
    {
        await using var home = await ScoredAsync();
        home.Delete((await WalkAsync(home)).Messages[0].File!);
        var lineage = await WalkAsync(home);
        Assert.All(lineage.Messages, m => Assert.Equal((MessageState.Gone, null), (m.State, m.File)));
        Assert.Contains("24 of the raw messages are in no bronze file", lineage.Gaps);
    }

    [Fact]
    public async Task Of_an_erased_patient_there_is_no_prediction_and_the_others_lineage_says_that_somebody_was_erased()
    {
        await using var home = await ScoredAsync();
        var id = (await WalkAsync(home)).Prediction.Id;
        await PatientErasure.RunAsync(home.Store, Patient, TimeProvider.System, default);
        Assert.Empty(await PredictionSearch.FindAsync(home.Store, Patient, null, default));
        Assert.Empty(await PredictionSearch.FindAsync(home.Store, Patient, id, default));
        var other = await LineageWalk.RunAsync(home.Store, Assert.Single(await PredictionSearch.FindAsync(home.Store, "q2", null, default)), default);
        Assert.Equal((FileState.Erased, FileState.Erased), (other.Scores!.File.State, other.Features!.File.State));
        Assert.NotNull(other.Scores.Row);
        Assert.Equal(24, other.Readings.Count);
        Assert.Contains(other.Gaps, g => g.StartsWith("erasure 1 at ", StringComparison.Ordinal));
        Assert.DoesNotContain(other.Gaps, g => g.Contains(Patient, StringComparison.Ordinal));
    }

    private async Task<TempHome> ScoredAsync()
    {
        var (home, _) = await trained.CopyAsync();
        await ScoreAsync(home, 12);
        return home;
    }

    private async Task ScoreAsync(TempHome home, double day) => await DailyRiskRun.RunAsync(
        home.Store,
        (await ObservationsManifest.TryReadAsync(home.Lake, default))!,
        new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(day), Model = trained.Model.Version },
        default);

    private static async Task<PredictionLineage> WalkAsync(TempHome home) =>
        await LineageWalk.RunAsync(home.Store, (await PredictionSearch.FindAsync(home.Store, Patient, null, default)).Single(), default);

    private static LedgerEntry Entry(PredictionLineage lineage) => lineage.Run!.Entry;
}
