namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>What the reference log says of a patient, as SQL.</summary>
internal static class DuckRecord
{
    /// <summary>Tells (column, row, value) of every column that speaks of no vital and is no score.</summary>
    public const string Sql = """
        WITH
        -- The roster's last word on the patient by known-by. Without one nothing is known, not even that nothing happened.
        stated AS (
            SELECT k.row, k.patient_id, k.as_of, k.known_by, r.place, r.age, r.sex
            FROM keys k JOIN roster r ON r.patient_id = k.patient_id AND r.known <= k.known_by
            QUALIFY row_number() OVER (PARTITION BY k.row ORDER BY r.known DESC, r.place DESC) = 1),
        -- When a statement about a patient, kind and time was first taken back by a later one.
        ends AS (
            SELECT e.log, e.place, min(t.known) AS until
            FROM events e JOIN events t ON t.log = e.log AND t.patient_id = e.patient_id AND t.kind = e.kind AND t.effective = e.effective AND t.taken_back
            WHERE NOT e.taken_back AND (t.known > e.known OR (t.known = e.known AND t.place > e.place))
            GROUP BY e.log, e.place),
        -- A column asks as of the row's own instant, or as of the beginning of the local day that ends with it and what was known then.
        asked AS (
            SELECT s.row, s.patient_id, a.before_day,
                   CASE WHEN a.before_day THEN d.day_start ELSE s.as_of END AS upto,
                   CASE WHEN a.before_day THEN least(d.day_start, s.known_by) ELSE s.known_by END AS known_by
            FROM (SELECT s.*, k.zone FROM stated s JOIN keys k USING (row)) s
            ASOF JOIN local_days d ON d.zone = s.zone AND d.day_start < s.as_of
            CROSS JOIN (VALUES (false), (true)) a(before_day)),
        -- What had happened by then and held then; an outcome with a detail is told of both ways.
        happened AS (
            SELECT a.row, a.before_day, a.upto, e.log, unnest(CASE WHEN e.detail IS NULL THEN [e.kind] ELSE [e.kind, e.kind || ':' || e.detail] END) AS kind, e.effective
            FROM asked a
            JOIN events e ON e.patient_id = a.patient_id AND NOT e.taken_back
            LEFT JOIN ends ON ends.log = e.log AND ends.place = e.place
            WHERE e.effective <= a.upto AND e.known <= a.known_by AND (ends.until IS NULL OR a.known_by < ends.until)),
        latest AS (SELECT row, before_day, log, kind, max(effective) AS effective FROM happened GROUP BY row, before_day, log, kind),
        counted AS (
            SELECT h.row, c.column_index, count(*) AS n
            FROM happened h
            JOIN columns c ON c.topic = h.kind AND c.before_day = h.before_day AND c.name LIKE 'prior\_%' ESCAPE '\' AND h.log = 'outcomes' AND h.effective > h.upto - c.length
            GROUP BY h.row, c.column_index),
        wanted AS (SELECT * FROM columns WHERE vital IS NULL AND NOT regexp_matches(name, '^(news2|qsofa)_'))
        SELECT c.column_index, k.row,
               CASE
                   WHEN s.row IS NULL THEN NULL
                   WHEN c.name = 'age' THEN s.age
                   WHEN c.name = 'female' THEN CASE s.sex WHEN 'female' THEN 1 WHEN 'male' THEN 0 END
                   WHEN c.name LIKE 'condition\_%' ESCAPE '\' THEN (EXISTS (FROM conditions x WHERE x.place = s.place AND 'condition_' || replace(x.condition, '-', '_') = c.name))::INTEGER
                   WHEN c.name LIKE 'prior\_%' ESCAPE '\' THEN coalesce(n.n, 0)
                   WHEN c.name LIKE 'since\_%' ESCAPE '\' THEN (k.as_of - l.effective) / 86400e6
                   ELSE (SELECT value FROM attributes a WHERE a.place = s.place AND a.attribute = c.name)
               END::DOUBLE
        FROM keys k
        CROSS JOIN wanted c
        LEFT JOIN stated s ON s.row = k.row
        LEFT JOIN counted n ON n.row = k.row AND n.column_index = c.column_index
        LEFT JOIN latest l ON l.row = k.row AND l.before_day = c.before_day
            AND ((c.name = 'since_enrolled' AND l.log = 'census' AND l.kind = 'enrolled')
              OR (c.name = 'since_discharged' AND l.log = 'census' AND l.kind = 'discharged')
              OR (l.log = 'outcomes' AND 'since_' || replace(replace(l.kind, '-', '_'), ':', '_') = c.name))
        """;
}
