using System.Globalization;
using CsvHelper;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>A place in a file that cannot be used.</summary>
/// <param name="File">Name of the file.</param>
/// <param name="Line">Line, from 1.</param>
/// <param name="Place">Column or field; null for the whole line.</param>
/// <param name="What">What is there.</param>
/// <param name="Mend">What to do.</param>
public sealed record FileProblem(string File, long Line, string? Place, string What, string Mend)
{
    /// <summary>One line for people.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{File}, line {Line}{(Place is null ? "" : $", {Place}")}: {What}; {Mend}.");
}

/// <summary>Rows of a file, and its lines that are none.</summary>
/// <param name="Rows">The good ones, in order.</param>
/// <param name="Problems">One for each bad line: the first thing wrong with it.</param>
public sealed record FileRows<T>(IReadOnlyList<T> Rows, IReadOnlyList<FileProblem> Problems);

/// <summary>
/// Reference events from a CSV file with a header. Columns are the JSON fields in snake_case, in any order; those that are
/// optional may be left out or empty; <c>known</c> is by default the time of import. Instants are ISO 8601 with a zone.
/// </summary>
public static class ReferenceCsv
{
    private static readonly string[] s_sexes = ["female", "male", "other", "unknown"];

    private const int MostPreferenceCharacters = 500;

    private static readonly CsvReaderOptions s_options = new()
    {
        Separator = ',',
        MalformedData = CsvMalformedDataHandling.Throw,
        AllowLineBreaksInQuotes = false,
        TrackLineNumbers = true,
    };

    /// <summary><c>patient_id, care_team_id[, age, sex, conditions, time_zone, known]</c>; conditions separated by <c>;</c>.</summary>
    public static FileRows<Patient> ReadRoster(string file, Instant now) => Read(file, ["patient_id", "care_team_id"], ["age", "sex", "conditions", "time_zone", "known"], row => new Patient
    {
        PatientId = row.Text("patient_id"),
        CareTeamId = row.Text("care_team_id"),
        Age = row.Optional("age") is null ? null : row.Number("age", 0, 130),
        Sex = row.Optional("sex") is null ? "unknown" : row.OneOf("sex", s_sexes),
        Conditions = row.Optional("conditions")?.Split(';', StringSplitOptions.TrimEntries | StringSplitOptions.RemoveEmptyEntries) ?? [],
        TimeZone = row.Optional("time_zone") is null ? "Etc/UTC" : row.Zone("time_zone"),
        Known = row.Known(now),
    });

    /// <summary><c>care_team_id, name, capacity[, known]</c>.</summary>
    public static FileRows<CareTeam> ReadTeams(string file, Instant now) => Read(file, ["care_team_id", "name", "capacity"], ["known"], row => new CareTeam
    {
        CareTeamId = row.Text("care_team_id"),
        Name = row.Text("name"),
        Capacity = (int)row.Number("capacity", 0, 1_000_000, whole: true),
        Known = row.Known(now),
    });

    /// <summary><c>device_id, patient_id, from[, to, device_model, known]</c>.</summary>
    public static FileRows<DeviceAssignment> ReadAssignments(string file, Instant now) => Read(file, ["device_id", "patient_id", "from"], ["to", "device_model", "known"], row =>
    {
        var assignment = new DeviceAssignment
        {
            DeviceId = row.Text("device_id"),
            PatientId = row.Text("patient_id"),
            From = row.Time("from"),
            To = row.Optional("to") is null ? null : row.Time("to"),
            DeviceModel = row.Optional("device_model"),
            Known = row.Known(now),
        };
        return assignment.To < assignment.From ? throw row.Wrong("to", "is before 'from'", "write an instant not before it; the same withdraws the assignment") : assignment;
    });

    /// <summary><c>patient_id, kind, effective[, detail, known]</c>.</summary>
    public static FileRows<Outcome> ReadOutcomes(string file, Instant now) => Read(file, ["patient_id", "kind", "effective"], ["detail", "known"], row =>
    {
        var outcome = new Outcome
        {
            PatientId = row.Text("patient_id"),
            Kind = row.Text("kind"),
            Detail = row.Optional("detail"),
            Effective = row.Time("effective"),
            Known = row.Known(now),
        };
        return outcome.Known < outcome.Effective ? throw row.Wrong("effective", "is later than it was known", "an outcome is stated when it has happened") : outcome;
    });

    /// <summary><c>patient_id, kind, effective[, known]</c>; kind is one of <see cref="CensusKind"/>.</summary>
    public static FileRows<CensusEvent> ReadCensus(string file, Instant now) => Read(file, ["patient_id", "kind", "effective"], ["known"], row => new CensusEvent
    {
        PatientId = row.Text("patient_id"),
        Kind = Enum.Parse<CensusKind>(row.OneOf("kind", Enum.GetNames<CensusKind>())),
        Effective = row.Time("effective"),
        Known = row.Known(now),
    });

    /// <summary>
    /// <c>patient_id, vital[, low, high, unit, contact_preference, known]</c>: a limit a line, and all lines of a patient together the plan that replaces the one
    /// before. A limit is in the vital's own unit unless one is named; a line without a vital states the preference alone.
    /// </summary>
    public static FileRows<CarePlan> ReadCarePlans(string file, Instant now)
    {
        var (plans, bad) = (new Dictionary<string, CarePlan>(StringComparer.Ordinal), new HashSet<string>(StringComparer.Ordinal));
        var lines = Read(file, ["patient_id", "vital"], ["low", "high", "unit", "contact_preference", "known"], row =>
        {
            var patient = row.Text("patient_id");
            try
            {
                plans[patient] = WithLine(plans.GetValueOrDefault(patient), patient, row, now);
            }
            catch (RowException)
            {
                bad.Add(patient);
                throw;
            }

            return patient;
        });
        // Half a plan would stand for the whole.
        return new FileRows<CarePlan>([.. plans.Values.Where(p => !bad.Contains(p.PatientId))], lines.Problems);
    }

    private static CarePlan WithLine(CarePlan? before, string patient, Row row, Instant now)
    {
        var (limit, preference, known) = (LimitOf(row), row.Optional("contact_preference"), row.Known(now));
        if (before is not null && before.Known != known)
        {
            throw row.Wrong("known", "is another than on an earlier line of this patient", "state a plan in one file at one time");
        }

        if (limit is null ? preference is null : before?.Limits.Any(l => l.Vital == limit.Vital) == true)
        {
            throw row.Wrong("vital", limit is null ? "is empty, and there is no contact_preference either" : $"'{limit.Vital}' has a limit on an earlier line of this patient", "state each limit once");
        }

        if (preference is { Length: > MostPreferenceCharacters } || (preference is not null && before?.ContactPreference is { } other && other != preference))
        {
            throw row.Wrong("contact_preference", $"is longer than {MostPreferenceCharacters} characters, or another than on an earlier line of this patient", "state it once");
        }

        before ??= new CarePlan { PatientId = patient, By = "import", Known = known };
        return before with { Limits = limit is null ? before.Limits : [.. before.Limits, limit], ContactPreference = preference ?? before.ContactPreference };
    }

    private static PersonalLimit? LimitOf(Row row)
    {
        if (row.Optional("vital") is not { } key)
        {
            return null;
        }

        if (!VitalSignCatalog.Default.TryGetByKey(key, out var vital))
        {
            throw row.Wrong("vital", $"'{key}' is not known", $"write {string.Join(", ", VitalSignCatalog.Default.Vitals.Select(v => v.Key))}");
        }

        var unit = row.Optional("unit") ?? vital.Unit;
        if (!vital.TryGetUnit(unit, out var conversion))
        {
            throw row.Wrong("unit", $"'{unit}' is none of {vital.Label}", $"write {string.Join(", ", vital.AcceptedUnits.Select(u => u.Unit))}, or leave it out for {vital.Unit}");
        }

        double? Bound(string column) => row.Optional(column) is null ? null : conversion.ToCanonical(row.Number(column, Math.Round(conversion.FromCanonical(vital.Low), 6), Math.Round(conversion.FromCanonical(vital.High), 6)));
        var limit = new PersonalLimit(key, Bound("low"), Bound("high"));
        return (limit.Low, limit.High) switch
        {
            (null, null) => throw row.Wrong("low", "and high are both empty", "write one of them at least"),
            ({ } low, { } high) when low >= high => throw row.Wrong("low", "is not below high", "exchange them, or leave one out"),
            _ => limit,
        };
    }

    private static FileRows<T> Read<T>(string file, string[] required, string[] optional, Func<Row, T> toRow)
    {
        if (!File.Exists(file))
        {
            throw new ImportException($"{file}: there is no such file.");
        }

        return SourceFile.Guard(file, () => ReadRows(file, required, optional, toRow));
    }

    private static FileRows<T> ReadRows<T>(string file, string[] required, string[] optional, Func<Row, T> toRow)
    {
        using var stream = File.OpenRead(file);
        using var csv = CsvReader.Create(stream, s_options, leaveOpen: true);
        var (rows, problems) = (new List<T>(), new List<FileProblem>());
        try
        {
            var columns = csv.Headers.Select(h => h.Trim().TrimStart('\uFEFF')).ToArray();
            CheckHeader(file, columns, required, optional);
            while (csv.Read())
            {
                var row = new Row(file, csv, columns);
                try
                {
                    row.CheckFields();
                    rows.Add(toRow(row));
                }
                catch (RowException e)
                {
                    problems.Add(e.Problem);
                }
            }
        }
        catch (CsvFormatException e)
        {
            throw new ImportException($"{file}, line {e.LineNumber}: is not CSV (a stray quotation mark); mend the line.", e);
        }

        return new FileRows<T>(rows, problems);
    }

    private static void CheckHeader(string file, string[] columns, string[] required, string[] optional)
    {
        var expected = $"the columns are {string.Join(", ", required)}, and optionally {string.Join(", ", optional)}";
        if (required.Except(columns).FirstOrDefault() is { } missing)
        {
            throw new ImportException($"{file}, line 1: the header has no column '{missing}'; {expected}.");
        }

        if (columns.Except(required).Except(optional).FirstOrDefault() is { } unknown)
        {
            throw new ImportException($"{file}, line 1: the column '{unknown}' is none of this kind; {expected}.");
        }

        if (columns.Length != columns.Distinct().Count())
        {
            throw new ImportException($"{file}, line 1: the header names a column twice; {expected}.");
        }
    }

    private sealed class Row(string file, CsvReader csv, string[] columns)
    {
        public void CheckFields()
        {
            if (csv.FieldCount != columns.Length)
            {
                throw Wrong(null, $"has {csv.FieldCount} fields where the header has {columns.Length}", "give each column its field");
            }
        }

        public string? Optional(string column) =>
            Array.IndexOf(columns, column) is >= 0 and var at && csv.GetString(at).Trim() is { Length: > 0 } text ? text : null;

        public string Text(string column) => Optional(column) switch
        {
            null => throw Wrong(column, "is empty", "fill it in"),
            { Length: > 250 } => throw Wrong(column, "is longer than 250 characters", "shorten it"),
            var text => text,
        };

        public string OneOf(string column, string[] allowed) =>
            Array.Find(allowed, a => a.Equals(Text(column), StringComparison.OrdinalIgnoreCase)) ?? throw Wrong(column, $"'{Text(column)}' is not known", $"write {string.Join(", ", allowed)}");

        public double Number(string column, double least, double most, bool whole = false) =>
            double.TryParse(Text(column), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most && (!whole || number == Math.Floor(number))
                ? number
                : throw Wrong(column, $"'{Text(column)}' is not a {(whole ? "whole " : "")}number from {least} to {most.ToString(CultureInfo.InvariantCulture)}", "write one, with a point and no unit");

        public Instant Time(string column) => OffsetDateTimePattern.ExtendedIso.Parse(Text(column)) is { Success: true } parsed
            ? parsed.Value.ToInstant()
            : throw Wrong(column, $"'{Text(column)}' is not an instant with a zone", "write it like 2025-01-31T07:40:00Z or 2025-01-31T08:40:00+01:00");

        public Instant Known(Instant now) => Optional("known") is null ? now
            : Time("known") is var known && known <= now ? known
            : throw Wrong("known", $"'{Text("known")}' is in the future", "leave it out for now, or state when it was known");

        public string Zone(string column) => DateTimeZoneProviders.Tzdb.GetZoneOrNull(Text(column))?.Id
            ?? throw Wrong(column, $"'{Text(column)}' is no time zone", "write an IANA zone like Europe/Berlin");

        public RowException Wrong(string? column, string what, string mend) => new(new FileProblem(file, csv.LineNumber, column is null ? null : $"column {column}", what, mend));
    }

    private sealed class RowException(FileProblem problem) : Exception(problem.ToString())
    {
        public FileProblem Problem => problem;
    }
}
