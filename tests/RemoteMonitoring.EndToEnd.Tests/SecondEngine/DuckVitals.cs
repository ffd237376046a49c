using System.Globalization;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>Statistics of vitals over windows, as SQL.</summary>
internal static class DuckVitals
{
    /// <summary>
    /// A statistic is an expression over <c>w</c>, its window of readings, and <c>b</c>, the readings of the look back before
    /// that window; <c>h</c> tells of the numbers of readings in the window's local hours that have one. All are NULL where there are none. <c>c.length</c> is the window's length.
    /// </summary>
    private static readonly (string Statistic, string Expression)[] s_statistics =
    [
        ("count", "coalesce(w.n, 0)"),
        ("mean", "w.mean"),
        ("min", "w.least"),
        ("max", "w.greatest"),
        ("range", "w.greatest - w.least"),
        ("sd", "w.sd"),
        ("cv", "CASE WHEN w.mean <> 0 THEN w.sd / w.mean END"),
        ("median", "w.median"),
        ("slope", "w.slope"),
        ("gain", "w.last - w.first"),
        ("last", "w.last"),
        ("age", "(k.as_of - w.last_time) / 3600e6"),
        ("change", "w.mean - b.mean"),
        ("z", "CASE WHEN b.sd > 0 THEN (w.mean - b.mean) / b.sd END"),
        ("adherence", "least(1, coalesce(w.days, 0) / (c.length / 86400e6))"),
        ("hourly_count_mean", "h.mean"),
        ("hourly_count_sd", "h.sd"),
        ("hourly_count_max", "h.most"),
    ];

    /// <summary>Tells (column, row, value) of every column that speaks of a vital.</summary>
    public static string Sql(long lookBack) => string.Create(CultureInfo.InvariantCulture, $"""
        WITH
        -- What a row may use: effective by as-of and within the look back, and held for true at known-by.
        known AS (
            SELECT k.row, k.as_of, k.zone, o.vital, o.effective_time, o.value, o.place
            FROM keys k JOIN observations o USING (patient_id)
            WHERE o.effective_time > k.as_of - {lookBack} AND o.effective_time <= k.as_of
              AND o.known_from <= k.known_by AND k.known_by < o.known_to),
        -- The local day each reading belongs to: the one that began last before it, so midnight is of the day that ends.
        dated AS (
            SELECT r.*, d.date,
                   r.effective_time <= d.night_end AS at_night,
                   r.effective_time > d.daytime_start AND r.effective_time <= d.daytime_end AS by_day
            FROM known r ASOF JOIN local_days d ON d.zone = r.zone AND d.day_start < r.effective_time),
        -- The windows that columns ask for, and which readings each holds.
        spans AS (SELECT DISTINCT vital, part, length FROM columns WHERE vital IS NOT NULL),
        readings AS (
            SELECT r.*, s.part, s.length, r.effective_time > r.as_of - s.length AS within
            FROM dated r JOIN spans s USING (vital)
            WHERE s.part = 'day' OR (s.part = 'night' AND r.at_night) OR (s.part = 'daytime' AND r.by_day)),
        windows AS (
            SELECT row, vital, part, length, count(*) AS n, avg(value) AS mean, min(value) AS least, max(value) AS greatest, median(value) AS median,
                   CASE WHEN min(value) = max(value) AND count(*) > 1 THEN 0 ELSE stddev_samp(value) END AS sd,
                   CASE WHEN min(effective_time) < max(effective_time) THEN regr_slope(value, (effective_time - as_of) / 86400e6) END AS slope,
                   arg_min(value, place) AS first, arg_max(value, place) AS last, max(effective_time) AS last_time, count(DISTINCT date) AS days
            FROM readings WHERE within
            GROUP BY row, vital, part, length),
        baselines AS (
            SELECT row, vital, part, length, avg(value) AS mean,
                   CASE WHEN min(value) = max(value) AND count(*) > 1 THEN 0 ELSE stddev_samp(value) END AS sd
            FROM readings WHERE NOT within
            GROUP BY row, vital, part, length),
        -- The local hour each reading belongs to is told as its day is.
        counted AS (
            SELECT r.row, r.vital, r.part, r.length, t.hour_start, count(*) AS n
            FROM (FROM readings WHERE within AND (vital, part, length) IN (SELECT (vital, part, length) FROM columns WHERE statistic LIKE 'hourly\_%' ESCAPE '\')) r
            ASOF JOIN local_hours t ON t.zone = r.zone AND t.hour_start < r.effective_time
            GROUP BY r.row, r.vital, r.part, r.length, t.hour_start),
        hours AS (
            SELECT row, vital, part, length, avg(n) AS mean, stddev_samp(n) AS sd, max(n) AS most
            FROM counted
            GROUP BY row, vital, part, length)
        SELECT c.column_index, k.row,
               CASE c.statistic
                   {string.Join("\n           ", s_statistics.Select(s => $"WHEN '{s.Statistic}' THEN {s.Expression}"))}
               END::DOUBLE
        FROM keys k
        CROSS JOIN columns c
        LEFT JOIN windows w ON w.row = k.row AND w.vital = c.vital AND w.part = c.part AND w.length = c.length
        LEFT JOIN baselines b ON b.row = k.row AND b.vital = c.vital AND b.part = c.part AND b.length = c.length
        LEFT JOIN hours h ON h.row = k.row AND h.vital = c.vital AND h.part = c.part AND h.length = c.length
        WHERE c.vital IS NOT NULL AND c.statistic IN ({string.Join(", ", s_statistics.Select(s => $"'{s.Statistic}'"))})
        """);
}
