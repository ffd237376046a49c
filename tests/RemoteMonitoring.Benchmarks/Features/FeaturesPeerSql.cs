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

    /// <summary>Whether a column needs the readings of the last 48 hours one by one.</summary>
    public bool ReadsReadings => _columns.Any(c => c.Name == "news2_max_24h");

    /// <summary>How many local days before as-of the rollups of a kind are of use for.</summary>
    public int DaysOf(string cells) => (int)(_columns.Where(c => c.Part == cells && _vitals.Contains(c.VitalKey)).Select(c => c.Window).Append(cells == "day" ? _lookBack : 0).Max() / UnixMicros.PerDay);

    /// <summary>Sums by stretch from readings.</summary>
    public string FromReadings(string files) => $"""
        stretches AS (
            SELECT row, code, stretch, {Sums}{RareOfReadings}{PartSums}
            FROM (SELECT row, code, v, age, {Stretch("age")} AS stretch, age / -86400e6 AS t, age % 86400000000 AS before_midnight FROM ({Readings(files)}) WHERE age < {Text(_lookBack)})
            GROUP BY row, code, stretch)
        """;

    /// <summary>Sums by stretch from our rollups, and from the readings of the UTC days that they were made without.</summary>
    /// <param name="rollups">Lists of files by kind of cells, those without a file left out.</param>
    /// <param name="readings">The files of readings.</param>
    public string FromRollups(IReadOnlyDictionary<string, string> rollups, string readings)
    {
        IEnumerable<string> sources =
        [
            $"""
            SELECT row, code, {Stretch("age")} AS stretch, {Sums}{RareOfReadings}{PartSums}
            FROM (SELECT row, code, v, age, age / -86400e6 AS t, age % 86400000000 AS before_midnight FROM ({Readings(readings)}))
            GROUP BY row, code, stretch
            """,
            .. rollups.Where(r => r.Key == "day").Select(r => $"""
            SELECT row, code, {Stretch("day * 86400000000")} AS stretch, sum(n)::BIGINT AS n, sum(n * mean) AS s, sum(m2 + n * mean * mean) AS ss, sum(n * t) AS st, sum(t_m2 + n * t * t) AS stt,
                   sum(tv + n * t * mean) AS stv, min(least) AS least, max(greatest) AS greatest, arg_min(last, last_age) AS last, min(last_age) AS last_age{Rare("arg_max(first, day) AS first, (max(day) + 1) * 86400000000 AS first_age, bit_or(1 << day) AS days")}
            FROM ({Cells(r.Value, "m2, t_mean - (k.as_of - epoch_us(r.cell_end)) / 86400e6 AS t, t_m2, tv, r.min AS least, r.max AS greatest, r.first, r.last, k.as_of - epoch_us(r.last_time) AS last_age")})
            GROUP BY row, code, stretch
            """),
            .. rollups.Where(r => r.Key != "day").Select(r => $"""
            SELECT row, code, {Stretch("day * 86400000000")} AS stretch, {string.Join(", ", SumsOf(r.Key).Select(sum => $"{s_ofCells[sum]} AS {sum}_{r.Key}"))}
            FROM ({Cells(r.Value, "r.min AS least, r.max AS greatest")})
            GROUP BY row, code, stretch
            """),
        ];
        return $"stretches AS (\n{string.Join("\nUNION ALL BY NAME\n", sources)})";
    }

    /// <summary>The statement that writes the table.</summary>
    /// <param name="stretches">Sums by stretch.</param>
    /// <param name="recent">The files with the readings of the last 48 hours.</param>
    /// <param name="output">File to write.</param>
    public string Write(string stretches, string recent, string output)
    {
        var expressions = string.Join(",\n       ", _columns.Select(c => $"{Expression(c)} AS {c.Name}"));
        var statistics = Used(_windows.SelectMany(WindowStatistics), expressions);
        var sums = Used(_windows.SelectMany(WindowSums), statistics);
        return $"""
            COPY (
            WITH {stretches},
            sums AS MATERIALIZED (SELECT row, code, arg_min(last, last_age) AS last, min(last_age) AS last_age, {sums} FROM stretches GROUP BY row, code),
            statistics AS (SELECT row, code, last, last_age, {statistics} FROM sums),
            prior AS (
                SELECT k.row, o.kind, {string.Join(", ", PriorDays.Select(d => string.Create(CultureInfo.InvariantCulture, $"count(*) FILTER (o.effective > k.as_of - {d} * 86400000000) AS n_{d}")))},
                       max(o.effective) AS latest
                FROM outcomes o JOIN roster k USING (patient_id) WHERE o.effective <= k.as_of AND o.known <= k.known_by GROUP BY k.row, o.kind){(ReadsReadings ? ",\n" + HighestNews2(recent) : "")}
            SELECT k.patient_id, make_timestamp(k.as_of) AS as_of,
                   {expressions}
            FROM roster k
            {string.Join("\n", _vitals.Select(v => $"LEFT JOIN statistics {v} ON {v}.row = k.row AND {v}.code = '{VitalSignCatalog.Default[v].Code}'"))}
            {string.Join("\n", Topics.Select(t => $"LEFT JOIN prior {Name(t)} ON {Name(t)}.row = k.row AND {Name(t)}.kind = '{t}'"))}
            {(ReadsReadings ? "LEFT JOIN highest ON highest.row = k.row" : "")}
            ) TO '{output}' (FORMAT parquet, COMPRESSION snappy)
            """;
    }

    /// <summary>Those expressions whose names stand in another.</summary>
    private static string Used(IEnumerable<(string Name, string Sql)> expressions, string by) =>
        string.Join(",\n       ", expressions.Where(e => Regex.IsMatch(by, $@"\b{e.Name}\b")).Select(e => $"{e.Sql} AS {e.Name}"));

    private IEnumerable<string> Topics => _columns.Where(c => c.VitalKey is null && c.Name.StartsWith("prior_", StringComparison.Ordinal)).Select(c => c.Topic!).Distinct();

    private IEnumerable<long> PriorDays => _columns.Where(c => c.VitalKey is null && c.Window > 0).Select(c => c.Window / UnixMicros.PerDay).Distinct();

    /// <summary>The parts of the day, as what a reading's time before the next midnight is there: after 00:00 up to 06:00, after 10:00 up to 20:00.</summary>
    private static readonly Dictionary<string, string> s_parts = new()
    {
        ["night"] = "before_midnight >= 64800000000",
        ["daytime"] = "before_midnight >= 14400000000 AND before_midnight < 50400000000",
    };

    private static readonly string[] s_statistics = ["count", "adherence", "mean", "min", "max", "range", "sd", "cv", "slope", "gain", "last", "age", "change", "z"];

    private static readonly string[] s_ofParts = ["count", "mean", "min", "max"];

    /// <summary>What of a part's readings its statistics are made of, from readings and from cells.</summary>
    private static readonly Dictionary<string, string> s_ofReadings = new() { ["n"] = "count(*)", ["s"] = "sum(v)", ["least"] = "min(v)", ["greatest"] = "max(v)" };

    private static readonly Dictionary<string, string> s_ofCells = new() { ["n"] = "sum(n)::BIGINT", ["s"] = "sum(n * mean)", ["least"] = "min(least)", ["greatest"] = "max(greatest)" };

    private string PartSums => string.Concat(s_parts.Keys.SelectMany(part => SumsOf(part).Select(sum => $",\n       {s_ofReadings[sum]} FILTER ({s_parts[part]}) AS {sum}_{part}")));

    /// <summary>The sums that the columns of a part need.</summary>
    private IEnumerable<string> SumsOf(string part) => _columns.Where(c => c.Part == part && _vitals.Contains(c.VitalKey)).SelectMany<FeatureColumn, string>(c => c.Statistic switch
    {
        "count" => ["n"],
        "mean" => ["n", "s"],
        "min" => ["least"],
        "max" => ["greatest"],
        _ => throw Unknown(c),
    }).Distinct();

    /// <summary>Rows of rollups as held at known-by; <c>day</c> counts local days back from the last.</summary>
    private static string Cells(string files, string more) => $"""
        SELECT k.row, r.code, (k.as_of - epoch_us(r.cell_end)) // 86400000000 AS day, n, mean, {more}
        FROM read_parquet([{files}]) r JOIN roster k USING (patient_id)
        WHERE epoch_us(r.known_from) <= k.known_by AND k.known_by < epoch_us(r.known_to)
        """;

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
            .. s_parts.Keys.SelectMany(part => SumsOf(part).Select(sum => ($"{sum}_{part}_{i}", $"{(sum is "least" ? "min" : sum is "greatest" ? "max" : "sum")}({sum}_{part}) FILTER (stretch <= {i})"))),
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
        return
        [
            .. statistics.Select(s => ($"{s.Name}_{i}", s.Sql)),
            .. s_parts.Keys.SelectMany(part => ((string[])["n", "least", "greatest"]).Select(sum => ($"{sum}_{part}_{i}", $"{sum}_{part}_{i}"))),
            .. s_parts.Keys.Select(part => ($"mean_{part}_{i}", $"s_{part}_{i} / nullif(n_{part}_{i}, 0)")),
        ];
    }

    private string Expression(FeatureColumn column)
    {
        var (v, i) = (column.VitalKey, Array.IndexOf(_windows, column.Window));
        if (v is not null && !(column.Part is null ? s_statistics.Contains(column.Statistic) : s_parts.ContainsKey(column.Part) && s_ofParts.Contains(column.Statistic)))
        {
            throw Unknown(column); // also of a vital that nobody has a reading of
        }

        if (v is not null && !_vitals.Contains(v))
        {
            return column.Statistic is "count" or "adherence" ? "0::DOUBLE" : "NULL::DOUBLE";
        }

        string Of(string name) => string.Create(CultureInfo.InvariantCulture, $"{v}.{name}_{(column.Part is null ? "" : column.Part + "_")}{i}");
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
            _ => throw Unknown(column),
        };
    }

    private static string Record(FeatureColumn column)
    {
        var name = column.Name;
        return name switch
        {
            "news2_low" or "news2_point" => News2(0),
            "news2_high" => News2(3),
            "news2_max_24h" => "highest.news2_max::DOUBLE",
            "qsofa_low" or "qsofa_point" => Qsofa(0),
            "qsofa_high" => Qsofa(1),
            "since_enrolled" => "(k.as_of - k.since_enrolled) / 86400e6",
            "since_discharged" => "NULL::DOUBLE",
            "age" or "female" => $"k.{name}",
            _ when name.StartsWith("condition_", StringComparison.Ordinal) => $"k.{name}",
            _ when name.StartsWith("prior_", StringComparison.Ordinal) => string.Create(CultureInfo.InvariantCulture, $"coalesce({Name(column.Topic!)}.n_{column.Window / UnixMicros.PerDay}, 0)::DOUBLE"),
            _ when name.StartsWith("since_", StringComparison.Ordinal) => $"(k.as_of - {Name(column.Topic!)}.latest) / 86400e6",
            _ => throw Unknown(column),
        };
    }

    private static NotSupportedException Unknown(FeatureColumn column) => new($"The peer has no SQL for the column '{column.Name}': add it beside the others.");

    /// <summary>The chart for the vitals the cohort has, <c>x</c> the reading as it stands there; the other two inputs are missing for everybody.</summary>
    private static readonly (string Vital, string Round, string Chart)[] s_chart =
    [
        ("respiratory_rate", "", "WHEN x <= 8 THEN 3 WHEN x <= 11 THEN 1 WHEN x <= 20 THEN 0 WHEN x <= 24 THEN 2 ELSE 3"),
        ("spo2", "", "WHEN x <= 91 THEN 3 WHEN x <= 93 THEN 2 WHEN x <= 95 THEN 1 ELSE 0"),
        ("systolic_bp", "", "WHEN x <= 90 THEN 3 WHEN x <= 100 THEN 2 WHEN x <= 110 THEN 1 WHEN x <= 219 THEN 0 ELSE 3"),
        ("heart_rate", "", "WHEN x <= 40 THEN 3 WHEN x <= 50 THEN 1 WHEN x <= 90 THEN 0 WHEN x <= 110 THEN 1 WHEN x <= 130 THEN 2 ELSE 3"),
        ("temperature", ", 1", "WHEN x <= 35.0 THEN 3 WHEN x <= 36.0 THEN 1 WHEN x <= 38.0 THEN 0 WHEN x <= 39.0 THEN 1 ELSE 2"),
    ];

    private static string Points(string chart, string value, string round) => $"CASE {chart.Replace("x", $"round({value}{round})", StringComparison.Ordinal)} END";

    private static string News2(int missing)
    {
        var points = s_chart.Select(c => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN {c.Vital}.last_age < 86400000000 THEN {Points(c.Chart, c.Vital + ".last", c.Round)} ELSE {missing} END"));
        var known = string.Join(" OR ", s_chart.Select(c => $"{c.Vital}.last_age < 86400000000"));
        // Oxygen and consciousness.
        return $"CASE WHEN {known} THEN ({string.Join(" + ", points)}{(missing == 0 ? "" : " + 2 + 3")})::DOUBLE END";
    }

    /// <summary>
    /// The highest score of the last day: one pass in order of time, which carries the latest (time, points) of each input; readings of
    /// one instant are taken together.
    /// </summary>
    private static string HighestNews2(string recent)
    {
        var codes = s_chart.Select(c => VitalSignCatalog.Default[c.Vital].Code).ToArray();
        var points = string.Join(' ', s_chart.Select((c, i) => $"WHEN '{codes[i]}' THEN {Points(c.Chart, "v", c.Round)}"));
        var carried = string.Join(", ", codes.Select((code, i) => string.Create(CultureInfo.InvariantCulture, $"last_value(CASE WHEN code = '{code}' THEN points - age * 4 END IGNORE NULLS) OVER (PARTITION BY row ORDER BY age DESC) AS c_{i}")));
        var sum = string.Join(" + ", codes.Select((_, i) => string.Create(CultureInfo.InvariantCulture, $"CASE WHEN c_{i} > (age + 86400000000) * -4 + 3 THEN c_{i} & 3 ELSE 0 END")));
        return $"""
            highest AS (
                SELECT row, max({sum}) AS news2_max
                FROM (SELECT row, age, {carried} FROM (
                    SELECT row, code, age, CASE code {points} END AS points
                    FROM ({Readings(recent)}) WHERE code IN ({string.Join(", ", codes.Select(c => $"'{c}'"))}) AND age < 172800000000))
                WHERE age < 86400000000 GROUP BY row)
            """;
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
