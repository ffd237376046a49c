using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Risk.Drift;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Drift;

/// <summary>A prediction that a night left.</summary>
internal readonly record struct NightScore(string PatientId, long AsOf, double P);

/// <summary>Rows of a training snapshot.</summary>
/// <param name="Rows">The rows.</param>
/// <param name="HasReading">Of each, whether there was a reading to score it by.</param>
/// <param name="ShareWithReading">Share of all rows of the snapshot that had one.</param>
internal sealed record SnapshotRows(DriftRows Rows, bool[] HasReading, double ShareWithReading)
{
    /// <summary>What a model says of those that have a reading.</summary>
    internal DriftScores Scores(RiskModel model, FeatureSet set, CancellationToken cancellationToken)
    {
        var unknown = new double[Rows.Rows];
        Array.Fill(unknown, double.NaN);
        var scores = model.Score(
            new FeatureTable
            {
                SetName = set.Name,
                SetHash = set.Hash,
                Columns = set.Columns,
                PatientId = Rows.PatientId,
                AsOf = new long[Rows.Rows],
                Values = Rows.Values,
                // Of a model's score these are no part.
                News2Low = unknown,
                News2Point = unknown,
                News2High = unknown,
                HasReading = HasReading,
            },
            -1, cancellationToken);
        int[] scored = [.. Enumerable.Range(0, Rows.Rows).Where(i => HasReading[i] && double.IsFinite(scores.P[i]))];
        return new(Array.ConvertAll(scored, i => Rows.PatientId[i]), Array.ConvertAll(scored, i => scores.P[i]));
    }
}

/// <summary>
/// Reads the vectors and predictions that nights left, and of many rows a part: rows of vectors by the hash of patient and instant, predictions by the hash of the
/// patient, so that the same lake gives the same rows. A file that is gone is left out, and counted.
/// </summary>
internal sealed class NightTables(Lake lake, DeviceModels models)
{
    /// <summary>Rows of vectors that are held at the most of a stretch; some 70 MB of 430 columns.</summary>
    internal const int MostVectors = 20_000;

    /// <summary>Predictions that are held at the most of a stretch.</summary>
    internal const int MostScores = 200_000;

    private const string Vectors = "gold/features/";
    private const string Predictions = "gold/predictions/";
    private const int Parts = 1_000_000;

    /// <summary>Files that the ledger names and the lake does not have.</summary>
    internal int Gone { get; private set; }

    /// <summary>Vectors of some runs by the columns of a set; those of another edition of the set are left out. Null where there are none.</summary>
    internal async Task<DriftRows?> VectorsAsync(IEnumerable<LedgerEntry> nights, FeatureSet set, CancellationToken cancellationToken)
    {
        LedgerOutput[] files = [.. nights.Where(n => n.FeatureSetHash == set.Hash).SelectMany(n => n.Outputs).Where(o => o.Path.StartsWith(Vectors, StringComparison.Ordinal))];
        var rows = new Rows(set);
        foreach (var file in files)
        {
            if (await TryReadAsync(file.Path, null, cancellationToken) is { } table)
            {
                rows.Add(table, Share(files, MostVectors), models);
            }
        }

        return rows.ToRows();
    }

    /// <summary>The vectors of a training snapshot; null where there is none, or it is of another edition of the set.</summary>
    internal async Task<SnapshotRows?> SnapshotAsync(string task, string version, FeatureSet set, CancellationToken cancellationToken)
    {
        var path = LakePaths.Features(set.Definition.Name, "snapshots", $"{task}-{version}");
        if (!await lake.ExistsAsync(path, cancellationToken) || await TryReadAsync(path, null, cancellationToken) is not { Rows: > 0 } table || table.Metadata.GetValueOrDefault("remotemonitoring.feature-set-hash") != set.Hash)
        {
            return null;
        }

        var (rows, hasReading) = (new Rows(set), table.Boolean("row_has_reading"));
        var taken = rows.Add(table, Math.Min(1, (double)MostVectors / table.Rows), models);
        return rows.ToRows() is { } some ? new(some, Array.ConvertAll(taken, i => hasReading[i]), hasReading.Average(r => r ? 1.0 : 0)) : null;
    }

    /// <summary>Predictions of some runs; of a patient and instant the first.</summary>
    internal async Task<IReadOnlyList<NightScore>> ScoresAsync(IEnumerable<LedgerEntry> nights, CancellationToken cancellationToken)
    {
        LedgerOutput[] files = [.. nights.SelectMany(n => n.Outputs).Where(o => o.Path.StartsWith(Predictions, StringComparison.Ordinal))];
        var (share, scores, seen) = (Share(files, MostScores), new List<NightScore>(), new HashSet<(string, long)>());
        foreach (var file in files)
        {
            if (await TryReadAsync(file.Path, ["patient_id", "as_of", "probability"], cancellationToken) is not { } table)
            {
                continue;
            }

            var (patients, asOf, p) = (table.Text("patient_id"), table.Time("as_of"), table.Float64("probability"));
            for (var i = 0; i < table.Rows; i++)
            {
                if (double.IsFinite(p[i]) && IsTaken(patients[i]!, share) && seen.Add((patients[i]!, asOf[i])))
                {
                    scores.Add(new(patients[i]!, asOf[i], p[i]));
                }
            }
        }

        return scores;
    }

    private static double Share(LedgerOutput[] files, int most) => files.Sum(f => (long)f.Rows) is var rows && rows > most ? (double)most / rows : 1;

    private static bool IsTaken(string key, double share) => share >= 1 || Partitioning.PartitionOf(key, Parts) < share * Parts;

    private async Task<ParquetTable?> TryReadAsync(string path, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        if (await lake.ExistsAsync(path, cancellationToken))
        {
            return await lake.ReadTableAsync(path, columns, cancellationToken);
        }

        Gone++;
        return null;
    }

    /// <summary>Rows as they are taken from one table after the other.</summary>
    private sealed class Rows(FeatureSet set)
    {
        private readonly List<string> _patients = [];
        private readonly List<string> _devices = [];
        private readonly List<double>[] _values = [.. set.Columns.Select(_ => new List<double>())];
        private readonly HashSet<(string, long)> _seen = [];

        public int[] Add(ParquetTable table, double share, DeviceModels models)
        {
            var (patients, asOf, knownBy) = (table.Text("patient_id"), table.Time("as_of"), table.Time("known_by"));
            int[] taken = [.. Enumerable.Range(0, table.Rows).Where(i => IsTaken($"{patients[i]} {asOf[i]}", share) && _seen.Add((patients[i]!, asOf[i])))];
            _patients.AddRange(taken.Select(i => patients[i]!));
            _devices.AddRange(taken.Select(i => string.Join(" + ", models.At(patients[i]!, asOf[i], knownBy[i]))));
            for (var c = 0; c < _values.Length; c++)
            {
                var column = table.Float64(set.Columns[c].Name);
                _values[c].AddRange(taken.Select(i => column[i]));
            }

            return taken;
        }

        public DriftRows? ToRows() => _patients.Count == 0 ? null : new([.. _patients], [.. _devices], Array.ConvertAll(_values, v => v.ToArray()));
    }
}
