using Microsoft.ML.OnnxRuntime;
using Microsoft.ML.OnnxRuntime.Tensors;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>A model in an ONNX file, run on one thread: the same rows get the same bits each time on a machine.</summary>
internal sealed class OnnxModel : IOutsideModel, IDisposable
{
    // Rows that are given to the runtime at a time.
    private const int Block = 1024;

    private readonly InferenceSession _session;
    private readonly MappedColumns _columns;
    private readonly MappedOutput _output;
    private readonly string? _input;
    private readonly string _outputName;
    private readonly int _rowsAtATime;

    /// <summary>Loads the file and tries it on a row without a known value; what does not fit throws <see cref="ModelException"/> with one line.</summary>
    internal OnnxModel(byte[] file, MappedColumns columns)
    {
        _columns = columns;
        _output = columns.Mapping.Output ?? throw new ModelException("features.json: output: an ONNX model needs one, for instance { \"as\": \"probability\" }.");
        try
        {
            using var options = new SessionOptions { IntraOpNumThreads = 1, InterOpNumThreads = 1, ExecutionMode = ExecutionMode.ORT_SEQUENTIAL, LogSeverityLevel = OrtLoggingLevel.ORT_LOGGING_LEVEL_FATAL };
            _session = new InferenceSession(file, options);
        }
        catch (OnnxRuntimeException e)
        {
            throw new ModelException($"model.onnx is damaged, or not an ONNX model that this runtime reads: {FirstLine(e)}", e);
        }

        try
        {
            _input = CheckInputs(out _rowsAtATime);
            _outputName = CheckOutput();
            Raw(columns.Of(new FeatureMatrix([.. Enumerable.Repeat(float.NaN, columns.Width)], columns.Width)), CancellationToken.None);
        }
        catch (ElsewhereException e)
        {
            _session.Dispose();
            throw new ModelException(e.Message, e);
        }
        catch (ModelException)
        {
            _session.Dispose();
            throw;
        }
    }

    public double[] Raw(FeatureMatrix rows, CancellationToken cancellationToken)
    {
        var raw = new double[rows.Rows];
        for (var from = 0; from < rows.Rows; from += _rowsAtATime)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var to = Math.Min(rows.Rows, from + _rowsAtATime);
            try
            {
                using var answer = _session.Run(Inputs(rows, from, to), [_outputName]);
                Read(answer[0], raw.AsSpan(from, to - from));
            }
            catch (OnnxRuntimeException e)
            {
                throw new ElsewhereException($"model.onnx cannot be run: {FirstLine(e)}", mayPass: false, e);
            }
        }

        return raw;
    }

    public void Dispose() => _session.Dispose();

    /// <summary>The input that takes all features; null where each feature has one of its own.</summary>
    private string? CheckInputs(out int rowsAtATime)
    {
        var inputs = _session.InputMetadata;
        var features = _columns.Mapping.Features;
        foreach (var (name, input) in inputs)
        {
            Check(input.IsTensor && input.ElementType == typeof(float), $"input '{name}' is not a tensor of 32-bit floats: export the model with such inputs");
        }

        Check(
            _columns.Mapping.Input is not { } wanted || inputs.ContainsKey(wanted),
            $"the model has no input '{_columns.Mapping.Input}'; it has {Names(inputs.Keys)}");
        var single = _columns.Mapping.Input ?? (inputs.Count == 1 && (features.Count > 1 || !inputs.ContainsKey(features[0].Name)) ? inputs.Keys.First() : null);
        if (single is not null)
        {
            Check(inputs.Count == 1, $"input '{inputs.Keys.FirstOrDefault(k => k != single)}' of the model is given nothing: only '{single}' is mapped");
        }
        else
        {
            var unknown = features.FirstOrDefault(f => !inputs.ContainsKey(f.Name));
            Check(unknown is null, $"the model has no input '{unknown?.Name}'; it has {Names(inputs.Keys)}");
            var left = inputs.Keys.FirstOrDefault(k => features.All(f => f.Name != k));
            Check(left is null, $"input '{left}' of the model is missing from the mapping");
        }

        var width = single is null ? 1 : features.Count;
        foreach (var (name, input) in inputs)
        {
            var shape = input.Dimensions;
            Check(
                shape.Length == 2 && (shape[1] == width || shape[1] < 0) && (shape[0] < 0 || shape[0] == 1),
                $"input '{name}' has the shape [{string.Join(" × ", shape.Select(d => d < 0 ? "any" : $"{d}"))}] where the mapping gives it [rows × {width}]");
        }

        rowsAtATime = inputs.Values.Any(i => i.Dimensions[0] == 1) ? 1 : Block;
        return single;
    }

    private string CheckOutput()
    {
        var outputs = _session.OutputMetadata;
        var name = _output.Name ?? (outputs.Count == 1 ? outputs.Keys.First() : null);
        Check(name is not null, $"output.name: the model has {outputs.Count} outputs, so the mapping has to name one: {Names(outputs.Keys)}");
        Check(outputs.ContainsKey(name!), $"the model has no output '{name}'; it has {Names(outputs.Keys)}");
        var output = outputs[name!];
        Check(
            output.IsTensor && (output.ElementType == typeof(float) || output.ElementType == typeof(double)),
            $"output '{name}' is not a tensor of floats (a list of maps comes of scikit-learn's ZipMap: export without it)");
        return name!;
    }

    private List<NamedOnnxValue> Inputs(FeatureMatrix rows, int from, int to)
    {
        var width = rows.Columns;
        if (_input is not null)
        {
            return [NamedOnnxValue.CreateFromTensor(_input, new DenseTensor<float>(rows.Values.AsMemory(from * width, (to - from) * width), [to - from, width]))];
        }

        var inputs = new List<NamedOnnxValue>(width);
        for (var f = 0; f < width; f++)
        {
            var values = new float[to - from];
            for (var r = 0; r < values.Length; r++)
            {
                values[r] = rows.Values[((from + r) * width) + f];
            }

            inputs.Add(NamedOnnxValue.CreateFromTensor(_columns.Mapping.Features[f].Name, new DenseTensor<float>(values, [values.Length, 1])));
        }

        return inputs;
    }

    private void Read(NamedOnnxValue answer, Span<double> raw)
    {
        var values = answer.Value switch
        {
            Tensor<float> t => Array.ConvertAll(t.ToArray(), v => (double)v),
            Tensor<double> t => t.ToArray(),
            _ => [],
        };
        var classes = _output.As == OutputMeaning.TwoClasses ? 2 : 1;
        if (values.Length != raw.Length * classes)
        {
            throw new ElsewhereException($"output '{_outputName}' has {values.Length} numbers for {raw.Length} rows where {raw.Length * classes} were due: is 'output.as' of the mapping right?", mayPass: false);
        }

        for (var r = 0; r < raw.Length; r++)
        {
            raw[r] = LogOdds.Of(values[(r * classes) + classes - 1], _output.As);
        }
    }

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new ModelException($"model.onnx does not go with features.json: {otherwise}.");
        }
    }

    private static string Names(IEnumerable<string> names) => string.Join(", ", names.Order(StringComparer.Ordinal).Take(12).Select(n => $"'{n}'")) + (names.Skip(12).Any() ? ", …" : "");

    private static string FirstLine(Exception e) => e.Message.ReplaceLineEndings("\n").Split('\n')[0];
}
