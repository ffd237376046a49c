using Microsoft.ML;
using Microsoft.ML.Trainers;

namespace RemoteMonitoring.Risk.Training;

/// <summary>
/// The plain model to beat: logistic regression on standardised columns, the training mean where a value is missing, and
/// a column saying so where that tells rows apart. Everything is fitted on the training rows alone.
/// </summary>
internal sealed class LogisticRegression
{
    // Standard scores are cut here: one implausible laboratory value must not rule a linear score.
    private const float Cut = 4;

    private readonly int[] _valueColumns;
    private readonly int[] _missingColumns;
    private readonly float[] _mean;
    private readonly float[] _scale;
    private readonly float[] _missingRate;
    private float[] _weights = [];
    private double _bias;

    private LogisticRegression(int[] valueColumns, int[] missingColumns, float[] mean, float[] scale, float[] missingRate) =>
        (_valueColumns, _missingColumns, _mean, _scale, _missingRate) = (valueColumns, missingColumns, mean, scale, missingRate);

    internal static LogisticRegression Train(FeatureMatrix matrix, bool[] label, int[] rows, double l2, int seed)
    {
        var model = Prepare(matrix, rows);
        var width = model._valueColumns.Length + model._missingColumns.Length;
        if (width == 0)
        {
            return model;
        }

        var prepared = new float[checked(rows.Length * width)];
        var preparedLabel = new bool[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            model.Fill(matrix.Row(rows[i]), prepared.AsSpan(i * width, width));
            preparedLabel[i] = label[rows[i]];
        }

        var context = new MLContext(seed);
        var trainer = context.BinaryClassification.Trainers.LbfgsLogisticRegression(new LbfgsLogisticRegressionBinaryTrainer.Options
        {
            // ML.NET's default L1 of 1 would choose columns; the penalty counts against the sum of the losses, not their mean.
            L1Regularization = 0,
            L2Regularization = (float)l2,
            OptimizationTolerance = 1e-5f,
            MaximumNumberOfIterations = 100,
            // More than one thread also means that rows are held in memory; sums are taken in the order of the threads,
            // so a fixed number of them gives the same weights each time.
            NumberOfThreads = 2,
        });
        var view = new FeatureMatrix(prepared, width).View([.. Enumerable.Range(0, rows.Length)], preparedLabel);
        var trained = trainer.Fit(view).Model.SubModel;
        model._weights = [.. trained.Weights];
        model._bias = trained.Bias;
        return model;
    }

    internal double[] Raw(FeatureMatrix matrix, int[] rows)
    {
        var width = _valueColumns.Length + _missingColumns.Length;
        var buffer = new float[width];
        var raw = new double[rows.Length];
        for (var i = 0; i < rows.Length; i++)
        {
            Fill(matrix.Row(rows[i]), buffer);
            var sum = _bias;
            for (var c = 0; c < _weights.Length; c++)
            {
                sum += (double)_weights[c] * buffer[c];
            }

            raw[i] = sum;
        }

        return raw;
    }

    private static LogisticRegression Prepare(FeatureMatrix matrix, int[] rows)
    {
        var columns = matrix.Columns;
        var count = new int[columns];
        var sum = new double[columns];
        var squares = new double[columns];
        foreach (var row in rows)
        {
            var values = matrix.Row(row);
            for (var c = 0; c < columns; c++)
            {
                if (!float.IsNaN(values[c]))
                {
                    count[c]++;
                    sum[c] += values[c];
                }
            }
        }

        // A second pass around the mean: sums of squares of large values cancel.
        foreach (var row in rows)
        {
            var values = matrix.Row(row);
            for (var c = 0; c < columns; c++)
            {
                if (!float.IsNaN(values[c]))
                {
                    var d = values[c] - (sum[c] / count[c]);
                    squares[c] += d * d;
                }
            }
        }

        var mean = new float[columns];
        var scale = new float[columns];
        var missingRate = new float[columns];
        var valueColumns = new List<int>();
        var missingColumns = new List<int>();
        for (var c = 0; c < columns; c++)
        {
            missingRate[c] = 1 - ((float)count[c] / Math.Max(1, rows.Length));
            var deviation = count[c] > 1 ? Math.Sqrt(squares[c] / count[c]) : 0;
            if (deviation > 1e-6 * Math.Max(1, Math.Abs(sum[c] / Math.Max(1, count[c]))))
            {
                mean[c] = (float)(sum[c] / count[c]);
                scale[c] = (float)(1 / deviation);
                valueColumns.Add(c);
            }

            if (missingRate[c] is > 0.01f and < 0.99f)
            {
                missingColumns.Add(c);
            }
        }

        return new([.. valueColumns], [.. missingColumns], mean, scale, missingRate);
    }

    private void Fill(ReadOnlySpan<float> row, Span<float> target)
    {
        for (var i = 0; i < _valueColumns.Length; i++)
        {
            var c = _valueColumns[i];
            target[i] = float.IsNaN(row[c]) ? 0 : Math.Clamp((row[c] - _mean[c]) * _scale[c], -Cut, Cut);
        }

        for (var i = 0; i < _missingColumns.Length; i++)
        {
            var c = _missingColumns[i];
            target[_valueColumns.Length + i] = (float.IsNaN(row[c]) ? 1 : 0) - _missingRate[c];
        }
    }
}
