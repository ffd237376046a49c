using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>A mapping bound to the columns of a feature set: our rows in, the model's rows out.</summary>
internal sealed class MappedColumns
{
    private readonly (int Column, float Missing, double Scale, double Offset)[] _features;

    internal MappedColumns(FeatureMapping mapping, IReadOnlyList<FeatureColumn> columns)
    {
        var number = columns.Index().ToDictionary(c => c.Item.Name, c => c.Index, StringComparer.Ordinal);
        (Mapping, Width) = (mapping, columns.Count);
        _features =
        [
            .. mapping.Features.Select((f, i) => number.TryGetValue(f.Column, out var column)
                ? (column, (float?)f.Missing ?? float.NaN, f.Scale ?? 1, f.Offset ?? 0)
                : throw new ModelException($"features.json: features[{i}].column '{f.Column}': feature set '{mapping.FeatureSet}' has no such column.")),
        ];
    }

    internal FeatureMapping Mapping { get; }

    /// <summary>Columns of the feature set.</summary>
    internal int Width { get; }

    internal int Count => _features.Length;

    /// <summary>The rows as the model takes them, [rows × features].</summary>
    internal FeatureMatrix Of(FeatureMatrix rows)
    {
        var values = new float[checked(rows.Rows * Count)];
        for (var r = 0; r < rows.Rows; r++)
        {
            var row = rows.Row(r);
            for (var f = 0; f < Count; f++)
            {
                var (column, missing, scale, offset) = _features[f];
                var value = row[column];
                values[(r * Count) + f] = float.IsNaN(value) ? missing : FeatureMatrix.ToFloat((value * scale) + offset);
            }
        }

        return new(values, Count);
    }

    /// <summary>What the features add to a score, by our columns.</summary>
    internal double[] ByColumn(ReadOnlySpan<double> contributions)
    {
        var sums = new double[Width];
        for (var f = 0; f < Count; f++)
        {
            sums[_features[f].Column] += contributions[f];
        }

        return sums;
    }
}
