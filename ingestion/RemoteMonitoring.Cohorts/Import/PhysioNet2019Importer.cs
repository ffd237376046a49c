using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Makes a feed of the PhysioNet/CinC Challenge 2019, early prediction of sepsis: each patient a stay in intensive care with
/// one device, every row (an hour) a message.
/// </summary>
/// <remarks>
/// The source has no dates: a patient's admission is placed at a midnight of the four weeks from <see cref="FirstAdmission"/> on, by a
/// hash of the patient's identity, and the row of the k-th hour at k hours after it. A row without any value is a message too: it
/// states the hours in intensive care so far.
/// <para>A patient is enrolled at the first row and discharged one second after the last, so that rows and instants of the stay
/// are the same. Neither this end nor the outcome <c>sepsis-window</c> is known before it: the label was given afterwards. The outcome
/// is effective at the first hour whose SepsisLabel is 1, which lies six hours before sepsis as it stands, and lasts to
/// the end of the record; where that is the file's first row, its detail says <c>first-row</c>.</para>
/// </remarks>
public static class PhysioNet2019Importer
{
    /// <summary>Name of the cohort.</summary>
    public const string Cohort = "physionet2019";

    /// <summary>Kind of the outcome.</summary>
    public const string Outcome = "sepsis-window";

    private const int Version = 1;
    private const int Partitions = 8;
    private const int Days = 28;

    private static readonly Duration s_afterLastRow = Duration.FromSeconds(1);

    private static readonly CareTeam[] s_teams =
    [
        new() { CareTeamId = "icu-medical", Name = "Medical ICU", Capacity = 30, Known = FirstAdmission },
        new() { CareTeamId = "icu-surgical", Name = "Surgical ICU", Capacity = 30, Known = FirstAdmission },
        new() { CareTeamId = "icu-unknown", Name = "ICU of unknown type", Capacity = 30, Known = FirstAdmission },
    ];

    /// <summary>The first day of admissions.</summary>
    public static Instant FirstAdmission => Instant.FromUtc(2019, 1, 1, 0, 0);

    /// <summary>The made-up admission of a patient to intensive care.</summary>
    public static Instant AdmissionOf(string patientId) =>
        FirstAdmission + Duration.FromDays((int)(BinaryPrimitives.ReadUInt32BigEndian(SHA256.HashData(Encoding.UTF8.GetBytes(patientId))) % Days));

    /// <summary>Reads the set at <paramref name="path"/> and writes the feed; returns its header.</summary>
    /// <param name="path">A folder that holds <c>*.psv</c>, here or below, or <c>training*.tar.gz</c>; or such an archive.</param>
    /// <param name="outFolder">Feed folder to create; must not exist, or be empty.</param>
    /// <param name="progress">Told the number of messages written so far, now and then.</param>
    /// <param name="cancellationToken">Stops the import; nothing is left behind.</param>
    /// <exception cref="ImportException">The files are not there, damaged, or of another format.</exception>
    public static Feed Import(string path, string outFolder, IProgress<long>? progress = null, CancellationToken cancellationToken = default)
    {
        SourceFile.CheckFolders(File.Exists(path) ? Path.GetDirectoryName(Path.GetFullPath(path))! : path, outFolder);
        var leftOut = new LeftOutTally();
        var read = PhysioNet2019Files.ReadStays(path, leftOut, cancellationToken);
        PhysioNet2019Stay[] stays = [.. read.Select(s => s.Stay)];
        var header = new Feed
        {
            SchemaVersion = 1,
            Cohort = Cohort,
            Source = $"PhysioNet/CinC Challenge 2019 ({stays.Length} stays, {stays.Sum(s => s.Hours.Length)} hourly rows; days of admission are made up, since the source has none; Reyna et al., Crit Care Med 48:210, 2020).",
            Epoch = ImportEpoch.Of(nameof(PhysioNet2019Importer), Version, read.Select(s => s.Hash)),
            Imported = true,
            SourceDelay = "zero: the source gives only the hour of a value, and it counts as known at that hour's end (laboratory results were really known later).",
            Partitions = Partitions,
            Messages = 0,
            LeftOut = leftOut.Counts,
        };
        return FeedWriter.Write(outFolder, header, Messages(stays, cancellationToken), Reference(stays), progress, cancellationToken);
    }

    private static IEnumerable<DeviceMessage> Messages(PhysioNet2019Stay[] stays, CancellationToken cancellationToken)
    {
        var rows = new (long Ticks, int Stay, int Row)[stays.Sum(s => s.Hours.Length)];
        var at = 0;
        for (var s = 0; s < stays.Length; s++)
        {
            for (var r = 0; r < stays[s].Hours.Length; r++)
            {
                rows[at++] = (TimeOf(stays[s], r).ToUnixTimeTicks(), s, r);
            }
        }

        Array.Sort(rows);
        var readings = PhysioNet2019Variables.Readings.ToDictionary(r => r.Column, r => (r.Code, r.Unit));
        var pool = new TextPool();
        using var body = new MessageBody();
        foreach (var (ticks, s, row) in rows)
        {
            cancellationToken.ThrowIfCancellationRequested();
            var time = Instant.FromUnixTimeTicks(ticks);
            body.Begin(time);
            stays[s].Values(row, (column, value) =>
            {
                if (value is not "NaN" && readings.TryGetValue(column, out var reading))
                {
                    body.Add(reading.Code, pool.Get(value), reading.Unit);
                }
            });
            yield return new DeviceMessage { DeviceId = DeviceOf(stays[s]), EnqueuedTime = time, Body = body.End() };
        }
    }

    private static ReferenceData Reference(PhysioNet2019Stay[] stays)
    {
        var enrolled = stays.Select(s => new CensusEvent { PatientId = s.PatientId, Kind = CensusKind.Enrolled, Effective = TimeOf(s, 0), Known = TimeOf(s, 0) });
        var discharged = stays.Select(s => new CensusEvent { PatientId = s.PatientId, Kind = CensusKind.Discharged, Effective = EndOf(s), Known = EndOf(s) });
        return new ReferenceData
        {
            Teams = [.. s_teams.Where(t => stays.Any(s => TeamOf(s) == t.CareTeamId))],
            Patients = [.. stays.OrderBy(s => TimeOf(s, 0)).Select(s => new Patient
            {
                PatientId = s.PatientId,
                CareTeamId = TeamOf(s),
                Age = s.Age,
                Sex = s.Sex,
                Attributes = Attributes(s),
                Known = TimeOf(s, 0),
            })],
            Assignments = [.. stays.OrderBy(s => TimeOf(s, 0)).Select(s => new DeviceAssignment { DeviceId = DeviceOf(s), PatientId = s.PatientId, From = TimeOf(s, 0), Known = TimeOf(s, 0) })],
            Census = [.. enrolled.Concat(discharged).OrderBy(c => c.Known).ThenBy(c => c.PatientId, StringComparer.Ordinal)],
            Outcomes =
            [
                .. stays.Where(s => s.FirstPositive >= 0)
                    .Select(s => new Outcome
                    {
                        PatientId = s.PatientId,
                        Kind = Outcome,
                        Detail = s.FirstPositive == 0 ? "first-row" : null,
                        Effective = TimeOf(s, s.FirstPositive),
                        Known = EndOf(s),
                    })
                    .OrderBy(o => o.Known).ThenBy(o => o.PatientId, StringComparer.Ordinal),
            ],
        };
    }

    private static Dictionary<string, double> Attributes(PhysioNet2019Stay stay)
    {
        var attributes = new Dictionary<string, double>();
        if (stay.IsMedical is { } medical)
        {
            attributes["medical_icu"] = medical ? 1 : 0;
        }

        if (stay.HoursBefore is { } hours)
        {
            attributes["hours_in_hospital_before_icu"] = hours;
        }

        return attributes;
    }

    private static string TeamOf(PhysioNet2019Stay stay) => stay.IsMedical switch { true => "icu-medical", false => "icu-surgical", _ => "icu-unknown" };

    private static Instant TimeOf(PhysioNet2019Stay stay, int row) => AdmissionOf(stay.PatientId) + Duration.FromHours(stay.Hours[row]);

    private static Instant EndOf(PhysioNet2019Stay stay) => TimeOf(stay, stay.Hours.Length - 1) + s_afterLastRow;

    private static string DeviceOf(PhysioNet2019Stay stay) => "icu-" + stay.PatientId;
}
