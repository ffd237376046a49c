using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Makes a feed of the PhysioNet/CinC Challenge 2012: the first 48 hours of intensive-care stays, each stay a patient with
/// one device, every time of measurement a message.
/// </summary>
/// <remarks>
/// The source has no dates: all stays are placed at <see cref="Admission"/>, so that hh:mm maps to an instant.
/// <para>How and when a stay ended is dated by the outcomes file, death by its Survival days, discharge by its
/// Length_of_stay, and at the earliest one second after 48 hours, since the challenge asks at 48 hours what comes later.
/// Neither is known before it happens, and the severity scores of that file are not read at all.</para>
/// </remarks>
public static class PhysioNet2012Importer
{
    /// <summary>Name of the cohort.</summary>
    public const string Cohort = "physionet2012";

    private const int Version = 2;
    private const int Partitions = 8;
    private const string UnknownTeam = "icu-unknown";

    private static readonly Duration s_firstEnd = Duration.FromHours(48) + Duration.FromSeconds(1);

    private static readonly (string Id, string Name, int Capacity)[] s_teams =
    [
        ("icu-1", "Coronary care", 20),
        ("icu-2", "Cardiac surgery recovery", 20),
        ("icu-3", "Medical ICU", 30),
        ("icu-4", "Surgical ICU", 30),
    ];

    /// <summary>The instant at which every stay begins.</summary>
    public static Instant Admission { get; } = Instant.FromUtc(2012, 1, 1, 0, 0);

    /// <summary>Reads the sets in <paramref name="folder"/> and writes the feed; returns its header.</summary>
    /// <param name="folder">Holds <c>set-a.tar.gz</c> (or <c>set-a/</c>) and <c>Outcomes-a.txt</c>, and any further sets likewise.</param>
    /// <param name="outFolder">Feed folder to create; must not exist, or be empty.</param>
    /// <param name="progress">Told the number of messages written so far, now and then.</param>
    /// <param name="cancellationToken">Stops the import; nothing is left behind.</param>
    /// <exception cref="ImportException">The files are not there, damaged, or of another format.</exception>
    public static Feed Import(string folder, string outFolder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        SourceFile.CheckFolders(folder, outFolder);
        var sets = PhysioNet2012Files.Sets(folder);
        var leftOut = new LeftOutTally();
        var pool = new TextPool();
        var stays = new SortedDictionary<string, PhysioNet2012Stay>(StringComparer.Ordinal);
        var outcomes = new List<Outcome>();
        var census = new List<CensusEvent>();
        var hashes = new List<byte[]>();
        foreach (var set in sets)
        {
            var ends = PhysioNet2012Files.ReadStayEnds(folder, set, out var outcomesHash);
            hashes.Add(outcomesHash);
            var read = PhysioNet2012Files.ReadStays(folder, set, pool, leftOut, cancellationToken);
            foreach (var (stay, hash) in read.OrderBy(s => s.Stay.RecordId, StringComparer.Ordinal))
            {
                hashes.Add(hash);
                if (!stays.TryAdd(stay.RecordId, stay))
                {
                    throw new ImportException($"The stay of '{stay.RecordId}.txt' in set-{set} is there twice; keep each set once in the folder.");
                }

                if (!ends.TryGetValue(stay.RecordId, out var end))
                {
                    throw new ImportException($"The file 'Outcomes-{set}.txt' has no row for '{stay.RecordId}.txt'; take both files from the same download.");
                }

                var when = Admission + Duration.Max(Duration.FromDays(end.Days), s_firstEnd);
                census.Add(new CensusEvent { PatientId = stay.RecordId, Kind = end.Died ? CensusKind.Died : CensusKind.Discharged, Effective = when, Known = when });
                if (end.Died)
                {
                    outcomes.Add(new Outcome { PatientId = stay.RecordId, Kind = "in-hospital-death", Effective = when, Known = when });
                }
            }

            var known = read.Select(s => s.Stay.RecordId).ToHashSet(StringComparer.Ordinal);
            foreach (var _ in ends.Keys.Where(id => !known.Contains(id)))
            {
                leftOut.Add("outcome of a stay that has no file");
            }
        }

        var all = stays.Values.ToArray();
        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = Cohort,
            Source = $"PhysioNet/CinC Challenge 2012, set {string.Join(", ", sets)} ({all.Length} stays, all placed at 2012-01-01T00:00:00Z since the source has no dates), ODC-BY 1.0.",
            Epoch = ImportEpoch.Of(nameof(PhysioNet2012Importer), Version, hashes),
            Imported = true,
            SourceDelay = "zero: the source gives only the time of measurement, and a value counts as known from then on (laboratory results were really known later).",
            Partitions = Partitions,
            Messages = 0,
            LeftOut = leftOut.Counts,
        };
        return FeedWriter.Write(outFolder, header, Messages(all, cancellationToken), Reference(all, census, outcomes), progress, cancellationToken);
    }

    private static IEnumerable<DeviceMessage> Messages(PhysioNet2012Stay[] stays, CancellationToken cancellationToken)
    {
        var slots = new List<(int Minute, int Stay, int First, int Count)>();
        for (var s = 0; s < stays.Length; s++)
        {
            var rows = stays[s].Rows;
            for (var first = 0; first < rows.Length;)
            {
                var next = first + 1;
                while (next < rows.Length && rows[next].Minute == rows[first].Minute)
                {
                    next++;
                }

                slots.Add((rows[first].Minute, s, first, next - first));
                first = next;
            }
        }

        slots.Sort();
        using var body = new MessageBody();
        foreach (var (minute, s, first, count) in slots)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var time = Admission + Duration.FromMinutes(minute);
            body.Begin(time);
            foreach (var row in stays[s].Rows.AsSpan(first, count))
            {
                var (code, unit) = PhysioNet2012Parameters.CodeOf(row.Parameter);
                body.Add(code, row.Value, unit);
            }

            yield return new DeviceMessage { DeviceId = DeviceOf(stays[s]), EnqueuedTime = time, Body = body.End() };
        }
    }

    private static ReferenceData Reference(PhysioNet2012Stay[] stays, List<CensusEvent> census, List<Outcome> outcomes)
    {
        var teams = s_teams.ToList();
        if (stays.Any(s => s.IcuType is null))
        {
            teams.Add((UnknownTeam, "ICU of unknown type", 10));
        }

        return new ReferenceData
        {
            Teams = [.. teams.Select(t => new CareTeam { CareTeamId = t.Id, Name = t.Name, Capacity = t.Capacity, Known = Admission })],
            Patients = [.. stays.Select(s => new Patient
            {
                PatientId = s.RecordId,
                CareTeamId = s.IcuType is { } type ? s_teams[type - 1].Id : UnknownTeam,
                Age = s.Age,
                Sex = s.Sex,
                Attributes = Attributes(s.IcuType),
                Known = Admission,
            })],
            Assignments = [.. stays.Select(s => new DeviceAssignment { DeviceId = DeviceOf(s), PatientId = s.RecordId, From = Admission, Known = Admission })],
            Census =
            [
                .. stays.Select(s => new CensusEvent { PatientId = s.RecordId, Kind = CensusKind.Enrolled, Effective = Admission, Known = Admission }),
                .. census.OrderBy(c => c.Known).ThenBy(c => c.PatientId, StringComparer.Ordinal),
            ],
            Outcomes = [.. outcomes.OrderBy(o => o.Known).ThenBy(o => o.PatientId, StringComparer.Ordinal)],
        };
    }

    private static Dictionary<string, double> Attributes(int? icuType)
    {
        var attributes = new Dictionary<string, double>();
        if (icuType is { } known)
        {
            attributes["icu_type"] = known;
            for (var type = 1; type <= s_teams.Length; type++)
            {
                attributes[string.Create(CultureInfo.InvariantCulture, $"icu_type_{type}")] = type == known ? 1 : 0;
            }
        }

        return attributes;
    }

    private static string DeviceOf(PhysioNet2012Stay stay) => "icu-" + stay.RecordId;
}
