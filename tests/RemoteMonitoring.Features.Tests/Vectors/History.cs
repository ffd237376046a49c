using CsCheck;
using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Tests.Resolution;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Features.Tests.Vectors;

/// <summary>One version of an observation.</summary>
internal sealed record Version(string Patient, string Vital, long Time, double Value, long KnownFrom, long KnownTo = UnixMicros.Open);

/// <summary>Observations and reference events made up at random around <see cref="AsOf"/>, many of them on the edges of windows.</summary>
internal sealed record History(IReadOnlyList<Version> Versions, ReferenceData Reference)
{
    /// <summary>Midnight (UTC) of 29 October 2024: in the 28 days before it clocks changed in London (an hour) and on Lord Howe (half an hour).</summary>
    public const long AsOf = 20_025 * UnixMicros.PerDay;

    private static readonly string[] s_vitals =
    [
        "heart_rate", "spo2", "sao2", "respiratory_rate", "systolic_bp", "noninvasive_systolic_bp", "invasive_systolic_bp", "temperature", "weight",
        "breathlessness", "activity_kitchen", "gcs", "acvpu", "fio2", "oxygen_flow", "lactate", "height",
    ];

    private static readonly Gen<string> s_patient = Gen.OneOf("p1", "p2");

    /// <summary>Hours before as-of at which some window of some set begins, or at which it is as-of itself, or to come.</summary>
    private static readonly Gen<long> s_time = Gen.Select(
        Gen.OneOf(
            Gen.Select(Gen.OneOf(0, 6, 12, 24, 48, 72, 168, 672), Gen.Long[-1, 1], (hours, off) => (hours * -UnixMicros.PerHour) + off),
            Gen.Long[-30 * UnixMicros.PerDay, UnixMicros.PerDay],
            Gen.Long[-2 * UnixMicros.PerDay, UnixMicros.PerHour]),
        offset => AsOf + offset);

    private static readonly Gen<Version> s_version = Gen.Select(
        s_patient, Gen.Int[0, s_vitals.Length - 1], s_time, Gen.Double[0, 1], Gen.OneOf(Gen.Const(0L), Gen.Long[0, 3 * UnixMicros.PerDay]), Gen.Long[0, 2 * UnixMicros.PerDay].Nullable(),
        (patient, vital, time, share, delay, held) => new Version(patient, s_vitals[vital], time, ValueOf(s_vitals[vital], share), time + delay, held is { } h ? time + delay + h : UnixMicros.Open));

    private static readonly Gen<string> s_zone = Gen.OneOf("Etc/UTC", "Europe/London", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "Pacific/Kiritimati", "UTC+05:00", "UTC+00:00");

    private static readonly Gen<Patient> s_roster = Gen.Select(
        s_patient, s_time, s_zone, Gen.Double[18, 95].Nullable(), Gen.OneOf("female", "male", "other", "unknown"), Gen.OneOf("copd", "diabetes", "asthma").Array[0, 2], Gen.Bool,
        (patient, known, zone, age, sex, conditions, scale2) => new Patient
        {
            PatientId = patient,
            CareTeamId = "t",
            TimeZone = zone,
            Age = age,
            Sex = sex,
            Conditions = conditions,
            Attributes = scale2 ? new Dictionary<string, double> { ["spo2_scale_2"] = 1, ["icu_type"] = 2, ["medical_icu"] = 1 } : new Dictionary<string, double>(),
            Known = Assigned.At(known),
        });

    private static readonly Gen<Outcome> s_outcome = Gen.Select(s_patient, Gen.OneOf("hospital-admission", "clinical-alert", "clinical-alert:agitation", "fall"), s_time, Delay, (patient, kind, time, known) =>
        new Outcome { PatientId = patient, Kind = kind.Split(':')[0], Detail = kind.Split(':').ElementAtOrDefault(1), Effective = Assigned.At(time), Known = Assigned.At(time) + known });

    private static readonly Gen<CensusEvent> s_census = Gen.Select(s_patient, Gen.Enum<CensusKind>(), s_time, Delay, (patient, kind, time, known) =>
        new CensusEvent { PatientId = patient, Kind = kind, Effective = Assigned.At(time), Known = Assigned.At(time) + known });

    public static Gen<History> Any { get; } = Gen.Select(s_version.Array[0, 80], s_roster.Array[0, 4], s_outcome.Array[0, 6], s_census.Array[0, 6],
        (versions, roster, outcomes, census) => new History(
            [.. versions.OrderBy(v => v.Time)],
            new ReferenceData { Patients = [.. roster.OrderBy(p => p.Known)], Outcomes = outcomes, Census = census }));

    public static Gen<VectorKey> Key { get; } = Gen.Select(
        Gen.OneOf("p1", "p2", "nobody"), Gen.OneOf(Gen.Const(0L), Gen.Long[-3, 3], Gen.Long[-5 * UnixMicros.PerDay, UnixMicros.PerHour]), Gen.OneOf(Gen.Const(0L), Gen.Long[-1, 1], Gen.Long[-UnixMicros.PerDay, 2 * UnixMicros.PerDay]),
        (patient, asOf, known) => new VectorKey(patient, AsOf + asOf, AsOf + asOf + known));

    private static Gen<Duration> Delay => Gen.OneOf(Gen.Const(0L), Gen.Long[0, 3 * UnixMicros.PerDay]).Select(micros => Duration.FromTicks(micros * 10));

    /// <summary>What the history held at an instant of knowing, and of that only what had happened by as-of.</summary>
    public History Before(long asOf, long knownBy) => new(
        [.. Versions.Where(v => v.Time <= asOf && v.KnownFrom <= knownBy).Select(v => v.KnownTo > knownBy ? v with { KnownTo = UnixMicros.Open } : v)],
        new ReferenceData
        {
            Patients = [.. Reference.Patients.Where(p => p.Known <= Assigned.At(knownBy))],
            Outcomes = [.. Reference.Outcomes.Where(o => o.Effective <= Assigned.At(asOf) && o.Known <= Assigned.At(knownBy))],
            Census = [.. Reference.Census.Where(c => c.Effective <= Assigned.At(asOf) && c.Known <= Assigned.At(knownBy))],
        });

    public FeatureTable Build(FeatureSet set, params IReadOnlyList<VectorKey> rows) =>
        new VectorBuilder(set, Observations(), PatientRecord.Index(Reference)).Build(rows);

    /// <summary>All versions as one table.</summary>
    public PatientObservations Observations() => new([ToColumns(Versions)]);

    /// <summary>Cut into a table a day, as compaction writes them.</summary>
    public PatientObservations ObservationsByDay() => new([.. Days().Select(d => d.Value)]);

    /// <summary>A table for each UTC day that has any.</summary>
    public SortedDictionary<int, ObservationColumns> Days() => new(Versions.GroupBy(v => (int)(v.Time / UnixMicros.PerDay)).ToDictionary(g => g.Key, ToColumns));

    /// <summary>The rollups of all dates of a look-back, by the zones that the roster names last.</summary>
    public PatientRollups Rollups(FeatureSet set)
    {
        var days = Days();
        DateTimeZone ZoneOf(string patient) => DateTimeZoneProviders.Tzdb[Reference.Patients.LastOrDefault(p => p.PatientId == patient)?.TimeZone ?? "Etc/UTC"];
        var tables = new List<RollupColumns>();
        foreach (var kind in set.Cells)
        {
            for (var date = (int)(AsOf / UnixMicros.PerDay) - 36; date <= (AsOf / UnixMicros.PerDay) + 2; date++)
            {
                var table = RollupMaker.Make(
                    kind, date, set.RolledUp(kind), [.. days.Where(d => d.Key >= date - 1 && d.Key <= date + 1).Select(d => d.Value)], ZoneOf);
                if (table.Count > 0)
                {
                    tables.Add(table);
                }
            }
        }

        return new PatientRollups(tables, ZoneOf);
    }

    private static ObservationColumns ToColumns(IEnumerable<Version> versions) => ObservationColumns.Of(ToBatch(versions));

    private static ObservationBatch ToBatch(IEnumerable<Version> versions)
    {
        Version[] sorted = [.. versions.OrderBy(v => v.Patient, StringComparer.Ordinal).ThenBy(v => VitalSignCatalog.Default[v.Vital].Index).ThenBy(v => v.Time)];
        var batch = new ObservationBatch(sorted.Length);
        for (var i = 0; i < sorted.Length; i++)
        {
            var version = sorted[i];
            batch.PatientId[i] = version.Patient;
            batch.Vital[i] = VitalSignCatalog.Default[version.Vital].Index;
            batch.EffectiveTime[i] = version.Time;
            batch.Value[i] = version.Value;
            batch.KnownFrom[i] = version.KnownFrom;
            batch.KnownTo[i] = version.KnownTo;
        }

        return batch;
    }

    /// <summary>Plausible, to a tenth; scores and the like whole, and flows and fractions often those of room air.</summary>
    private static double ValueOf(string key, double share)
    {
        var vital = VitalSignCatalog.Default[key];
        var value = vital.Low + (share * (vital.High - vital.Low));
        return key switch
        {
            "gcs" or "acvpu" or "breathlessness" or "activity_kitchen" => Math.Round(value),
            "oxygen_flow" or "fio2" when share < 0.5 => vital.Low,
            _ => Math.Round(value, 1),
        };
    }
}
