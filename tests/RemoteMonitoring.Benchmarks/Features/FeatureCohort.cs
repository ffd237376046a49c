using System.Globalization;
using NodaTime;
using RemoteMonitoring.EndToEnd.Tests.SecondEngine;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Benchmarks.Features;

/// <summary>A file of observations.</summary>
/// <param name="Path">Where.</param>
/// <param name="Date">UTC day.</param>
/// <param name="Shard">Patient shard.</param>
internal sealed record CohortFile(string Path, LocalDate Date, int Shard);

/// <summary>
/// Observations of made-up patients as compaction writes them: 28 UTC days and the eight hours that follow, eight vitals, four
/// to twenty-four readings a day by patient, one in fifty late and one in a hundred corrected, in files by UTC day and shard
/// of ten thousand patients, sorted by patient, vital and time. Patients live in UTC or one of four American zones, whose days
/// all have 24 hours here. A function of size and seed; nothing but the files outgrows a shard.
/// </summary>
internal sealed class FeatureCohort
{
    /// <summary>Days before the night that is computed.</summary>
    public const int Days = 28;

    private const int PatientsPerShard = 10_000;
    private const int FewestReadings = 4;
    private const int MostReadings = 24;
    private const int HoursOfTheLastDay = 8;
    private const ulong Seed = 1;

    private static readonly string[] s_zones = ["Etc/UTC", "America/New_York", "America/Chicago", "America/Denver", "America/Los_Angeles"];
    private static readonly string[] s_conditions = ["heart-failure", "copd", "diabetes", "hypertension"];

    /// <summary>Key, mean over people, spread over people, spread of a person's readings, decimals; in the catalog's order.</summary>
    private static readonly (string Key, double Mean, double Between, double Within, int Decimals)[] s_vitals =
    [
        ("heart_rate", 74, 9, 6, 0), ("spo2", 95.5, 1.5, 1, 0), ("respiratory_rate", 17, 2, 1.5, 0), ("systolic_bp", 132, 13, 8, 0),
        ("diastolic_bp", 78, 9, 5, 0), ("temperature", 36.6, 0.2, 0.25, 1), ("weight", 81, 16, 0.5, 1), ("steps", 900, 300, 350, 0),
    ];

    private static readonly int[] s_index = [.. s_vitals.Select(v => VitalSignCatalog.Default[v.Key].Index)];

    private readonly string[][] _shards;

    private FeatureCohort(string folder, int patients)
    {
        var shards = Math.Max(1, (patients + PatientsPerShard - 1) / PatientsPerShard);
        var ids = Enumerable.Range(0, patients).Select(p => string.Create(CultureInfo.InvariantCulture, $"p{p:D7}")).ToArray();
        _shards = [.. ids.GroupBy(p => Partitioning.PartitionOf(p, shards)).OrderBy(g => g.Key).Select(g => g.ToArray())];
        Rows = [.. ids.Select(RowOf)];
        Files =
        [
            .. from shard in Enumerable.Range(0, _shards.Length)
               from day in Enumerable.Range(0, Days + 1)
               let date = Night.PlusDays(day - Days)
               select new CohortFile(Path.Combine(folder, string.Create(CultureInfo.InvariantCulture, $"{date:uuuu-MM-dd}-{shard:D3}.parquet")), date, shard),
        ];
        Reference = ReferenceOf(ids);
    }

    /// <summary>The date whose local midnights are the rows' as-of.</summary>
    public static LocalDate Night { get; } = new(2025, 6, 29);

    /// <summary>The vitals that are read.</summary>
    public static IReadOnlyList<string> Vitals { get; } = [.. s_vitals.Select(v => v.Key)];

    /// <summary>The files, by shard, then day.</summary>
    public IReadOnlyList<CohortFile> Files { get; }

    /// <summary>A row a patient, in order of their ids: as of the local midnight, known by the end of the data.</summary>
    public IReadOnlyList<DuckRow> Rows { get; }

    /// <summary>Roster, census and outcomes.</summary>
    public ReferenceData Reference { get; }

    /// <summary>Number of patient shards.</summary>
    public int Shards => _shards.Length;

    /// <summary>Rows of all files.</summary>
    public long Readings { get; private set; }

    /// <summary>When everything that is there was known: the end of the data, Unix microseconds.</summary>
    public static long KnownBy { get; } = Midnight(Days) + (HoursOfTheLastDay * UnixMicros.PerHour);

    /// <summary>The instant that the rows of a zone's patients speak for, Unix microseconds.</summary>
    public static long AsOf(string zone) => DateTimeZoneProviders.Tzdb[zone].AtStartOfDay(Night).ToInstant().ToUnixMicros();

    /// <summary>Writes the files.</summary>
    public static FeatureCohort Write(string folder, int patients)
    {
        Directory.CreateDirectory(folder);
        var cohort = new FeatureCohort(folder, patients);
        var readings = 0L;
        Parallel.ForEach(cohort.Files, new ParallelOptions { MaxDegreeOfParallelism = Environment.ProcessorCount }, file =>
        {
            var batch = cohort.Draw(file);
            using var encoded = TelemetryTables.ToTable(batch, VitalSignCatalog.Default).Encode();
            using var output = File.Create(file.Path);
            output.Write(encoded.Bytes.Span);
            Interlocked.Add(ref readings, batch.Count);
        });
        cohort.Readings = readings;
        return cohort;
    }

    private static DuckRow RowOf(string patient)
    {
        var zone = s_zones[new Draws(patient, 1).Below(s_zones.Length)];
        return new DuckRow(patient, AsOf(zone), KnownBy, zone);
    }

    /// <summary>Midnight UTC of a day of the cohort.</summary>
    private static long Midnight(int day) => Night.PlusDays(day - Days).AtMidnight().InUtc().ToInstant().ToUnixMicros();

    private ObservationBatch Draw(CohortFile file)
    {
        var day = Period.DaysBetween(Night, file.Date) + Days;
        var midnight = Midnight(day);
        var last = day == Days ? HoursOfTheLastDay * 3600 : 24 * 3600;
        var drawn = new List<Drawn>();
        Span<int> keys = stackalloc int[MostReadings];
        foreach (var patient in _shards[file.Shard])
        {
            var person = new Draws(patient, 2);
            var readings = FewestReadings + person.Below(MostReadings - FewestReadings + 1);
            var draws = new Draws(patient, (ulong)(1000 + day));
            var first = draws.Below(s_vitals.Length);
            for (var i = 0; i < readings; i++)
            {
                keys[i] = (((first + i) % s_vitals.Length) << 17) | draws.Below(24 * 3600);
            }

            keys[..readings].Sort();
            for (var i = 0; i < readings; i++)
            {
                var (vital, second) = (keys[i] >> 17, keys[i] & 0x1FFFF);
                if (second < last && (i == 0 || keys[i] != keys[i - 1]))
                {
                    Add(drawn, patient, vital, midnight + (second * 1_000_000L), ref draws);
                }
            }
        }

        return ToBatch(drawn, file, day);
    }

    /// <summary>A reading, or the two versions of one that was corrected.</summary>
    private static void Add(List<Drawn> drawn, string patient, int vital, long time, ref Draws draws)
    {
        var (_, mean, between, within, decimals) = s_vitals[vital];
        var usual = mean + (between * new Draws(patient, (ulong)(10 + vital)).Normal());
        double Value(ref Draws d) => Math.Round(usual + (within * d.Normal()), decimals);
        var known = time + (draws.Below(60) * 1_000_000L) + (draws.Below(50) == 0 ? draws.Below(48 * 3600) * 1_000_000L : 2_000_000);
        if (draws.Below(100) > 0)
        {
            drawn.Add(new Drawn(patient, vital, time, Value(ref draws), known, UnixMicros.Open));
            return;
        }

        var corrected = known + ((1 + draws.Below(24 * 3600)) * 1_000_000L);
        drawn.Add(new Drawn(patient, vital, time, Value(ref draws), known, corrected));
        drawn.Add(new Drawn(patient, vital, time, Value(ref draws), corrected, UnixMicros.Open));
    }

    private static ObservationBatch ToBatch(List<Drawn> drawn, CohortFile file, int day)
    {
        var batch = new ObservationBatch(drawn.Count);
        var stream = string.Create(CultureInfo.InvariantCulture, $"bench/1/{file.Shard % 4}");
        var (device, of) = ("", "");
        for (var i = 0; i < drawn.Count; i++)
        {
            var row = drawn[i];
            (device, of) = of == row.Patient ? (device, of) : ($"hub-{row.Patient}", row.Patient);
            (batch.PatientId[i], batch.Vital[i], batch.EffectiveTime[i], batch.Value[i]) = (row.Patient, s_index[row.Vital], row.Time, row.Value);
            (batch.KnownFrom[i], batch.KnownTo[i]) = (row.KnownFrom, row.KnownTo);
            (batch.DeviceId[i], batch.Stream[i], batch.Offset[i], batch.Ordinal[i]) = (device, stream, (day * 1_000_000L) + i, 0);
        }

        return batch;
    }

    private static ReferenceData ReferenceOf(string[] ids)
    {
        var enrolled = UnixMicros.ToInstant(Midnight(0)) - Duration.FromDays(30);
        var patients = new List<Patient>(ids.Length);
        var outcomes = new List<Outcome>();
        foreach (var id in ids)
        {
            var person = new Draws(id, 3);
            patients.Add(new Patient
            {
                PatientId = id,
                CareTeamId = string.Create(CultureInfo.InvariantCulture, $"team-{new Draws(id, 4).Below(Math.Max(1, ids.Length / 250)):D4}"),
                Age = 45 + person.Below(50),
                Sex = person.Below(2) == 0 ? "female" : "male",
                Conditions = [.. s_conditions.Where((_, i) => (person.Bits >> i & 1) == 1)],
                TimeZone = s_zones[new Draws(id, 1).Below(s_zones.Length)],
                Known = enrolled,
            });
            if (person.Below(10) == 0)
            {
                var time = UnixMicros.ToInstant(Midnight(0)) + Duration.FromHours(person.Below(Days * 24));
                outcomes.Add(new Outcome { PatientId = id, Kind = "hospital-admission", Effective = time, Known = time + Duration.FromHours(12) });
            }
        }

        return new ReferenceData
        {
            Patients = patients,
            Teams =
            [
                .. patients.Select(p => p.CareTeamId).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)
                    .Select(t => new CareTeam { CareTeamId = t, Name = t, Capacity = 25, Known = enrolled }),
            ],
            Outcomes = outcomes,
            Census = [.. ids.Select(id => new CensusEvent { PatientId = id, Kind = CensusKind.Enrolled, Effective = enrolled, Known = enrolled })],
        };
    }

    private readonly record struct Drawn(string Patient, int Vital, long Time, double Value, long KnownFrom, long KnownTo);

    /// <summary>Random draws that hang on patient and purpose alone (Steele et al., SplitMix64, OOPSLA 2014).</summary>
    private struct Draws
    {
        private ulong _state;

        public Draws(string patient, ulong purpose)
        {
            _state = Seed ^ (purpose * 0x9E3779B97F4A7C15);
            foreach (var c in patient)
            {
                _state = (_state ^ c) * 0x100000001B3;
            }

            Bits = Next();
        }

        /// <summary>Bits of the draw's own.</summary>
        public ulong Bits { get; }

        public int Below(int bound) => (int)(((Next() >> 32) * (ulong)bound) >> 32);

        /// <summary>Normal enough: the sum of four uniform draws, of mean 0 and spread 1.</summary>
        public double Normal()
        {
            var bits = Next();
            var sum = (bits & 0xFFFF) + (bits >> 16 & 0xFFFF) + (bits >> 32 & 0xFFFF) + (bits >> 48);
            return ((sum / 65536.0) - 2) * 1.7320508;
        }

        private ulong Next()
        {
            _state += 0x9E3779B97F4A7C15;
            var z = (_state ^ (_state >> 30)) * 0xBF58476D1CE4E5B9;
            z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
            return z ^ (z >> 31);
        }
    }
}
