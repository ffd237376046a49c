using System.Globalization;
using System.Text.RegularExpressions;
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
    private readonly IReadOnlyList<string> _vitals;
    private readonly long _lookBack;
    private readonly long[] _windows;

    /// <param name="columns">What to compute.</param>
    /// <param name="lookBack">The longest look back, microseconds.</param>
    /// <param name="vitals">The vitals that anybody has a reading of: a look into the data tells.</param>
    public FeaturesPeerSql(IReadOnlyList<FeatureColumn> columns, long lookBack, IReadOnlyList<string> vitals)
    {
        _columns = columns;
        _vitals = vitals;
        _lookBack = lookBack;
        _windows = [.. columns.Where(c => c.VitalKey is not null).Select(c => c.Window).Append(lookBack).Distinct().Order()];
    }

    /// <summary>Sums by stretch from readings.</summary>
    public string FromReadings(string files) => $"""
        stretches AS (
            SELECT row, code, stretch, {Sums}{RareOfReadings}
            FROM (SELECT row, code, v, age, {Stretch("age")} AS stretch, age / -86400e6 AS t FROM ({Readings(files)}) WHERE age < {Text(_lookBack)})
            GROUP BY row, code, stretch)
        """;

    /// <summary>Sums by stretch from a rollup a day and the readings of the last day.</summary>
    public string FromRollups(string rollups, string readings) => $"""
        stretches AS (
            SELECT row, code, stretch, sum(n) AS n, sum(n * mean) AS s, sum(m2 + n * mean * mean) AS ss, sum(n * t) AS st, sum(t_m2 + n * t * t) AS stt,
                   sum(tv + n * t * mean) AS stv, min(least) AS least, max(greatest) AS greatest, arg_min(last, last_age) AS last, min(last_age) AS last_age{Rare("arg_max(first, day) AS first, max(day) * 86400000000 AS first_age, bit_or(1 << day) AS days")}
            FROM (SELECT k.row, d.*, {Stretch("day * 86400000000")} AS stretch, t_mean - day AS t FROM read_parquet([{rollups}]) d JOIN roster k USING (patient_id))
            GROUP BY row, code, stretch
            UNION ALL
            SELECT row, code, 0 AS stretch, {Sums}{RareOfReadings}
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
        var expressions = string.Join(",\n       ", _columns.Select(c => $"{Expression(c)} AS {c.Name}"));
        var statistics = Used(_windows.SelectMany(WindowStatistics), expressions);
        var sums = Used(_windows.SelectMany(WindowSums), statistics);
        return $"""
            COPY (
            WITH {stretches},
            sums AS (SELECT row, code, arg_min(last, last_age) AS last, min(last_age) AS last_age, {sums} FROM stretches GROUP BY row, code),
            statistics AS (SELECT row, code, last, last_age, {statistics} FROM sums),
            prior AS (
                SELECT k.row, o.kind, {string.Join(", ", PriorDays.Select(d => string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER (o.effective > k.as_of - {d} * 86400000000) AS n_{d}")))},
                       max(o.effective) AS latest
                FROM outcomes o JOIN roster k USING (patient_id) WHERE o.effective <= k.as_of AND o.known <= k.known_by GROUP BY k.row, o.kind)
            SELECT k.patient_id, make_timestamp(k.as_of) AS as_of,
                   {expressions}
            FROM roster k
            {string.Join("\n", _vitals.Select(v => $"LEFT JOIN statistics {v} ON {v}.row = k.row AND {v}.code = '{VitalSignCatalog.Default[v].Code}'"))}
            {string.Join("\n", Topics.Select(t => $"LEFT JOIN prior {Name(t)} ON {Name(t)}.row = k.row AND {Name(t)}.kind = '{t}'"))}
            ) TO '{output}' (FORMAT parquet, COMPRESSION snappy)
            """;
    }

    /// <summary>Those expressions whose names stand in another.</summary>
    private static string Used(IEnumerable<(string Name, string Sql)> expressions, string by) =>
        string.Join(",\n       ", expressions.Where(e => Regex.IsMatch(by, $@"\b{e.Name}\b")).Select(e => $"{e.Sql} AS {e.Name}"));

    private static string[] News2Vitals => ["respiratory_rate", "spo2", "systolic_bp", "heart_rate", "temperature"];

    private IEnumerable<string> Topics => _columns.Where(c => c.VitalKey is null && c.Name.StartsWith("prior_", StringComparison.Ordinal)).Select(c => c.Topic!).Distinct();

    private IEnumerable<long> PriorDays => _columns.Where(c => c.VitalKey is null && c.Window > 0).Select(c => c.Window / UnixMicros.PerDay).Distinct();

    private const string Sums = """
        count(*) AS n, sum(v) AS s, sum(v * v) AS ss, sum(t) AS st, sum(t * t) AS stt, sum(t * v) AS stv,
                   min(v) AS least, max(v) AS greatest, arg_min(v, age) AS last, min(age) AS last_age
        """;

    /// <summary>First values and days with a reading, where a column asks for them.</summary>
    private string Rare(string sums) => _columns.Any(c => c.Statistic is "gain" or "adherence") ? ", " + sums : "";

    private string RareOfReadings => Rare("arg_max(v, age) AS first, max(age) AS first_age, bit_or(1 << (age // 86400000000)) AS days");

    private static string Readings(string files) => $"""
        SELECT k.row, o.code, o.value AS v, k.as_of - epoch_us(o.effective_time) AS age
        FROM read_parquet([{files}]) o JOIN roster k USING (patient_id)
        WHERE epoch_us(o.effective_time) <= k.as_of AND epoch_us(o.known_from) <= k.known_by AND k.known_by < epoch_us(o.known_to)
        """;

    private string Stretch(string age) => $"CASE {string.Join(' ', _windows.Select((w, i) => string.Create(CultureInfo.InvariantCulture, $"WHEN {age} < {w} THEN {i}")))} ELSE {_windows.Length} END";

    /// <summary>A window's sums; with a <c>b</c> before them the extremes of its baseline, whose sums are a difference.</summary>
    private IEnumerable<(string Name, string Sql)> WindowSums(long window)
    {
        var i = Array.IndexOf(_windows, window).ToString(CultureInfo.InvariantCulture);
        return
        [
            .. ((string[])["n", "s", "ss", "st", "stt", "stv"]).Select(sum => ($"{sum}_{i}", $"sum({sum}) FILTER (stretch <= {i})")),
            ($"least_{i}", $"min(least) FILTER (stretch <= {i})"),
            ($"greatest_{i}", $"max(greatest) FILTER (stretch <= {i})"),
            ($"first_{i}", $"arg_max(first, first_age) FILTER (stretch <= {i})"),
            ($"days_{i}", $"bit_count(bit_or(days) FILTER (stretch <= {i}))"),
            ($"bleast_{i}", $"min(least) FILTER (stretch > {i})"),
            ($"bgreatest_{i}", $"max(greatest) FILTER (stretch > {i})"),
        ];
    }

    private IEnumerable<(string Name, string Sql)> WindowStatistics(long window)
    {
        var i = Array.IndexOf(_windows, window).ToString(CultureInfo.InvariantCulture);
        var whole = (_windows.Length - 1).ToString(CultureInfo.InvariantCulture);
        var (bn, bs, bss) = ($"(n_{whole} - n_{i})", $"(s_{whole} - s_{i})", $"(ss_{whole} - ss_{i})");
        (string Name, string Sql)[] statistics =
        [
            ("n", $"n_{i}"),
            ("mean", $"s_{i} / n_{i}"),
            ("least", $"least_{i}"),
            ("greatest", $"greatest_{i}"),
            ("first", $"first_{i}"),
            ("days", $"days_{i}"),
            ("sd", $"CASE WHEN n_{i} > 1 THEN CASE WHEN least_{i} = greatest_{i} THEN 0 ELSE sqrt((ss_{i} - s_{i} * s_{i} / n_{i}) / (n_{i} - 1)) END END"),
            ("slope", $"CASE WHEN n_{i} > 1 THEN (stv_{i} - st_{i} * s_{i} / n_{i}) / (stt_{i} - st_{i} * st_{i} / n_{i}) END"),
            ("change", $"s_{i} / n_{i} - {bs} / nullif({bn}, 0)"),
            ("bsd", $"CASE WHEN {bn} > 1 AND bleast_{i} < bgreatest_{i} THEN sqrt(({bss} - {bs} * {bs} / {bn}) / ({bn} - 1)) END"),
        ];
        return statistics.Select(s => ($"{s.Name}_{i}", s.Sql));
    }

    private string Expression(FeatureColumn column)
    {
        var (v, i) = (column.VitalKey, Array.IndexOf(_windows, column.Window));
        if (v is not null && !_vitals.Contains(v))
        {
            return column.Statistic is "count" or "adherence" ? "0::DOUBLE" : "NULL::DOUBLE";
        }

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
            "gain" => $"{v}.last - {Of("first")}",
            "last" => $"{v}.last",
            "age" => $"{v}.last_age / 3600e6",
            "change" => Of("change"),
            "z" => $"{Of("change")} / {Of("bsd")}",
            "adherence" => string.Create(CultureInfo.InvariantCulture, $"least(1, coalesce({Of("days")}, 0) / {column.Window / (double)UnixMicros.PerDay:R})::DOUBLE"),
            _ => throw new NotSupportedException($"The peer has no SQL for the column '{column.Name}': add it beside the others."),
        };
    }

    private static string Record(FeatureColumn column)
    {
        var name = column.Name;
        return name switch
        {
            "news2_low" or "news2_point" => News2(0),
            "news2_high" => News2(3),
            "qsofa_low" or "qsofa_point" => Qsofa(0),
            "qsofa_high" => Qsofa(1),
            "since_enrolled" => "(k.as_of - k.since_enrolled) / 86400e6",
            "since_discharged" => "NULL::DOUBLE",
            "age" or "female" => $"k.{name}",
            _ when name.StartsWith("condition_", StringComparison.Ordinal) => $"k.{name}",
            _ when name.StartsWith("prior_", StringComparison.Ordinal) => string.Create(CultureInfo.InvariantCulture, $"coalesce({Name(column.Topic!)}.n_{column.Window / UnixMicros.PerDay}, 0)::DOUBLE"),
            _ when name.StartsWith("since_", StringComparison.Ordinal) => $"(k.as_of - {Name(column.Topic!)}.latest) / 86400e6",
            _ => throw new NotSupportedException($"The peer has no SQL for the column '{name}': add it beside the others."),
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

    /// <summary>Of the vitals the cohort has; nobody's mentation is known.</summary>
    private static string Qsofa(int missing) => string.Create(CultureInfo.InvariantCulture, $"""
        CASE WHEN respiratory_rate.last_age < 86400000000 OR systolic_bp.last_age < 86400000000 THEN
            (CASE WHEN respiratory_rate.last_age < 86400000000 THEN (respiratory_rate.last >= 22)::INTEGER ELSE {missing} END
            + CASE WHEN systolic_bp.last_age < 86400000000 THEN (systolic_bp.last <= 100)::INTEGER ELSE {missing} END + {missing})::DOUBLE END
        """);

    private static string Name(string kind) => kind.Replace('-', '_');

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);
}
