using System.Text;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Makes a feed of the AIM-94 diabetes diaries (UCI Machine Learning Repository no. 34): glucose, insulin, meals, exercise and
/// symptoms of people at home, each person with one diary, what it says of one minute a message.
/// </summary>
/// <remarks>
/// The diaries have local times of no stated zone, which are kept as they stand, as UTC: the days of the diary are the days of the
/// patient. Times written on paper are those of meals (08:00, 12:00, 18:00, 22:00), and cannot be told from others.
/// <para>Outcomes follow from the glucose that ingestion takes: <c>glucose-measured</c> at the first of each day, <c>glucose-below-54</c>
/// at each below 54 mg/dL (level 2 hypoglycaemia, American Diabetes Association). A person is enrolled at the first dated
/// row and withdrawn at the last.</para>
/// </remarks>
public static partial class UciDiabetesImporter
{
    /// <summary>Name of the cohort.</summary>
    public const string Cohort = "uci-diabetes";

    /// <summary>Kind of the outcome that a day has a glucose.</summary>
    public const string Measured = "glucose-measured";

    /// <summary>Kind of the outcome that a glucose was below 54 mg/dL.</summary>
    public const string Below54 = "glucose-below-54";

    private const int Version = 1;
    private const int Partitions = 4;
    private const string Team = "diabetes-clinic";

    /// <summary>Reads the diaries in <paramref name="folder"/> and writes the feed; returns its header.</summary>
    /// <param name="folder">Holds <c>data-01</c> to <c>data-70</c>, or some of them.</param>
    /// <param name="outFolder">Feed folder to create; must not exist, or be empty.</param>
    /// <param name="progress">Told the number of messages written so far, now and then.</param>
    /// <param name="cancellationToken">Stops the import; nothing is left behind.</param>
    /// <exception cref="ImportException">The files are not there, damaged, or of another format.</exception>
    public static Feed Import(string folder, string outFolder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        SourceFile.CheckFolders(folder, outFolder);
        var names = Directory.EnumerateFiles(folder).Select(f => DiaryName().Match(Path.GetFileName(f))).Where(m => m.Success)
            .Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal).ToArray();
        if (names.Length == 0)
        {
            throw new ImportException($"The folder '{folder}' holds no 'data-01', 'data-02', …; download the diabetes data set of the UCI Machine Learning Repository and name the folder of its files.");
        }

        var leftOut = new LeftOutTally();
        var diaries = new List<UciDiabetesDiary>();
        foreach (var name in names)
        {
            cancellationToken.ThrowIfCancellationRequested();
            diaries.Add(UciDiabetesDiary.Read(folder, name, leftOut));
        }

        UciDiabetesDiary[] dated = [.. diaries.Where(d => d.Entries.Count > 0)];
        if (dated.Length == 0)
        {
            throw new ImportException($"No diary in '{folder}' has a row with a date; take the files as downloaded.");
        }

        for (var i = dated.Length; i < diaries.Count; i++)
        {
            leftOut.Add("diary without a dated row");
        }

        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = Cohort,
            Source = $"Diabetes diaries of {dated.Length} people (AIM-94, Michael Kahn, Washington University; UCI Machine Learning Repository no. 34); local times of no stated zone, read as UTC.",
            Epoch = ImportEpoch.Of(nameof(UciDiabetesImporter), Version, diaries.SelectMany(d => new[] { Encoding.UTF8.GetBytes(d.PatientId), d.Hash })),
            Imported = true,
            SourceDelay = "zero: an entry counts as known when it was made; the diaries were really handed in later.",
            Partitions = Partitions,
            Messages = 0,
            LeftOut = leftOut.Counts,
        };
        return FeedWriter.Write(outFolder, header, Messages(dated, cancellationToken), Reference(dated), progress, cancellationToken);
    }

    private static IEnumerable<DeviceMessage> Messages(UciDiabetesDiary[] diaries, CancellationToken cancellationToken)
    {
        var minutes = diaries.SelectMany(d => d.Entries.GroupBy(e => e.Time).Select(g => (Time: InstantOf(g.Key), Diary: d, Entries: g)));
        using var body = new MessageBody();
        foreach (var (time, diary, entries) in minutes.OrderBy(m => m.Time).ThenBy(m => m.Diary.PatientId, StringComparer.Ordinal))
        {
            cancellationToken.ThrowIfCancellationRequested();
            body.Begin(time);
            foreach (var entry in entries)
            {
                var (code, value, unit) = UciDiabetesCodes.ReadingOf(entry.Code, entry.Value);
                body.Add(code, value, unit);
            }

            yield return new DeviceMessage { DeviceId = DeviceOf(diary), EnqueuedTime = time, Body = body.End() };
        }
    }

    private static ReferenceData Reference(UciDiabetesDiary[] diaries)
    {
        var start = diaries.Min(First);
        return new ReferenceData
        {
            Teams = [new CareTeam { CareTeamId = Team, Name = "Diabetes clinic", Capacity = 5, Known = start }],
            Patients = [.. diaries.Select(d => new Patient { PatientId = d.PatientId, CareTeamId = Team, Conditions = ["diabetes"], Known = First(d) }).OrderBy(p => p.Known)],
            Assignments = [.. diaries.Select(d => new DeviceAssignment { DeviceId = DeviceOf(d), PatientId = d.PatientId, From = First(d), Known = First(d) }).OrderBy(a => a.Known)],
            Census =
            [
                .. diaries.SelectMany(d => new[] { (d.PatientId, CensusKind.Enrolled, At: First(d)), (d.PatientId, CensusKind.Withdrawn, At: Last(d)) })
                    .Select(c => new CensusEvent { PatientId = c.PatientId, Kind = c.Item2, Effective = c.At, Known = c.At })
                    .OrderBy(c => c.Known),
            ],
            Outcomes = [.. diaries.SelectMany(Outcomes).OrderBy(o => o.Known).ThenBy(o => o.PatientId, StringComparer.Ordinal)],
        };
    }

    private static IEnumerable<Outcome> Outcomes(UciDiabetesDiary diary)
    {
        var glucose = diary.Entries.Where(e => e.Glucose is not null).ToArray();
        // A day's window begins after its midnight and holds the next: what was measured at 00:00 is of the day before.
        var measured = glucose.DistinctBy(e => e.Time.PlusTicks(-1).Date).Select(e => (Kind: Measured, e.Time));
        // Rows of one minute are one event, however many there are.
        var low = glucose.Where(e => e.Glucose < 54).Select(e => (Kind: Below54, e.Time)).Distinct();
        return measured.Concat(low).Select(e => new Outcome { PatientId = diary.PatientId, Kind = e.Kind, Effective = InstantOf(e.Time), Known = InstantOf(e.Time) });
    }

    private static Instant First(UciDiabetesDiary diary) => InstantOf(diary.Entries[0].Time);

    private static Instant Last(UciDiabetesDiary diary) => InstantOf(diary.Entries[^1].Time);

    private static Instant InstantOf(LocalDateTime time) => time.InUtc().ToInstant();

    private static string DeviceOf(UciDiabetesDiary diary) => "diary-" + diary.PatientId;

    [GeneratedRegex(@"^(data-[0-9]{2,3})(\.gz)?$")]
    private static partial Regex DiaryName();
}
