using System.Globalization;
using RemoteMonitoring.Features.Scores;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>
/// The peer's SQL. Readings are summed up once into the stretches that lie between the windows' beginnings (today, one to
/// three days ago, …), which are few; a window is then the stretches up to its length, and its baseline those beyond.
/// </summary>
internal sealed class FeaturesPeerSql
{
    private readonly IReadOnlyList<FeatureColumn> _columns;
    private readonly long _lookBack;
    private readonly long[] _windows;

    public FeaturesPeerSql(IReadOnlyList<FeatureColumn> columns, long lookBack)
    {
        _columns = columns;
        _lookBack = lookBack;
        _windows = [.. columns.Where(c => c.VitalKey is not null).Select(c => c.Window).Append(lookBack).Distinct().Order()];
    }

    /// <summary>Sums by stretch from readings.</summary>
    public string FromReadings(string files) => $"""
        stretches AS (
            SELECT row, code, stretch, {Sums}
            FROM (SELECT row, code, v, age, {Stretch("age")} AS stretch, age / -86400e6 AS t FROM ({Readings(files)}) WHERE age < {Text(_lookBack)})
            GROUP BY row, code, stretch)
        """;

    /// <summary>Sums by stretch from a rollup a day and the readings of the last day.</summary>
    public string FromRollups(IEnumerable<(int Day, string File)> rollups, string readings) => $"""
        days AS (
            SELECT patient_id, code, day, n, mean, m2, t_mean - day AS t_mean, t_m2, tv, least, greatest, last, last_age
            FROM ({string.Join(" UNION ALL ", rollups.Select(r => string.Create(CultureInfo.InvariantCulture, $"SELECT {r.Day} AS day, * FROM read_parquet('{r.File}')")))})),
        stretches AS (
            SELECT row, code, stretch, sum(n) AS n, sum(n * mean) AS s, sum(m2 + n * mean * mean) AS ss, sum(n * t_mean) AS st, sum(t_m2 + n * t_mean * t_mean) AS stt,
                   sum(tv + n * t_mean * mean) AS stv, min(least) AS least, max(greatest) AS greatest, arg_min(last, last_age) AS last, min(last_age) AS last_age
            FROM (SELECT k.row, d.*, {Stretch("day * 86400000000")} AS stretch FROM days d JOIN roster k USING (patient_id))
            GROUP BY row, code, stretch
            UNION ALL
            SELECT row, code, 0 AS stretch, {Sums}
            FROM (SELECT row, code, v, age, age / -86400e6 AS t FROM ({Readings(readings)}) WHERE age < {Text(UnixMicros.PerDay)})
            GROUP BY row, code)
        """;

    /// <summary>A row a patient, vital and local day, days counted back from the last; times in days before the end of that day.</summary>
    public static string Rollups(string files) => $"""
        SELECT k.patient_id, r.code, r.age // 86400000000 AS day, count(*) AS n, avg(v) AS mean, var_pop(v) * count(*) AS m2,
               avg(t) AS t_mean, var_pop(t) * count(*) AS t_m2, covar_pop(v, t) * count(*) AS tv,
               min(v) AS least, max(v) AS greatest, arg_max(v, age) AS first, arg_min(v, age) AS last, min(age) AS last_age
        FROM (SELECT *, (age % 86400000000) / -86400e6 AS t FROM ({Readings(files)})) r JOIN (SELECT row, patient_id FROM roster) k USING (row)
        WHERE r.age < {Text(FeatureCohort.Days * UnixMicros.PerDay)}
        GROUP BY ALL
        """;

    /// <summary>The statement that writes the table.</summary>
    public string Write(string stretches, string output)
    {
        string[] vitals = [.. _columns.Select(c => c.VitalKey).OfType<string>().Distinct()];
        var scored = News2Vitals.Except(vitals).ToArray();
        return $"""
            COPY (
            WITH {stretches},
            sums AS (SELECT row, code, {string.Join(", ", _windows.Select(WindowSums))}, {LastOfAll} FROM stretches GROUP BY row, code),
            statistics AS (SELECT row, code, last, last_age, {string.Join(", ", _windows.Select(WindowStatistics))} FROM sums),
            prior AS (
                SELECT k.row, o.kind, {string.Join(", ", PriorDays.Select(d => string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER (o.effective > k.as_of - {d} * 86400000000) AS n_{d}")))},
                       max(o.effective) AS latest
                FROM outcomes o JOIN roster k USING (patient_id) WHERE o.effective <= k.as_of AND o.known <= k.known_by GROUP BY k.row, o.kind)
            SELECT k.patient_id, make_timestamp(k.as_of) AS as_of,
                   {string.Join(",\n       ", _columns.Select(c => $"{Expression(c)} AS {c.Name}"))}
            FROM roster k
            {string.Join("\n", vitals.Concat(scored).Select(v => $"LEFT JOIN statistics {v} ON {v}.row = k.row AND {v}.code = '{VitalSignCatalog.Default[v].Code}'"))}
            {string.Join("\n", Topics.Select(t => $"LEFT JOIN prior {Name(t)} ON {Name(t)}.row = k.row AND {Name(t)}.kind = '{t}'"))}
            ) TO '{output}' (FORMAT parquet, COMPRESSION snappy)
            """;
    }

    private static string[] News2Vitals => ["respiratory_rate", "spo2", "systolic_bp", "heart_rate", "temperature"];

    private IEnumerable<string> Topics => _columns.Where(c => c.VitalKey is null && c.Name.StartsWith("prior_", StringComparison.Ordinal)).Select(c => c.Topic!).Distinct();

    private IEnumerable<long> PriorDays => _columns.Where(c => c.VitalKey is null && c.Window > 0).Select(c => c.Window / UnixMicros.PerDay).Distinct();

    private const string Sums = """
        count(*) AS n, sum(v) AS s, sum(v * v) AS ss, sum(t) AS st, sum(t * t) AS stt, sum(t * v) AS stv,
                   min(v) AS least, max(v) AS greatest, arg_min(v, age) AS last, min(age) AS last_age
        """;

    private const string LastOfAll = "arg_min(last, last_age) AS last, min(last_age) AS last_age";

    private static string Readings(string files) => $"""
        SELECT k.row, o.code, o.value AS v, k.as_of - epoch_us(o.effective_time) AS age
        FROM read_parquet([{files}]) o JOIN roster k USING (patient_id)
        WHERE epoch_us(o.effective_time) <= k.as_of AND epoch_us(o.known_from) <= k.known_by AND k.known_by < epoch_us(o.known_to)
        """;

    private string Stretch(string age) => $"CASE {string.Join(' ', _windows.Select((w, i) => string.Create(CultureInfo.InvariantCulture, $"WHEN {age} < {w} THEN {i}")))} ELSE {_windows.Length} END";

    private string WindowSums(long window)
    {
        var i = Array.IndexOf(_windows, window);
        string Over(string of, string side, string prefix) => string.Create(CultureInfo.InvariantCulture, $"sum({of}) FILTER (stretch {side} {i}) AS {prefix}{of}_{i}");
        string[] sums =
        [
            .. ((string[])["n", "s", "ss", "st", "stt", "stv"]).Select(s => Over(s, "<=", "")),
            string.Create(CultureInfo.InvariantCulture, $"min(least) FILTER (stretch <= {i}) AS least_{i}, max(greatest) FILTER (stretch <= {i}) AS greatest_{i}"),
            .. ((string[])["n", "s", "ss"]).Select(s => Over(s, ">", "b")),
            string.Create(CultureInfo.InvariantCulture, $"min(least) FILTER (stretch > {i}) AS bleast_{i}, max(greatest) FILTER (stretch > {i}) AS bgreatest_{i}"),
        ];
        return string.Join(", ", sums);
    }

    private string WindowStatistics(long window)
    {
        var i = Array.IndexOf(_windows, window).ToString(CultureInfo.InvariantCulture);
        return $"""
            n_{i}, s_{i} / n_{i} AS mean_{i}, least_{i}, greatest_{i},
                   CASE WHEN n_{i} > 1 THEN CASE WHEN least_{i} = greatest_{i} THEN 0 ELSE sqrt((ss_{i} - s_{i} * s_{i} / n_{i}) / (n_{i} - 1)) END END AS sd_{i},
                   CASE WHEN n_{i} > 1 THEN (stv_{i} - st_{i} * s_{i} / n_{i}) / (stt_{i} - st_{i} * st_{i} / n_{i}) END AS slope_{i},
                   s_{i} / n_{i} - bs_{i} / bn_{i} AS change_{i},
                   CASE WHEN bn_{i} > 1 AND bleast_{i} < bgreatest_{i} THEN sqrt((bss_{i} - bs_{i} * bs_{i} / bn_{i}) / (bn_{i} - 1)) END AS bsd_{i}
            """;
    }

    private string Expression(FeatureColumn column)
    {
        var (v, i) = (column.VitalKey, Array.IndexOf(_windows, column.Window));
        string Of(string name) => string.Create(CultureInfo.InvariantCulture, $"{v}.{name}_{i}");
        return v is null ? Record(column) : column.Statistic switch
        {
            "count" => $"coalesce({Of("n")}, 0)::DOUBLE",
            "mean" => Of("mean"),
            "min" => Of("least"),
            "max" => Of("greatest"),
            "range" => $"{Of("greatest")} - {Of("least")}",
            "sd" => Of("sd"),
            "cv" => $"CASE WHEN {Of("mean")} <> 0 THEN {Of("sd")} / {Of("mean")} END",
            "slope" => Of("slope"),
            "last" => $"{v}.last",
            "age" => $"{v}.last_age / 3600e6",
            "change" => Of("change"),
            "z" => $"{Of("change")} / {Of("bsd")}",
            _ => throw new NotSupportedException($"The peer has no SQL for '{column.Name}'."),
        };
    }

    private static string Record(FeatureColumn column)
    {
        var name = column.Name;
        return name switch
        {
            "news2_low" or "news2_point" => News2(0),
            "news2_high" => News2(3),
            "since_enrolled" => "(k.as_of - k.since_enrolled) / 86400e6",
            "since_discharged" => "NULL::DOUBLE",
            "age" or "female" => $"k.{name}",
            _ when name.StartsWith("condition_", StringComparison.Ordinal) => $"k.{name}",
            _ when name.StartsWith("prior_", StringComparison.Ordinal) => string.Create(CultureInfo.InvariantCulture, $"coalesce({Name(column.Topic!)}.n_{column.Window / UnixMicros.PerDay}, 0)::DOUBLE"),
            _ when name.StartsWith("since_", StringComparison.Ordinal) => $"(k.as_of - {Name(column.Topic!)}.latest) / 86400e6",
            _ => throw new NotSupportedException($"The peer has no SQL for '{name}'."),
        };
    }

    /// <summary>Of the vitals the cohort has; the other two inputs are missing for everybody.</summary>
    private static string News2(int missing)
    {
        string Points(string vital, string round, string chart) => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN {vital}.last_age < 86400000000 THEN CASE {chart.Replace("x", $"round({vital}.last{round})", StringComparison.Ordinal)} END ELSE {missing} END");
        string[] points =
        [
            Points("respiratory_rate", "", "WHEN x <= 8 THEN 3 WHEN x <= 11 THEN 1 WHEN x <= 20 THEN 0 WHEN x <= 24 THEN 2 ELSE 3"),
            Points("spo2", "", "WHEN x <= 91 THEN 3 WHEN x <= 93 THEN 2 WHEN x <= 95 THEN 1 ELSE 0"),
            Points("systolic_bp", "", "WHEN x <= 90 THEN 3 WHEN x <= 100 THEN 2 WHEN x <= 110 THEN 1 WHEN x <= 219 THEN 0 ELSE 3"),
            Points("heart_rate", "", "WHEN x <= 40 THEN 3 WHEN x <= 50 THEN 1 WHEN x <= 90 THEN 0 WHEN x <= 110 THEN 1 WHEN x <= 130 THEN 2 ELSE 3"),
            Points("temperature", ", 1", "WHEN x <= 35.0 THEN 3 WHEN x <= 36.0 THEN 1 WHEN x <= 38.0 THEN 0 WHEN x <= 39.0 THEN 1 ELSE 2"),
        ];
        var known = string.Join(" OR ", News2Vitals.Select(v => $"{v}.last_age < 86400000000"));
        // Oxygen and consciousness.
        return $"CASE WHEN {known} THEN ({string.Join(" + ", points)}{(missing == 0 ? "" : " + 2 + 3")})::DOUBLE END";
    }

    private static string Name(string kind) => kind.Replace('-', '_');

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
