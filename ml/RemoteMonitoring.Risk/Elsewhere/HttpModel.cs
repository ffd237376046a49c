using System.Buffers;
using System.Globalization;
using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Risk.Elsewhere;

/// <summary>
/// A model behind an HTTP endpoint. A call is what an online endpoint of Azure Machine Learning takes of a tabular model,
/// <c>{"input_data": {"columns": […], "index": […], "data": [[…], …]}}</c>: rows of numbers, null for unknown, and nothing that
/// says whose they are. The answer is an array with an entry a row, or an object that holds one.
/// </summary>
internal sealed class HttpModel : IOutsideModel
{
    /// <summary>How its faults begin.</summary>
    internal const string Named = "the model at ";

    private const int Attempts = 3;
    private const int MostAnswerBytes = 32 << 20;

    private static readonly TimeSpan s_firstWait = TimeSpan.FromMilliseconds(500);
    private static readonly TimeSpan s_longestWait = TimeSpan.FromSeconds(20);

    private static readonly HttpClient s_client = new(new SocketsHttpHandler { AllowAutoRedirect = false, UseCookies = false, PooledConnectionLifetime = TimeSpan.FromMinutes(5) })
    {
        Timeout = System.Threading.Timeout.InfiniteTimeSpan,
        MaxResponseContentBufferSize = MostAnswerBytes,
    };

    private readonly HttpEndpoint _endpoint;
    private readonly MappedColumns _columns;
    private readonly MappedOutput _output;
    private readonly SecretSettings _secrets;

    internal HttpModel(HttpEndpoint endpoint, MappedColumns columns, SecretSettings? secrets = null)
    {
        endpoint.Check();
        (_endpoint, _columns, _secrets) = (endpoint, columns, secrets ?? SecretSettings.OfProcess);
        _output = columns.Mapping.Output ?? throw new ModelException("features.json: output: a model behind an endpoint needs one, for instance { \"as\": \"probability\" }.");
    }

    private string Host => _endpoint.Url.Host;

    public double[] Raw(FeatureMatrix rows, CancellationToken cancellationToken)
    {
        var raw = new double[rows.Rows];
        for (var from = 0; from < rows.Rows; from += _endpoint.BatchRows)
        {
            var to = Math.Min(rows.Rows, from + _endpoint.BatchRows);
            Read(Ask(Body(rows, from, to), cancellationToken), raw.AsSpan(from, to - from));
        }

        return raw;
    }

    private byte[] Body(FeatureMatrix rows, int from, int to)
    {
        var buffer = new ArrayBufferWriter<byte>();
        using (var json = new Utf8JsonWriter(buffer))
        {
            json.WriteStartObject();
            json.WriteStartObject("input_data");
            json.WriteStartArray("columns");
            foreach (var feature in _columns.Mapping.Features)
            {
                json.WriteStringValue(feature.Name);
            }

            json.WriteEndArray();
            json.WriteStartArray("index");
            for (var r = 0; r < to - from; r++)
            {
                json.WriteNumberValue(r);
            }

            json.WriteEndArray();
            json.WriteStartArray("data");
            for (var r = from; r < to; r++)
            {
                json.WriteStartArray();
                foreach (var value in rows.Row(r))
                {
                    if (float.IsNaN(value))
                    {
                        json.WriteNullValue();
                    }
                    else
                    {
                        json.WriteNumberValue(value);
                    }
                }

                json.WriteEndArray();
            }

            json.WriteEndArray();
            json.WriteEndObject();
            json.WriteEndObject();
        }

        return buffer.WrittenSpan.ToArray();
    }

    /// <summary>Asks until there is an answer, or no more use in asking.</summary>
    private byte[] Ask(byte[] body, CancellationToken cancellationToken)
    {
        var wait = s_firstWait;
        var key = _endpoint.KeyVariable is { } variable ? Key(variable, cancellationToken) : null;
        for (var attempt = 1; ; attempt++)
        {
            var (answer, problem, mayPass, after) = Try(body, ref key, cancellationToken);
            if (answer is not null)
            {
                return answer;
            }

            if (!mayPass || attempt == Attempts)
            {
                throw new ElsewhereException($"{Named}{Host} {problem}{(mayPass ? $", {Attempts} times" : "")}", mayPass);
            }

            // As long as the endpoint asks for, within reason; scoring is synchronous, and stops waiting when it is told to stop.
            cancellationToken.WaitHandle.WaitOne(after is { } asked && asked > wait ? (asked < s_longestWait ? asked : s_longestWait) : wait);
            cancellationToken.ThrowIfCancellationRequested();
            wait *= 2;
        }
    }

    private (byte[]? Answer, string Problem, bool MayPass, TimeSpan? After) Try(byte[] body, ref string? key, CancellationToken cancellationToken)
    {
        var outcome = Try(body, key, cancellationToken);
        if (outcome.Status is HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden && key is not null && OtherKey(_endpoint.KeyVariable!, key, cancellationToken) is { } newer)
        {
            key = newer; // it was replaced since it was read
            outcome = Try(body, key, cancellationToken);
        }

        return (outcome.Answer, outcome.Problem, outcome.MayPass, outcome.After);
    }

    private (byte[]? Answer, string Problem, bool MayPass, TimeSpan? After, HttpStatusCode? Status) Try(byte[] body, string? key, CancellationToken cancellationToken)
    {
        using var timeout = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        timeout.CancelAfter(_endpoint.Timeout);
        using var request = new HttpRequestMessage(HttpMethod.Post, _endpoint.Url) { Content = new ByteArrayContent(body) };
        request.Content.Headers.ContentType = new MediaTypeHeaderValue("application/json");
        request.Headers.Accept.Add(new MediaTypeWithQualityHeaderValue("application/json"));
        request.Headers.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);

        try
        {
            using var response = s_client.Send(request, timeout.Token);
            if (response.IsSuccessStatusCode)
            {
                using var content = new MemoryStream();
                response.Content.CopyTo(content, null, timeout.Token);
                return (content.ToArray(), "", false, null, null);
            }

            var mayPass = (int)response.StatusCode >= 500 || response.StatusCode is HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests;
            return (null, string.Create(CultureInfo.InvariantCulture, $"answered HTTP {(int)response.StatusCode}"), mayPass, AfterOf(response), response.StatusCode);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return (null, string.Create(CultureInfo.InvariantCulture, $"did not answer within {_endpoint.Timeout.TotalSeconds:0.#} s"), true, null, null);
        }
        catch (HttpRequestException e)
        {
            // A certificate that is not trusted today will not be in a second.
            return e.HttpRequestError switch
            {
                HttpRequestError.SecureConnectionError => (null, "could not be asked: its certificate is not trusted", false, null, null),
                HttpRequestError.ConfigurationLimitExceeded => (null, $"answered with more than {MostAnswerBytes >> 20} MiB", false, null, null),
                _ => (null, $"could not be reached ({e.HttpRequestError})", true, null, null),
            };
        }
    }

    /// <summary>How long it asks to be left alone; an instant is taken by its own clock.</summary>
    private static TimeSpan? AfterOf(HttpResponseMessage response) => response.Headers.RetryAfter switch
    {
        { Delta: { } delta } => delta,
        { Date: { } at } when response.Headers.Date is { } now => at - now,
        _ => null,
    };

    private string Key(string variable, CancellationToken cancellationToken)
    {
        try
        {
            return _secrets.Find(variable, KeyFault, cancellationToken) ?? throw CannotBeAsked($"the environment variable {variable} is not set, and has to hold its key");
        }
        catch (LakeException e)
        {
            throw CannotBeAsked(e.Message, e.IsTransient); // a vault that is busy will not be for ever
        }
    }

    private string? OtherKey(string variable, string refused, CancellationToken cancellationToken) => _secrets.FindOther(variable, refused, KeyFault, cancellationToken);

    private static string? KeyFault(string key) => key.All(c => c is > ' ' and < '\x7f') ? null : "holds no key: it has spaces or control characters";

    private ElsewhereException CannotBeAsked(string why, bool mayPass = false) => new($"{Named}{Host} cannot be asked: {why}", mayPass);

    private void Read(byte[] answer, Span<double> raw)
    {
        try
        {
            using var json = JsonDocument.Parse(answer);
            var rows = RowsOf(json.RootElement);
            if (rows.GetArrayLength() != raw.Length)
            {
                throw Wrong($"gave {rows.GetArrayLength()} answers for {raw.Length} rows");
            }

            var at = 0;
            foreach (var row in rows.EnumerateArray())
            {
                raw[at++] = LogOdds.Of(Number(row), _output.As);
            }
        }
        catch (JsonException)
        {
            throw Wrong("did not answer with JSON");
        }
    }

    private JsonElement RowsOf(JsonElement root)
    {
        if (root.ValueKind == JsonValueKind.Array && _output.Name is null)
        {
            return root;
        }

        if (root.ValueKind != JsonValueKind.Object)
        {
            throw Wrong(_output.Name is null ? "answered with neither an array nor an object" : $"answered without the field '{_output.Name}'");
        }

        JsonElement[] arrays = [.. root.EnumerateObject().Where(p => p.Value.ValueKind == JsonValueKind.Array && (_output.Name is null || p.NameEquals(_output.Name))).Select(p => p.Value)];
        return arrays is [var only]
            ? only
            : throw Wrong(_output.Name is null ? $"answered with {arrays.Length} arrays: name the one of the scores in the mapping, as output.name" : $"answered without an array '{_output.Name}'");
    }

    /// <summary>The number of a row; NaN where it says that it has none.</summary>
    private double Number(JsonElement row)
    {
        var classes = _output.As == OutputMeaning.TwoClasses ? 2 : 1;
        if (row.ValueKind == JsonValueKind.Array)
        {
            return row.GetArrayLength() == classes ? Plain(row[classes - 1]) : throw Wrong($"gave {row.GetArrayLength()} numbers a row where {classes} {(classes == 1 ? "was" : "were")} due");
        }

        return classes == 1 ? Plain(row) : throw Wrong("gave one number a row where two were due");

        double Plain(JsonElement value) => value.ValueKind switch
        {
            JsonValueKind.Number => value.GetDouble(),
            JsonValueKind.Null => double.NaN,
            JsonValueKind.String when value.ValueEquals("NaN") => double.NaN,
            _ => throw Wrong("gave something else than a number"),
        };
    }

    private ElsewhereException Wrong(string what) => new($"{Named}{Host} {what}", mayPass: false);
}
