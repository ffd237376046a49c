using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests;

/// <summary>
/// Twenty-four made-up patients over twelve days, eight of whom are admitted after their SpO2 fell, and a small model of
/// them. Made once; each test works on its own copy.
/// </summary>
public sealed class TrainedHome : IAsyncLifetime, IAsyncDisposable
{
    internal static readonly TaskDefinition Task = new()
    {
        Name = "admission-2d",
        Title = "Hospital admission in the next 2 days",
        OutcomeKinds = ["hospital-admission"],
        Grid = AsOfGrid.DailyLocalMidnight,
        Population = new() { Setting = CareSetting.Home },
        Horizon = Horizon.LocalDays(2),
        ReportingDelay = Duration.Zero,
        MinimumUnderMonitoring = Duration.FromDays(2),
        FeatureSet = "home",
        Baselines = [BaselineRules.News2, BaselineRules.Weight],
    };

    internal static readonly TrainingSettings Quick = new()
    {
        Seed = 7,
        Folds = 2,
        InnerFolds = 2,
        Resamples = 10,
        Boosting = new() { LearningRate = 0.2, MaximumTrees = 12, Patience = 5, Leaves = 4, MinimumRowsPerLeaf = 5, FeatureFraction = 0.9, L2 = 1 },
    };

    private readonly TempHome _home = new();

    internal TrainedModel Model { get; private set; } = null!;

    internal static string Patient(int number) => $"p{number:D2}";

    internal static MadeUpFeed Feed()
    {
        var feed = new MadeUpFeed().Team("north", 3).Team("south", 100);
        for (var i = 0; i < 24; i++)
        {
            var id = Patient(i);
            feed.Patient(id, i % 2 == 0 ? "north" : "south");
            if (i % 3 != 0)
            {
                feed.Daily(id, 0, 12, 95, 68 + i);
                continue;
            }

            // Admitted on day 6, 7, 8 or 9, after three days of falling SpO2.
            var admitted = 6 + (i / 3 % 4);
            feed.Daily(id, 0, admitted - 3, 95, 68 + i).Daily(id, admitted - 3, 3, 87, 90 + i);
            feed.Outcome(id, admitted + 0.5).Census(id, Telemetry.Reference.CensusKind.Admitted, admitted + 0.5);
        }

        // Their last three days are such that they ought to head the lists.
        return feed.Patient("q1", "north").Daily("q1", 0, 9, 95).Daily("q1", 9, 3, 87, 95)
            .Patient("q2", "south").Daily("q2", 0, 9, 95).Daily("q2", 9, 3, 86, 99);
    }

    /// <summary>A copy of the home, and its manifest.</summary>
    internal async Task<(TempHome Home, ObservationsManifest Manifest)> CopyAsync()
    {
        var home = TempHome.CopyOf(_home.Root);
        return (home, (await ObservationsManifest.TryReadAsync(home.Lake, CancellationToken.None))!);
    }

    public async Task InitializeAsync()
    {
        var manifest = await Feed().LandAsync(_home);
        (Model, _) = await TrainingStage.RunAsync(_home.Store, manifest, Task, Quick, null, CancellationToken.None);
        await _home.CloseStoreAsync();
    }

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    System.Threading.Tasks.Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();
}

/// <summary>One home for all classes of tests that start from a trained model.</summary>
[CollectionDefinition(Name)]
public sealed class TrainedOnce : ICollectionFixture<TrainedHome>
{
    public const string Name = "trained";
}
