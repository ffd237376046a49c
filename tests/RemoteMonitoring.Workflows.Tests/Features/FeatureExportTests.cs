using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

[Collection(TrainedOnce.Name)]
public sealed class FeatureExportTests(TrainedHome trained)
{
    private static readonly CancellationToken s_none = CancellationToken.None;

    [Fact]
    public async Task With_labels_and_no_instant_it_is_the_snapshot_that_training_made_and_its_labels()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var export = await ExportAsync(home, manifest, new FeatureExportRequest { Set = FeatureSet.Home, Task = TrainedHome.Task, Labels = true });
        var (table, snapshot) = (export.ToParquet(), await home.Lake.ReadTableAsync(trained.Model.Features, null, s_none));
        var features = snapshot.ColumnNames.Where(name => !name.StartsWith("row_", StringComparison.Ordinal)).ToArray();
        Assert.Equal([.. features, "label", "label_known"], table.ColumnNames);
        Assert.All(features, name => Assert.Equal(snapshot.Column(name), table.Column(name)));
        Assert.Equal(snapshot.Column("row_label"), table.Column("label"));
        Assert.Equal(snapshot.Column("row_label_known"), table.Column("label_known"));
        Assert.Equal("false", table.Metadata["remotemonitoring.retrospective"]);
        Assert.Contains(true, table.Boolean("label"));

        // The figures of training are of the same labels.
        var heldOut = await home.Lake.ReadTableAsync(trained.Model.HeldOut[0], null, s_none);
        var labels = table.Text("patient_id").Zip(table.Time("as_of")).Zip(table.Boolean("label")).ToDictionary(r => r.First, r => r.Second);
        Assert.All(heldOut.Text("patient_id").Zip(heldOut.Time("as_of")).Zip(heldOut.Boolean("label")), r => Assert.Equal(labels[r.First], r.Second));
    }

    [Fact]
    public async Task Labels_at_instants_that_are_asked_for_are_those_of_the_grid_where_the_two_meet()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var request = new FeatureExportRequest { Set = FeatureSet.Home, Task = TrainedHome.Task, Labels = true };
        var grid = (await ExportAsync(home, manifest, request)).ToParquet();
        var asked = (await ExportAsync(home, manifest, request with { Instants = [MadeUpFeed.At(4), MadeUpFeed.At(5.5)] })).ToParquet();
        var onGrid = Rows(grid).Where(r => r.AsOf == MadeUpFeed.At(4).ToUnixMicros()).ToArray();
        Assert.NotEmpty(onGrid);
        Assert.Equal(onGrid, Rows(asked).Where(r => r.AsOf == MadeUpFeed.At(4).ToUnixMicros()));
        Assert.Contains(Rows(asked), r => r.AsOf == MadeUpFeed.At(5.5).ToUnixMicros());
        Assert.Equal(Rows(asked).Order(), Rows(asked));
    }

    [Fact]
    public async Task A_task_has_the_patients_it_can_score_and_each_row_knows_nothing_later_than_its_instant()
    {
        var (home, manifest) = await trained.CopyAsync();
        await using var _ = home;
        var request = new FeatureExportRequest { Set = FeatureSet.Home, Task = TrainedHome.Task, Instants = [MadeUpFeed.At(8), MadeUpFeed.At(11)] };
        var export = await ExportAsync(home, manifest, request);
        Assert.All(export.Rows, r => Assert.Equal(r.AsOf, r.KnownBy));
        Assert.False(export.IsRetrospective);
        // Those who were admitted on day 6 and 7 are in hospital, and have no row.
        Assert.DoesNotContain(export.Rows, r => r.PatientId == TrainedHome.Patient(0));
        Assert.Equal(22, export.Rows.Count(r => r.AsOf == MadeUpFeed.At(8).ToUnixMicros()));
        var some = await ExportAsync(home, manifest, request with { Patients = ["q1", TrainedHome.Patient(0)] });
        Assert.Equal(["q1", "q1"], some.Rows.Select(r => r.PatientId));
    }

    [Fact]
    public async Task Without_a_task_it_is_whom_the_census_has_enrolled_in_hospital_or_not_or_else_who_has_readings()
    {
        await using var home = new TempHome();
        var manifest = await new MadeUpFeed().Team("north", 5)
            .Patient("here").Patient("gone").Census("gone", CensusKind.Withdrawn, 3).Patient("ill").Census("ill", CensusKind.Admitted, 3).Patient("later", enrolled: 6)
            .Daily("here", 0, 5).LandAsync(home);
        var request = new FeatureExportRequest { Set = FeatureSet.Home, Instants = [MadeUpFeed.At(5)] };
        Assert.Equal(["here", "ill"], (await ExportAsync(home, manifest, request)).Rows.Select(r => r.PatientId));
        Assert.Equal(["gone", "here"], (await ExportAsync(home, manifest, request with { Patients = ["here", "gone", "here"] })).Rows.Select(r => r.PatientId));

        await using var paperless = new TempHome();
        var feed = new MadeUpFeed().Team("north", 5).Patient("a", enrolled: null).Patient("b", enrolled: null).Patient("c", enrolled: null);
        var read = await feed.Assigned("d-a", "a", 0, null).Assigned("d-b", "b", 0, null).Daily("a", 1, 3).Daily("b", 6, 3).LandAsync(paperless);
        Assert.Equal(["a"], (await ExportAsync(paperless, read, request)).Rows.Select(r => r.PatientId));
        Assert.Equal(["a", "a", "b"], (await ExportAsync(paperless, read, request with { Instants = [MadeUpFeed.At(5), MadeUpFeed.At(8)] })).Rows.Select(r => r.PatientId));
    }

    [Fact]
    public async Task Known_later_than_as_of_is_labelled_retrospective_and_sees_what_came_late()
    {
        await using var home = new TempHome();
        var manifest = await new MadeUpFeed().Team("north", 5).Patient("a").Daily("a", 0, 3).Reading("d-a", "spo2", 88, 2.5, known: 6).LandAsync(home);
        var request = new FeatureExportRequest { Set = FeatureSet.Home, Instants = [MadeUpFeed.At(4)] };
        async Task<(FeatureExport Export, double Last)> LastAsync(Instant? knownBy)
        {
            var export = await ExportAsync(home, manifest, request with { KnownBy = knownBy });
            return (export, export.Vectors.Values[export.Vectors.IndexOf("spo2_last")][0]);
        }

        var (then, before) = await LastAsync(null);
        var (since, after) = await LastAsync(MadeUpFeed.At(7));
        var (_, early) = await LastAsync(MadeUpFeed.At(1));
        Assert.Equal((98, 88, 96), (before, after, early));
        Assert.Equal((false, true), (then.IsRetrospective, since.IsRetrospective));
        Assert.Equal(("false", "as-of"), (then.ToParquet().Metadata["remotemonitoring.retrospective"], then.ToParquet().Metadata["remotemonitoring.known-by"]));
        Assert.Equal(("true", MadeUpFeed.At(7).ToString()), (since.ToParquet().Metadata["remotemonitoring.retrospective"], since.ToParquet().Metadata["remotemonitoring.known-by"]));
        Assert.Equal([MadeUpFeed.At(7).ToUnixMicros()], since.ToParquet().Time("known_by"));
        Assert.Contains(since.Dictionary(), r => r[0] == "known_by" && r[1]!.Contains("RETROSPECTIVE", StringComparison.Ordinal));
    }

    /// <summary>Rollups are kept for the bundled set of the name: taken for another's, vitals they do not have would look unmeasured.</summary>
    [Fact]
    public async Task A_set_of_ones_own_by_the_name_of_a_bundled_one_is_worked_out_from_readings()
    {
        await using var home = new TempHome();
        var manifest = await new MadeUpFeed().Team("north", 5).Patient("a").Reading("d-a", "albumin", 3.5, 1.2).Reading("d-a", "albumin", 4.5, 2.2).LandAsync(home);
        Assert.DoesNotContain("albumin", FeatureSet.Home.Columns.Select(c => c.VitalKey));
        var group = new VitalGroup { Vitals = ["albumin"], Statistics = new Dictionary<string, IReadOnlyList<string>> { ["mean"] = ["7d"], ["median"] = ["5d"] } };
        var own = FeatureSet.Of(FeatureSet.Home.Definition with { Groups = [group] });
        var export = await ExportAsync(home, manifest, new FeatureExportRequest { Set = own, Instants = [MadeUpFeed.At(5)] });
        Assert.Equal(4, export.Vectors.Values[export.Vectors.IndexOf("albumin_mean_7d")][0], 1e-12);
        Assert.Equal(4, export.Vectors.Values[export.Vectors.IndexOf("albumin_median_5d")][0], 1e-12);
    }

    [Fact]
    public async Task Training_and_scoring_keep_the_dictionary_beside_their_tables()
    {
        var (home, _) = await trained.CopyAsync();
        await using var __ = home;
        Assert.StartsWith("name,meaning,unit,type,window,part,statistic,missing,from,set,hash\r\npatient_id,", System.Text.Encoding.UTF8.GetString(await home.Lake.ReadAsync(LakePaths.FeatureDictionary("home", FeatureSet.Home.Hash), s_none)), StringComparison.Ordinal);
    }

    private static Task<FeatureExport> ExportAsync(TempHome home, ObservationsManifest manifest, FeatureExportRequest request) =>
        FeatureExport.BuildAsync(home.Store, manifest, request, null, s_none);

    private static (string Patient, long AsOf, bool Label, long Known)[] Rows(ParquetTable table) =>
        [.. Enumerable.Range(0, table.Rows).Select(i => (table.Text("patient_id")[i]!, table.Time("as_of")[i], table.Boolean("label")[i], table.Time("label_known")[i]))];
}
