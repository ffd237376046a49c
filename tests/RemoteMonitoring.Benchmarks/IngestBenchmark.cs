using System.Buffers;
using System.Diagnostics;
using System.Globalization;
using DuckDB.NET.Data;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;

namespace RemoteMonitoring.Benchmarks;

/// <summary>
/// A file of two million routed messages of simulated homes into the lake: bronze with raw bodies, silver with converted
/// readings, each file synced; beside DuckDB, which reads the same file on as many threads and writes the same columns to
/// two Parquet files, converts units, and neither judges a reading nor syncs. Our time over theirs: less is better.
/// </summary>
internal class IngestBenchmark : Benchmark
{
    private const int Distinct = 2_000_000;
    private const int MessagesPerPatient = 335;

    private string _folder = "";
    private string _file = "";
    private int _run;

    public override string Name => "ingest";

    public override string Unit => $"s for {Messages / 1_000_000} M messages";

    public override string PeerName => "DuckDB, the same columns, not synced";

    public override int Runs => 5;

    /// <summary>Peak memory of a process that lands the file and does nothing else.</summary>
    public override long? PeakMegabytes => LandAlone();

    protected virtual int Messages => 2_000_000;

    /// <summary>Whether the peer parses the file once and holds it in memory, which is its fastest as long as it fits.</summary>
    protected virtual bool PeerHoldsMessages => true;

    public override async Task PrepareAsync(string folder)
    {
        _folder = folder;
        _file = Path.Combine(folder, "messages.ndjson");
        var cohort = HomeSimulator.Run(new SimulationOptions { Patients = Distinct / MessagesPerPatient });
        var buffer = new ArrayBufferWriter<byte>(1 << 20);
        await using var output = File.Create(_file);
        for (var written = 0; written < Messages;)
        {
            foreach (var message in cohort.Messages.Take(Messages - written))
            {
                RoutedMessageJson.Write(buffer, message);
                buffer.Write("\n"u8);
                written++;
                if (buffer.WrittenCount > 1 << 20)
                {
                    await output.WriteAsync(buffer.WrittenMemory);
                    buffer.ResetWrittenCount();
                }
            }
        }

        await output.WriteAsync(buffer.WrittenMemory);
    }

    public override async Task<Measured> OursAsync()
    {
        var lake = Path.Combine(_folder, $"lake-{_run++}");
        var (seconds, lines) = await LandAsync(_file, lake);
        Directory.Delete(lake, recursive: true);
        return new Measured(seconds, string.Create(CultureInfo.InvariantCulture, $"s ({lines / seconds:N0} messages/s)"));
    }

    public override Task<Measured> PeerAsync()
    {
        using var duck = new DuckDBConnection("DataSource=:memory:");
        duck.Open();
        Execute(duck, string.Create(CultureInfo.InvariantCulture, $"SET threads = {Environment.ProcessorCount}"));
        var clock = Stopwatch.StartNew();
        Execute(duck, $$"""
            CREATE {{(PeerHoldsMessages ? "TABLE" : "VIEW")}} messages AS
            SELECT row_number() OVER () - 1 AS "offset", SystemProperties.connectionDeviceId AS device_id, SystemProperties.messageId AS message_id,
                   EnqueuedTimeUtc AS enqueued_time, EnqueuedTimeUtc AS known_time, nullif(Properties::VARCHAR, '{}') AS properties, Body::VARCHAR AS body, NULL::VARCHAR AS problem
            FROM read_json('{{_file}}', format = 'newline_delimited', columns = {EnqueuedTimeUtc: 'TIMESTAMPTZ', Properties: 'JSON',
                           SystemProperties: 'STRUCT(connectionDeviceId VARCHAR, messageId VARCHAR)', Body: 'JSON'})
            """);
        Execute(duck, $"COPY messages TO '{Path.Combine(_folder, "bronze.parquet")}' (FORMAT parquet, COMPRESSION snappy)");
        Execute(duck, "SET preserve_insertion_order = false");
        Execute(duck, $$"""
            COPY (
                SELECT device_id, r.code AS code, {{Conversions()}} AS value, coalesce(r.time, t)::TIMESTAMPTZ AS effective_time, enqueued_time, enqueued_time AS known_from,
                       message_id, body_hash, "offset", ordinal, 'rmon/1' AS mapping, false AS taken_back
                FROM (
                    SELECT *, parsed.time AS t, unnest(parsed.readings) AS r, generate_subscripts(parsed.readings, 1) - 1 AS ordinal
                    FROM (
                        SELECT *, hash(body) AS body_hash,
                               from_json(body, '{"time":"VARCHAR","readings":[{"code":"VARCHAR","value":"DOUBLE","unit":"VARCHAR","time":"VARCHAR"}]}') AS parsed
                        FROM messages)))
            TO '{{Path.Combine(_folder, "silver.parquet")}}' (FORMAT parquet, COMPRESSION snappy)
            """);
        var seconds = clock.Elapsed.TotalSeconds;
        return Task.FromResult(new Measured(seconds, "s"));
    }

    /// <summary>Lands a file in an empty lake; the seconds it took, and the messages.</summary>
    internal static async Task<(double Seconds, long Lines)> LandAsync(string file, string folder)
    {
        var lake = new LakeDirectory(folder);
        var clock = Stopwatch.StartNew();
        var landed = await new FileLanding(lake, new Silver(lake, MappingHistory.Bundled), TimeProvider.System)
            .LandAsync(file, new StreamPartition("bench", "1", 0), imported: true, null, CancellationToken.None);
        return (clock.Elapsed.TotalSeconds, landed.Lines);
    }

    private long LandAlone()
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Benchmark).Assembly.Location);
        }

        start.ArgumentList.Add("--land");
        start.ArgumentList.Add(_file);
        start.ArgumentList.Add(Path.Combine(_folder, "alone"));
        using var process = Process.Start(start)!;
        var said = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return long.Parse(said, CultureInfo.InvariantCulture);
    }

    /// <summary>The catalog's conversions, as far as its units are ever sent, as one expression.</summary>
    private static string Conversions()
    {
        var cases = VitalSignCatalog.Default.Vitals
            .SelectMany(v => v.AcceptedUnits.Skip(1).Select(u => (v.Code, Unit: u)))
            .Select(c => string.Create(CultureInfo.InvariantCulture, $"WHEN r.code = '{c.Code}' AND r.unit = '{c.Unit.Unit}' THEN (r.value - {c.Unit.Subtract:R}) * {c.Unit.Multiply:R} / {c.Unit.Divide:R}"))
            .Where(c => c.Contains("degF", StringComparison.Ordinal) || c.Contains("lb_av", StringComparison.Ordinal) || c.Contains("mmol", StringComparison.Ordinal));
        return $"CASE {string.Join(' ', cases)} ELSE r.value END";
    }

    private static void Execute(DuckDBConnection duck, string sql)
    {
        using var command = duck.CreateCommand();
        command.CommandText = sql;
        command.ExecuteNonQuery();
    }
}

/// <summary>The same with twenty million messages: for memory, which must not grow with the file.</summary>
internal sealed class IngestLargeBenchmark : IngestBenchmark
{
    public override string Name => "ingest-20m";

    public override int Runs => 1;

    protected override int Messages => 20_000_000;

    protected override bool PeerHoldsMessages => false;
}
