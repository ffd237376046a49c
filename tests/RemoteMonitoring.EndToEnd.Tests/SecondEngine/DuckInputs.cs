using DuckDB.NET.Data;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>The tables that the second engine's queries stand on. Times are Unix microseconds throughout.</summary>
internal static class DuckInputs
{
    /// <summary>Which code is which vital.</summary>
    public static void Vitals(DuckDBConnection duck)
    {
        duck.Run("CREATE TABLE vitals (code VARCHAR, vital VARCHAR)");
        using var appender = duck.CreateAppender("vitals");
        foreach (var vital in VitalSignCatalog.Default.Vitals)
        {
            appender.CreateRow().AppendValue(vital.Code).AppendValue(vital.Key).EndRow();
        }
    }

    /// <summary>
    /// Observations, with their place in time. Of two versions of one instant the one further down its file comes later;
    /// a file has all rows of its day and patients.
    /// </summary>
    public static void Observations(DuckDBConnection duck, IReadOnlyList<string> files, IReadOnlyList<string>? patients)
    {
        var source = files.Count == 0
            ? "(SELECT '' AS patient_id, '' AS code, now() AS effective_time, 0.0 AS value, now() AS known_from, now() AS known_to, 0 AS file_row_number WHERE false)"
            : $"read_parquet([{List(files)}], file_row_number = true)";
        duck.Run($"""
            CREATE TABLE observations AS
            SELECT patient_id, vital, epoch_us(effective_time) AS effective_time, value::DOUBLE AS value, epoch_us(known_from) AS known_from, epoch_us(known_to) AS known_to,
                   row_number() OVER (ORDER BY effective_time, file_row_number) AS place
            FROM {source} JOIN vitals USING (code)
            {(patients is null ? "" : $"WHERE patient_id IN ({List(patients)})")}
            """);
    }

    /// <summary>Roster, conditions, attributes, census and outcomes as they were stated, each with its place in its log.</summary>
    public static void Reference(DuckDBConnection duck, ReferenceData reference)
    {
        duck.Run("""
            CREATE TABLE roster (patient_id VARCHAR, place INTEGER, known BIGINT, age DOUBLE, sex VARCHAR);
            CREATE TABLE conditions (place INTEGER, condition VARCHAR);
            CREATE TABLE attributes (place INTEGER, attribute VARCHAR, value DOUBLE);
            CREATE TABLE events (log VARCHAR, patient_id VARCHAR, place INTEGER, kind VARCHAR, detail VARCHAR, effective BIGINT, known BIGINT, taken_back BOOLEAN);
            """);
        using (var roster = duck.CreateAppender("roster"))
        using (var conditions = duck.CreateAppender("conditions"))
        using (var attributes = duck.CreateAppender("attributes"))
        {
            foreach (var (patient, place) in reference.Patients.Select((p, i) => (p, i)))
            {
                roster.CreateRow().AppendValue(patient.PatientId).AppendValue(place).AppendValue(patient.Known.ToUnixMicros()).AppendValue(patient.Age).AppendValue(patient.Sex).EndRow();
                foreach (var condition in patient.Conditions.Distinct())
                {
                    conditions.CreateRow().AppendValue(place).AppendValue(condition).EndRow();
                }

                foreach (var (attribute, value) in patient.Attributes)
                {
                    attributes.CreateRow().AppendValue(place).AppendValue(attribute).AppendValue(value).EndRow();
                }
            }
        }

        using var events = duck.CreateAppender("events");
        void Add(string log, string patient, int place, string kind, string? detail, Instant effective, Instant known, bool? takenBack) => events.CreateRow()
            .AppendValue(log).AppendValue(patient).AppendValue(place).AppendValue(kind).AppendValue(detail).AppendValue(effective.ToUnixMicros()).AppendValue(known.ToUnixMicros()).AppendValue(takenBack == true).EndRow();
        for (var i = 0; i < reference.Outcomes.Count; i++)
        {
            var outcome = reference.Outcomes[i];
            Add("outcomes", outcome.PatientId, i, outcome.Kind, outcome.Detail, outcome.Effective, outcome.Known, outcome.TakenBack);
        }

        for (var i = 0; i < reference.Census.Count; i++)
        {
            var step = reference.Census[i];
            Add("census", step.PatientId, i, step.Kind.ToString().ToLowerInvariant(), null, step.Effective, step.Known, step.TakenBack);
        }
    }

    /// <summary>The rows that are asked for.</summary>
    public static void Keys(DuckDBConnection duck, IReadOnlyList<DuckRow> rows)
    {
        duck.Run("CREATE OR REPLACE TABLE keys (row INTEGER, patient_id VARCHAR, as_of BIGINT, known_by BIGINT, zone VARCHAR)");
        using var appender = duck.CreateAppender("keys");
        for (var i = 0; i < rows.Count; i++)
        {
            appender.CreateRow().AppendValue(i).AppendValue(rows[i].PatientId).AppendValue(rows[i].AsOf).AppendValue(rows[i].KnownBy).AppendValue(rows[i].Zone).EndRow();
        }
    }

    /// <summary>The columns that are asked for; the part of the day is in the name.</summary>
    public static void Columns(DuckDBConnection duck, IReadOnlyList<FeatureColumn> columns)
    {
        duck.Run("CREATE OR REPLACE TABLE columns (column_index INTEGER, name VARCHAR, vital VARCHAR, part VARCHAR, statistic VARCHAR, topic VARCHAR, length BIGINT, before_day BOOLEAN)");
        using var appender = duck.CreateAppender("columns");
        for (var i = 0; i < columns.Count; i++)
        {
            var column = columns[i];
            appender.CreateRow().AppendValue(i).AppendValue(column.Name).AppendValue(column.VitalKey).AppendValue(PartOf(column)).AppendValue(column.Statistic).AppendValue(column.Topic).AppendValue(column.Window).AppendValue(column.BeforeDay).EndRow();
        }
    }

    /// <summary>
    /// The local days that the rows look back on. A day is the half-open interval (midnight, next midnight]; its night ends
    /// at six, its daytime is (ten, twenty]. Boundaries are instants, so a day that is an hour short or long is just that.
    /// </summary>
    public static void LocalDays(DuckDBConnection duck, IReadOnlyList<DuckRow> rows, long lookBack)
    {
        duck.Run("CREATE OR REPLACE TABLE local_days (zone VARCHAR, date DATE, day_start BIGINT, night_end BIGINT, daytime_start BIGINT, daytime_end BIGINT)");
        using var appender = duck.CreateAppender("local_days");
        foreach (var rowsOfZone in rows.GroupBy(r => r.Zone))
        {
            var zone = DateTimeZoneProviders.Tzdb[rowsOfZone.Key];
            var last = UnixMicros.ToInstant(rowsOfZone.Max(r => r.AsOf)).InZone(zone).Date;
            for (var date = UnixMicros.ToInstant(rowsOfZone.Min(r => r.AsOf) - lookBack).InZone(zone).Date.PlusDays(-1); date <= last; date = date.PlusDays(1))
            {
                long At(int hour) => zone.AtLeniently(date.At(new LocalTime(hour, 0))).ToInstant().ToUnixMicros();
                appender.CreateRow().AppendValue(rowsOfZone.Key).AppendValue(date.ToDateOnly()).AppendValue(zone.AtStartOfDay(date).ToInstant().ToUnixMicros()).AppendValue(At(6)).AppendValue(At(10)).AppendValue(At(20)).EndRow();
            }
        }
    }

    /// <summary>
    /// When the local hours begin that the rows look back on: where a clock shows a whole hour, and where it is changed. Every offset of
    /// today's zones is a multiple of a quarter of an hour.
    /// </summary>
    public static void LocalHours(DuckDBConnection duck, IReadOnlyList<DuckRow> rows, long lookBack)
    {
        const long Quarter = UnixMicros.PerHour / 4;
        duck.Run("CREATE OR REPLACE TABLE local_hours (zone VARCHAR, hour_start BIGINT)");
        using var appender = duck.CreateAppender("local_hours");
        foreach (var rowsOfZone in rows.GroupBy(r => r.Zone))
        {
            var zone = DateTimeZoneProviders.Tzdb[rowsOfZone.Key];
            var (first, last) = (rowsOfZone.Min(r => r.AsOf) - lookBack - UnixMicros.PerDay, rowsOfZone.Max(r => r.AsOf));
            for (var time = first - (first % Quarter); time <= last; time += Quarter)
            {
                var instant = UnixMicros.ToInstant(time);
                if (instant.InZone(zone).Minute == 0 || zone.GetZoneInterval(instant) is { HasStart: true } interval && interval.Start == instant)
                {
                    appender.CreateRow().AppendValue(rowsOfZone.Key).AppendValue(time).EndRow();
                }
            }
        }
    }

    private static string List(IEnumerable<string> texts) => string.Join(", ", texts.Select(t => $"'{t.Replace("'", "''", StringComparison.Ordinal)}'"));

    private static string PartOf(FeatureColumn column)
    {
        bool Says(string part) => column.VitalKey is { } vital && column.Name.StartsWith($"{vital}_{part}_", StringComparison.Ordinal);
        return Says("night") ? "night" : Says("daytime") ? "daytime" : "day";
    }
}
