namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>
/// Early-warning scores as SQL, written from their publications.
/// <list type="bullet">
/// <item>NEWS2: Royal College of Physicians, National Early Warning Score (NEWS) 2, London 2017, chart 1. Measurements are
/// rounded to the chart's figures first: temperature to a tenth, the others to whole numbers, halves away from zero.</item>
/// <item>qSOFA: Singer et al., JAMA 2016;315:801: respirations of 22 and more, systolic pressure of 100 and less, altered
/// mentation, a point each; measurements as they are.</item>
/// </list>
/// Of each input the latest value of the last 24 hours counts. What is missing scores its least, nothing, or its most.
/// </summary>
internal static class DuckScores
{
    /// <summary>Tells (column, row, value) of every column that is a score.</summary>
    public const string Sql = """
        WITH
        -- Which vitals tell of an input; of values of one instant that of the vital named first counts.
        sources (input, vital, preference) AS (VALUES
            ('respirations', 'respiratory_rate', 0),
            ('saturation', 'spo2', 0), ('saturation', 'sao2', 1),
            ('systolic', 'systolic_bp', 0), ('systolic', 'noninvasive_systolic_bp', 1), ('systolic', 'invasive_systolic_bp', 2),
            ('pulse', 'heart_rate', 0),
            ('temperature', 'temperature', 0),
            ('acvpu', 'acvpu', 0), ('gcs', 'gcs', 0),
            ('flow', 'oxygen_flow', 0), ('fio2', 'fio2', 0)),
        -- What a row may use: an instant of the last day may look back another day. One value an input and time.
        known AS (
            SELECT k.row, s.input, o.effective_time, o.value
            FROM keys k
            JOIN observations o USING (patient_id)
            JOIN sources s USING (vital)
            WHERE o.effective_time > k.as_of - 48 * 3600000000 AND o.effective_time <= k.as_of
              AND o.known_from <= k.known_by AND k.known_by < o.known_to
            QUALIFY row_number() OVER (PARTITION BY k.row, s.input, o.effective_time ORDER BY s.preference, o.place DESC) = 1),
        -- As-of, and every instant of the last day at which an input was read.
        instants AS (
            SELECT row, as_of AS instant, true AS is_as_of FROM keys
            UNION ALL
            SELECT DISTINCT k.row, r.effective_time, false FROM keys k JOIN known r USING (row) WHERE r.effective_time > k.as_of - 24 * 3600000000),
        -- The latest value of each input at each instant.
        carried AS (
            SELECT i.row, i.instant, i.is_as_of, n.input,
                   CASE WHEN r.effective_time > i.instant - 24 * 3600000000 THEN r.value END AS value
            FROM instants i
            CROSS JOIN (SELECT DISTINCT input FROM sources) n
            ASOF LEFT JOIN known r ON r.row = i.row AND r.input = n.input AND r.effective_time <= i.instant),
        side_by_side AS (
            SELECT row, instant, is_as_of,
                   max(value) FILTER (input = 'respirations') AS respirations,
                   max(value) FILTER (input = 'saturation') AS saturation,
                   max(value) FILTER (input = 'systolic') AS systolic,
                   max(value) FILTER (input = 'pulse') AS pulse,
                   max(value) FILTER (input = 'temperature') AS temperature,
                   max(value) FILTER (input = 'acvpu') AS acvpu,
                   max(value) FILTER (input = 'gcs') AS gcs,
                   max(value) FILTER (input = 'flow') AS flow,
                   max(value) FILTER (input = 'fio2') AS fio2
            FROM carried GROUP BY row, instant, is_as_of),
        -- SpO2 is read on scale 2 only where the roster, as known then, says so.
        scale_2 AS (
            SELECT row FROM (
                SELECT k.row, r.place FROM keys k JOIN roster r ON r.patient_id = k.patient_id AND r.known <= k.known_by
                QUALIFY row_number() OVER (PARTITION BY k.row ORDER BY r.known DESC, r.place DESC) = 1)
            JOIN attributes a USING (place)
            WHERE a.attribute = 'spo2_scale_2' AND a.value = 1),
        charted AS (
            SELECT i.*, s.row IS NOT NULL AS on_scale_2,
                   round(i.respirations) AS breaths, round(i.saturation) AS spo2, round(i.systolic) AS pressure, round(i.pulse) AS beats, round(i.temperature, 1) AS degrees,
                   CASE WHEN i.acvpu IS NOT NULL THEN i.acvpu = 0 ELSE i.gcs >= 15 END AS alert,
                   CASE WHEN i.flow > 0 OR i.fio2 > 21 THEN true WHEN i.flow IS NOT NULL OR i.fio2 IS NOT NULL THEN false END AS on_oxygen
            FROM side_by_side i LEFT JOIN scale_2 s USING (row)),
        -- The chart, row by row; NULL where the input is missing.
        points AS (
            SELECT *,
                   CASE WHEN breaths >= 25 THEN 3 WHEN breaths >= 21 THEN 2 WHEN breaths >= 12 THEN 0 WHEN breaths >= 9 THEN 1 WHEN breaths < 9 THEN 3 END AS p_breaths,
                   CASE WHEN spo2 >= 96 THEN 0 WHEN spo2 >= 94 THEN 1 WHEN spo2 >= 92 THEN 2 WHEN spo2 < 92 THEN 3 END AS p_scale_1,
                   CASE WHEN spo2 >= 88 THEN 0 WHEN spo2 >= 86 THEN 1 WHEN spo2 >= 84 THEN 2 WHEN spo2 < 84 THEN 3 END AS p_scale_2_air,
                   CASE WHEN spo2 >= 97 THEN 3 WHEN spo2 >= 95 THEN 2 WHEN spo2 >= 93 THEN 1 WHEN spo2 >= 88 THEN 0 WHEN spo2 >= 86 THEN 1 WHEN spo2 >= 84 THEN 2 WHEN spo2 < 84 THEN 3 END AS p_scale_2_oxygen,
                   CASE on_oxygen WHEN true THEN 2 WHEN false THEN 0 END AS p_oxygen,
                   CASE WHEN pressure >= 220 THEN 3 WHEN pressure >= 111 THEN 0 WHEN pressure >= 101 THEN 1 WHEN pressure >= 91 THEN 2 WHEN pressure < 91 THEN 3 END AS p_pressure,
                   CASE WHEN beats >= 131 THEN 3 WHEN beats >= 111 THEN 2 WHEN beats >= 91 THEN 1 WHEN beats >= 51 THEN 0 WHEN beats >= 41 THEN 1 WHEN beats < 41 THEN 3 END AS p_beats,
                   CASE alert WHEN true THEN 0 WHEN false THEN 3 END AS p_alert,
                   CASE WHEN degrees >= 39.1 THEN 2 WHEN degrees >= 38.1 THEN 1 WHEN degrees >= 36.1 THEN 0 WHEN degrees >= 35.1 THEN 1 WHEN degrees < 35.1 THEN 3 END AS p_degrees
            FROM charted),
        -- On scale 2 a saturation says its points only together with air or oxygen; without that word they lie between the two.
        saturated AS (
            SELECT *,
                   CASE WHEN NOT on_scale_2 THEN p_scale_1 WHEN on_oxygen THEN p_scale_2_oxygen WHEN on_oxygen IS NULL THEN least(p_scale_2_air, p_scale_2_oxygen) ELSE p_scale_2_air END AS spo2_low,
                   CASE WHEN NOT on_scale_2 THEN p_scale_1 WHEN on_oxygen THEN p_scale_2_oxygen ELSE p_scale_2_air END AS spo2_point,
                   CASE WHEN NOT on_scale_2 THEN p_scale_1 WHEN on_oxygen THEN p_scale_2_oxygen WHEN on_oxygen IS NULL THEN greatest(p_scale_2_air, p_scale_2_oxygen) ELSE p_scale_2_air END AS spo2_high
            FROM points),
        scored AS (
            SELECT row, is_as_of,
                   coalesce(p_breaths, spo2_point, p_oxygen, p_pressure, p_beats, p_alert, p_degrees) IS NOT NULL AS news2_known,
                   coalesce(p_breaths, 0) + coalesce(spo2_low, 0) + coalesce(p_oxygen, 0) + coalesce(p_pressure, 0) + coalesce(p_beats, 0) + coalesce(p_alert, 0) + coalesce(p_degrees, 0) AS news2_low,
                   coalesce(p_breaths, 0) + coalesce(spo2_point, 0) + coalesce(p_oxygen, 0) + coalesce(p_pressure, 0) + coalesce(p_beats, 0) + coalesce(p_alert, 0) + coalesce(p_degrees, 0) AS news2_point,
                   coalesce(p_breaths, 3) + coalesce(spo2_high, 3) + coalesce(p_oxygen, 2) + coalesce(p_pressure, 3) + coalesce(p_beats, 3) + coalesce(p_alert, 3) + coalesce(p_degrees, 3) AS news2_high,
                   coalesce(respirations, systolic) IS NOT NULL OR alert IS NOT NULL AS qsofa_known,
                   coalesce((respirations >= 22)::INTEGER, 0) + coalesce((systolic <= 100)::INTEGER, 0) + coalesce((NOT alert)::INTEGER, 0) AS qsofa_point,
                   coalesce((respirations >= 22)::INTEGER, 1) + coalesce((systolic <= 100)::INTEGER, 1) + coalesce((NOT alert)::INTEGER, 1) AS qsofa_high
            FROM saturated),
        at_as_of AS (SELECT * FROM scored WHERE is_as_of),
        highest AS (SELECT row, max(news2_point) AS news2_max FROM scored WHERE NOT is_as_of GROUP BY row)
        SELECT c.column_index, k.row,
               CASE c.name
                   WHEN 'news2_low' THEN CASE WHEN a.news2_known THEN a.news2_low END
                   WHEN 'news2_point' THEN CASE WHEN a.news2_known THEN a.news2_point END
                   WHEN 'news2_high' THEN CASE WHEN a.news2_known THEN a.news2_high END
                   WHEN 'news2_max_24h' THEN h.news2_max
                   WHEN 'qsofa_low' THEN CASE WHEN a.qsofa_known THEN a.qsofa_point END
                   WHEN 'qsofa_point' THEN CASE WHEN a.qsofa_known THEN a.qsofa_point END
                   WHEN 'qsofa_high' THEN CASE WHEN a.qsofa_known THEN a.qsofa_high END
               END::DOUBLE
        FROM keys k
        CROSS JOIN columns c
        LEFT JOIN at_as_of a ON a.row = k.row
        LEFT JOIN highest h ON h.row = k.row
        WHERE c.vital IS NULL AND c.name IN ('news2_low', 'news2_point', 'news2_high', 'news2_max_24h', 'qsofa_low', 'qsofa_point', 'qsofa_high')
        """;
}
