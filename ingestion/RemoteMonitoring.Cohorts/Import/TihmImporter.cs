using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Makes a feed of TIHM: remote monitoring at home of people living with dementia, from device readings, room and door
/// sensors, and alerts validated by the clinical monitoring team.
/// </summary>
/// <remarks>
/// The files have two clocks: physiology and activity are Europe/London local time, labels are UTC. Both become instants.
/// <para>A person is enrolled at the start of the London day of the first event of any of their sensors, and withdrawn at
/// the end of the study for all: the day after the last event of anyone. A person's own last event is not used, as it
/// would tell what became of them.</para>
/// <para>Only events within the published months, <see cref="StudyPeriod"/>, count for these two; an event outside them goes out
/// as a message all the same.</para>
/// </remarks>
public static class TihmImporter
{
    /// <summary>Name of the cohort.</summary>
    public const string Cohort = "tihm";

    private const int Version = 1;
    private const int Partitions = 8;
    private const string Team = "tihm-monitoring";
    private const string Zone = "Europe/London";

    private static readonly DateTimeZone s_london = DateTimeZoneProviders.Tzdb[Zone];

    /// <summary>The months of the study as published, April to June 2019, London time.</summary>
    public static Interval StudyPeriod { get; } = new(StartOf(new LocalDate(2019, 4, 1)), StartOf(new LocalDate(2019, 7, 1)));

    /// <summary>Reads the files in <paramref name="folder"/> and writes the feed; returns its header.</summary>
    /// <param name="folder">Holds <c>Physiology.csv</c>, <c>Activity.csv</c>, <c>Labels.csv</c>, <c>Demographics.csv</c>, each as it is or packed as <c>.gz</c>.</param>
    /// <param name="outFolder">Feed folder to create; must not exist, or be empty.</param>
    /// <param name="progress">Told the number of messages written so far, now and then.</param>
    /// <param name="cancellationToken">Stops the import; nothing is left behind.</param>
    /// <exception cref="ImportException">The files are not there, damaged, or of another format.</exception>
    public static Feed Import(string folder, string outFolder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        SourceFile.CheckFolders(folder, outFolder);
        var leftOut = new LeftOutTally();
        var homes = new TihmHomes();
        var people = ReadPeople(folder, leftOut, out var peopleHash);
        var outcomes = ReadLabels(folder, people, leftOut, out var labelsHash);
        var physiologyHash = ReadPhysiology(folder, homes, leftOut, cancellationToken);
        var activityHash = ReadActivity(folder, homes, leftOut, cancellationToken);
        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = Cohort,
            Source = $"TIHM, remote monitoring of {people.Count} people living with dementia (Palermo et al., Sci Data 10:606, 2023), CC BY 4.0; physiology and activity read as Europe/London, labels as UTC; ages are middles of bands, (90, 110] is 95.",
            Epoch = ImportEpoch.Of(nameof(TihmImporter), Version, [peopleHash, labelsHash, physiologyHash, activityHash]),
            Imported = true,
            SourceDelay = "zero: the source gives only the time of the reading, and the devices sent at once.",
            Partitions = Partitions,
            Messages = 0,
        };
        var reference = new ReferenceData
        {
            Teams = [new CareTeam { CareTeamId = Team, Name = "TIHM monitoring team", Capacity = 8, Known = StudyPeriod.Start }],
            Patients = people,
            Assignments = Assignments(people, homes),
            Census = Census(people, homes, leftOut),
            Outcomes = outcomes,
        };
        return FeedWriter.Write(
            outFolder, header with { LeftOut = leftOut.Counts }, homes.Messages(cancellationToken), reference, progress, cancellationToken);
    }

    private static List<Patient> ReadPeople(string folder, LeftOutTally leftOut, out byte[] hash)
    {
        var people = new List<Patient>();
        var ids = new HashSet<string>(StringComparer.Ordinal);
        using var table = TihmTable.Open(folder, "Demographics.csv", "patient_id", "age", "sex");
        while (table.Next())
        {
            if (table[0].Length == 0 || !ids.Add(table[0]))
            {
                throw table.Malformed("has no patient_id, or one that a line before it has");
            }

            var age = AgeOf(table[1]);
            if (age is null)
            {
                leftOut.Add("age band not readable");
            }

            var sex = table[2] switch { "Female" => "female", "Male" => "male", _ => "unknown" };
            if (sex == "unknown")
            {
                leftOut.Add("sex not readable");
            }

            people.Add(new Patient { PatientId = table[0], CareTeamId = Team, Age = age, Sex = sex, TimeZone = Zone, Known = StudyPeriod.Start });
        }

        hash = table.ContentHash();
        return people;
    }

    private static List<Outcome> ReadLabels(string folder, List<Patient> people, LeftOutTally leftOut, out byte[] hash)
    {
        var known = people.Select(p => p.PatientId).ToHashSet(StringComparer.Ordinal);
        var outcomes = new List<Outcome>();
        using var table = TihmTable.Open(folder, "Labels.csv", "patient_id", "date", "type");
        while (table.Next())
        {
            if (!known.Contains(table[0]))
            {
                leftOut.Add("label of a person who is not in Demographics.csv");
            }
            else if (!table.TryGetInstant(1, DateTimeZone.Utc, out var time))
            {
                leftOut.Add("label without a readable time");
            }
            else
            {
                outcomes.Add(new Outcome { PatientId = table[0], Kind = "clinical-alert", Detail = TihmDevices.Kebab(table[2]), Effective = time, Known = time });
            }
        }

        hash = table.ContentHash();
        return [.. outcomes.OrderBy(o => o.Known)];
    }

    private static byte[] ReadPhysiology(string folder, TihmHomes homes, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        using var table = TihmTable.Open(folder, "Physiology.csv", "patient_id", "date", "device_type", "value", "unit");
        while (table.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (table.TryGetInstant(1, s_london, out var time))
            {
                var (code, device) = TihmDevices.OfType(table[2]);
                homes.Add(table[0], device, time, code, table[3], table[4], StudyPeriod);
            }
            else
            {
                leftOut.Add("physiology row without a readable time");
            }
        }

        return table.ContentHash();
    }

    private static byte[] ReadActivity(string folder, TihmHomes homes, LeftOutTally leftOut, CancellationToken cancellationToken)
    {
        using var table = TihmTable.Open(folder, "Activity.csv", "patient_id", "location_name", "date");
        while (table.Next())
        {
            cancellationToken.ThrowIfCancellationRequested();
            if (table.TryGetInstant(2, s_london, out var time))
            {
                homes.Add(table[0], table[1], time, TihmDevices.CodeOfLocation(table[1]), "1", "{events}", StudyPeriod);
            }
            else
            {
                leftOut.Add("activity row without a readable time");
            }
        }

        return table.ContentHash();
    }

    /// <summary>
    /// Open-ended, from the start of the study: the source does not say when a device was brought. A device of a person
    /// who is not in the roster gets none, and ingestion rejects what it says.
    /// </summary>
    private static List<DeviceAssignment> Assignments(List<Patient> people, TihmHomes homes)
    {
        var known = people.Select(p => p.PatientId).ToHashSet(StringComparer.Ordinal);
        return [.. homes.Devices
            .Where(d => known.Contains(d.PatientId))
            .Select(d => new DeviceAssignment { DeviceId = d.DeviceId, PatientId = d.PatientId, From = StudyPeriod.Start, Known = StudyPeriod.Start })];
    }

    private static List<CensusEvent> Census(List<Patient> people, TihmHomes homes, LeftOutTally leftOut)
    {
        var census = new List<CensusEvent>();
        var end = homes.LastEvent is { } last ? StartOf(last.InZone(s_london).Date.PlusDays(1)) : StudyPeriod.End;
        foreach (var person in people)
        {
            if (!homes.TryGetFirstEvent(person.PatientId, out var first))
            {
                leftOut.Add("people without any sensor event: in the roster, not in the census");
                continue;
            }

            var enrolled = StartOf(first.InZone(s_london).Date);
            census.Add(new CensusEvent { PatientId = person.PatientId, Kind = CensusKind.Enrolled, Effective = enrolled, Known = enrolled });
            census.Add(new CensusEvent { PatientId = person.PatientId, Kind = CensusKind.Withdrawn, Effective = end, Known = end });
        }

        return [.. census.OrderBy(c => c.Known)];
    }

    /// <summary>Middle of a band like <c>(70, 80]</c>; 95 for <c>(90, 110]</c>, since few in it are past 100. Null where the text is no band.</summary>
    private static double? AgeOf(string band) => band switch
    {
        "(90, 110]" => 95,
        _ when band.Trim('(', '[', ')', ']').Split(", ") is [var low, var high]
            && int.TryParse(low, out var from) && int.TryParse(high, out var to) && from is >= 0 and < 130 && to is > 0 and < 130 => (from + to) / 2.0,
        _ => null,
    };

    private static Instant StartOf(LocalDate date) => date.AtStartOfDayInZone(s_london).ToInstant();
}
