using System.Diagnostics;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Risk.Trees;

namespace RemoteMonitoring.Benchmarks.Trees;

/// <summary>Rows of 60 columns, three in ten of their values missing, and 300 trees taught by some of them; LightGBM's C interface beside, both on two threads.</summary>
internal abstract class TreesBenchmark : Benchmark, IDisposable
{
    protected const int Columns = 60;

    protected static readonly BoostingSettings Settings = new() { LearningRate = 0.1, Leaves = 31, MinimumRowsPerLeaf = 30, ExtraTrees = false, Bags = 1, FeatureFraction = 0.8, RowFraction = 0.8, L2 = 1, Threads = 2, LargeSteps = int.MaxValue, SmallTrees = int.MaxValue };

    protected static readonly ParallelOptions TwoCores = new() { MaxDegreeOfParallelism = 2 };

    private LightGbmLibrary.BoosterHandle? _native;

    public override string PeerName => "LightGBM's C interface, the same rows, 2 threads";

    protected abstract int Rows { get; }

    private protected FeatureMatrix Matrix { get; private set; } = null!;

    private protected TreeEnsemble Trees { get; private set; } = null!;

    private protected LightGbmLibrary.BoosterHandle Native => _native!;

    protected bool[] Label { get; private set; } = [];

    public override Task PrepareAsync(string folder)
    {
        (Matrix, Label) = Made(Rows);
        var (teaching, label) = Made(50_000);
        var trained = Boosting.Train(teaching, label, [.. Enumerable.Range(0, teaching.Rows)], null, 300, Settings, 1);
        Trees = trained.Ensemble;
        _native = LightGbmLibrary.Load(trained.Text);
        return Task.CompletedTask;
    }

    public void Dispose() => _native?.Dispose();

    /// <summary>Both sides' numbers, row by row, must be the same within a billionth.</summary>
    protected static void Same(double[] ours, double[] theirs, Func<int, int> place)
    {
        for (var i = 0; i < ours.Length; i++)
        {
            if (Math.Abs(ours[i] - theirs[place(i)]) > 1e-9)
            {
                throw new InvalidOperationException($"Ours is {ours[i]:R}, LightGBM's is {theirs[place(i)]:R}.");
            }
        }
    }

    protected static Measured Timed(Action action)
    {
        var clock = Stopwatch.StartNew();
        action();
        return new Measured(clock.Elapsed.TotalSeconds, $"s, {clock.Elapsed.TotalMilliseconds:N0} ms");
    }

    /// <summary>Labels that a dozen of the columns decide, two by two.</summary>
    private static (FeatureMatrix Matrix, bool[] Label) Made(int rows)
    {
        var random = new Random(7);
        var values = new float[rows * Columns];
        var label = new bool[rows];
        for (var r = 0; r < rows; r++)
        {
            var score = -2.0;
            for (var c = 0; c < Columns; c++)
            {
                var value = (float)(random.NextDouble() + random.NextDouble() - 1);
                values[(r * Columns) + c] = random.NextDouble() < 0.3 ? float.NaN : value;
                score += c % 5 == 0 ? value * (c + 10) / 10 * (random.NextDouble() < 0.9 ? 1 : -1) : 0;
            }

            label[r] = random.NextDouble() < 1 / (1 + Math.Exp(-score));
        }

        return (new(values, Columns, [.. Enumerable.Range(0, Columns).Select(c => $"c{c}")]), label);
    }
}

/// <summary>A million rows scored.</summary>
internal sealed class ScoreBenchmark : TreesBenchmark
{
    private double[] _ours = [];

    public override string Name => "score";

    public override string Unit => "s for 1 M rows, 60 columns, 300 trees of 31 leaves";

    protected override int Rows => 1_000_000;

    public override Task<Measured> OursAsync() => Task.FromResult(Timed(() => _ours = Trees.Raw(Matrix, TwoCores)));

    public override Task<Measured> PeerAsync()
    {
        double[] theirs = [];
        var measured = Timed(() => theirs = LightGbmLibrary.Predict(Native, Matrix.Values, Columns, LightGbmLibrary.RawScore, 2));
        Same(_ours, theirs, i => i);
        return Task.FromResult(measured);
    }
}

/// <summary>Exact contributions of twenty thousand rows.</summary>
internal sealed class ExplainBenchmark : TreesBenchmark
{
    private double[] _ours = [];

    public override string Name => "explain";

    public override string Unit => "s for the contributions of 20,000 rows, 60 columns, 300 trees of 31 leaves";

    public override int Runs => 3;

    protected override int Rows => 20_000;

    public override Task<Measured> OursAsync() => Task.FromResult(Timed(() => _ours = new TreeContributions(Trees, Columns).Of(Matrix, TwoCores)));

    public override Task<Measured> PeerAsync()
    {
        double[] theirs = [];
        var measured = Timed(() => theirs = LightGbmLibrary.Predict(Native, Matrix.Values, Columns, LightGbmLibrary.Contributions, 2));
        Same(_ours, theirs, i => (i / Columns * (Columns + 1)) + (i % Columns));
        return Task.FromResult(measured);
    }
}

/// <summary>A hundred trees grown on two hundred thousand rows, text and all.</summary>
internal sealed class TrainBenchmark : TreesBenchmark
{
    private string _ours = "";

    public override string Name => "train";

    public override string Unit => "s for 100 trees of 31 leaves on 200,000 rows, 60 columns";

    protected override int Rows => 200_000;

    public override Task<Measured> OursAsync()
    {
        int[] rows = [.. Enumerable.Range(0, Rows)];
        return Task.FromResult(Timed(() => _ours = Boosting.Train(Matrix, Label, rows, null, 100, Settings, 1).Text));
    }

    public override Task<Measured> PeerAsync()
    {
        var labels = Array.ConvertAll(Label, l => l ? 1f : 0f);
        const string Parameters = "objective=binary metric=binary_logloss verbosity=-1 feature_pre_filter=false learning_rate=0.1 num_leaves=31 max_bin=63 min_data_in_leaf=30 min_sum_hessian_in_leaf=0.001 "
            + "feature_fraction=0.8 bagging_fraction=0.8 bagging_freq=1 lambda_l2=1 seed=1 num_threads=2 deterministic=true force_col_wise=true";
        var text = "";
        var measured = Timed(() =>
        {
            using var dataset = LightGbmLibrary.Dataset(Matrix.Values, Columns, labels, Parameters, null);
            using var booster = LightGbmLibrary.Booster(dataset, Parameters);
            for (var tree = 0; tree < 100; tree++)
            {
                LightGbmLibrary.Grow(booster);
            }

            text = LightGbmLibrary.Text(booster, 100);
        });
        var theirs = TreeModelText.Read(TreeModelText.Settle(text), Columns).Trees.Select(t => t.LeafValue);
        return theirs.Zip(TreeModelText.Read(_ours, Columns).Trees).All(pair => pair.First.SequenceEqual(pair.Second.LeafValue))
            ? Task.FromResult(measured)
            : throw new InvalidOperationException("The two grew other trees.");
    }
}
