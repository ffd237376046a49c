using System.Globalization;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Cohorts;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.EndToEnd.Tests.SecondEngine;

/// <summary>
/// A simulated feed made worse: messages held back for days, corrected days later, devices stated late to have been somebody
/// else's, outcomes taken back, people in zones whose days change length; and some who are read every hour, on oxygen and on
/// scale 2, so that scores have something to say.
/// </summary>
internal static class DisturbedFeed
{
    private const int Pieces = 3;

    private static readonly string[] s_zones = ["Europe/London", "America/New_York", "Australia/Lord_Howe", "America/Havana", "Asia/Kolkata"];

    private static readonly (string Vital, double Low, double High, double Share)[] s_hourly =
    [
        ("respiratory_rate", 7, 27, 0.5), ("spo2", 82, 100, 0.6), ("sao2", 82, 100, 0.3), ("systolic_bp", 85, 225, 0.3), ("noninvasive_systolic_bp", 85, 225, 0.3),
        ("invasive_systolic_bp", 85, 225, 0.3), ("heart_rate", 38, 135, 0.6), ("temperature", 34.8, 39.4, 0.4), ("acvpu", 0, 4, 0.1), ("gcs", 12, 15, 0.2),
        ("oxygen_flow", 0, 2, 0.15), ("fio2", 21, 24, 0.15),
    ];

    /// <summary>Lands it in pieces, messages and assignments in random order, and settles and rolls up after each.</summary>
    public static async Task<(ObservationsManifest Manifest, ReferenceData Reference)> LandAsync(CohortStore store, string folder, LocalDate start, int patients, int days, int seed, FeatureSet set)
    {
        var cohort = HomeSimulator.Run(new SimulationOptions { Patients = patients, Days = days, Start = start, Seed = (ulong)seed });
        var random = new Random(seed);
        var reference = Disturb(cohort.Reference, random);
        var begin = start.AtMidnight().InUtc().ToInstant();
        var messages = cohort.Messages.SelectMany(m => Disturb(m, random)).Concat(Hourly(reference, begin, days, random)).OrderBy(m => m.EnqueuedTime).ToArray();
        var pieceOf = Array.ConvertAll(messages, _ => random.Next(Pieces));
        ObservationsManifest manifest = null!;
        for (var piece = 0; piece < Pieces; piece++)
        {
            var path = Path.Combine(folder, piece.ToString(CultureInfo.InvariantCulture));
            var header = cohort.Header with { Cohort = string.Create(CultureInfo.InvariantCulture, $"{cohort.Header.Cohort}-{piece}") };
            var stated = (piece == 0 ? reference : new ReferenceData()) with { Assignments = [.. reference.Assignments.Where((_, i) => i % Pieces == piece)] };
            FeedWriter.Write(path, header, messages.Where((_, i) => pieceOf[i] == piece), stated);
            await FeedIngestion.RunAsync(store, FeedFolder.Open(path, store.Cohort, false), TimeProvider.System, null, CancellationToken.None);
            (manifest, _) = await CompactionStage.RunAsync(store, new CompactionOptions { RollupsFor = [set.Name], ReadingsPerCell = 0 }, CancellationToken.None);
        }

        return (manifest, await store.Reference.LoadAsync(manifest.Inputs.Reference, CancellationToken.None));
    }

    private static IEnumerable<DeviceMessage> Disturb(DeviceMessage message, Random random)
    {
        yield return random.NextDouble() < 0.05 ? message with { EnqueuedTime = message.EnqueuedTime + Duration.FromMinutes(random.Next(1, 6 * 24 * 60)) } : message;
        if (random.NextDouble() < 0.05 && Corrected(message.Body, random) is { } body)
        {
            yield return message with { Body = body, MessageId = message.MessageId is { } id ? id + "-corrected" : null, EnqueuedTime = message.EnqueuedTime + Duration.FromMinutes(random.Next(1, 4 * 24 * 60)) };
        }
    }

    /// <summary>The same message with every value a little higher; null where it is none.</summary>
    private static byte[]? Corrected(ReadOnlyMemory<byte> body, Random random)
    {
        JsonNode? document;
        try
        {
            document = JsonNode.Parse(body.Span);
        }
        catch (JsonException)
        {
            return null;
        }

        foreach (var reading in document?["readings"]?.AsArray() ?? [])
        {
            if (reading?["value"] is JsonValue value && value.TryGetValue(out double number))
            {
                reading["value"] = Math.Round(number * (1 + (0.02 * random.NextDouble())), 1);
            }
        }

        return Encoding.UTF8.GetBytes(document!.ToJsonString());
    }

    private static ReferenceData Disturb(ReferenceData reference, Random random)
    {
        // The same patient says the same thing at every statement.
        Patient Moved(Patient patient)
        {
            var n = patient.PatientId.Sum(c => c);
            return patient with
            {
                TimeZone = s_zones[n % s_zones.Length],
                Attributes = n % 3 == 0 ? new Dictionary<string, double>(patient.Attributes) { ["spo2_scale_2"] = 1 } : patient.Attributes,
            };
        }

        var patients = reference.Patients.Select(Moved).ToArray();
        var handedOver = reference.Assignments.Where(_ => random.NextDouble() < 0.1)
            .Select(a => a with { From = a.From + Duration.FromDays(10), PatientId = patients[random.Next(patients.Length)].PatientId, Known = a.From + Duration.FromDays(20) });
        var outcomes = reference.Outcomes.Concat(patients.SelectMany(p => Outcomes(p, random))).ToArray();
        var takenBack = outcomes.Where(_ => random.NextDouble() < 0.3).Select(o => o with { TakenBack = true, Known = o.Known + Duration.FromDays(3) });
        var statedAnew = patients.Where(_ => random.NextDouble() < 0.2).Select(p => p with { Age = p.Age + 1, Conditions = ["copd"], Known = p.Known + Duration.FromDays(15) });
        return reference with
        {
            Patients = [.. patients.Concat(statedAnew).OrderBy(p => p.Known)],
            Assignments = [.. reference.Assignments.Concat(handedOver).Concat(patients.Select(HourlyDevice)).OrderBy(a => a.Known)],
            Outcomes = [.. outcomes.Concat(takenBack).OrderBy(o => o.Known)],
        };
    }

    /// <summary>Two of each kind, some weeks apart and heard of days later.</summary>
    private static IEnumerable<Outcome> Outcomes(Patient patient, Random random) =>
        from kind in (string[])["hospital-admission", "clinical-alert"]
        from _ in Enumerable.Range(0, 2)
        let effective = patient.Known + Duration.FromHours(random.Next(45 * 24))
        select new Outcome { PatientId = patient.PatientId, Kind = kind, Detail = kind == "clinical-alert" && random.Next(2) == 0 ? "agitation" : null, Effective = effective, Known = effective + Duration.FromHours(random.Next(100)) };

    private static DeviceAssignment HourlyDevice(Patient patient) => new() { DeviceId = $"ward-{patient.PatientId}", PatientId = patient.PatientId, From = Instant.FromUtc(2020, 1, 1, 0, 0), Known = patient.Known };

    /// <summary>Some patients are read on the hour for three days: several vitals at one instant, and instants at midnight.</summary>
    private static IEnumerable<DeviceMessage> Hourly(ReferenceData reference, Instant begin, int days, Random random)
    {
        foreach (var patient in reference.Patients.DistinctBy(p => p.PatientId))
        {
            var first = random.Next(days - 3);
            for (var hour = 0; hour < 72; hour++)
            {
                var time = begin + Duration.FromDays(first) + Duration.FromHours(hour);
                var readings = s_hourly.Where(v => random.NextDouble() < v.Share / 2).Select(v => Reading(v.Vital, v.Low, v.High, random)).ToArray();
                if (readings.Length > 0)
                {
                    yield return new DeviceMessage
                    {
                        DeviceId = HourlyDevice(patient).DeviceId,
                        EnqueuedTime = time + Duration.FromMinutes(random.Next(0, 600)),
                        MessageId = string.Create(CultureInfo.InvariantCulture, $"hour-{hour}"),
                        Body = Encoding.UTF8.GetBytes($$"""{"time":"{{time}}","readings":[{{string.Join(',', readings)}}]}"""),
                    };
                }
            }
        }
    }

    private static string Reading(string key, double low, double high, Random random)
    {
        var vital = VitalSignCatalog.Default[key];
        var value = low + (random.NextDouble() * (high - low));
        return string.Create(CultureInfo.InvariantCulture, $$"""{"code":"{{vital.Code}}","value":{{Math.Round(value, key == "temperature" ? 1 : 0)}},"unit":"{{vital.Unit}}"}""");
    }
}
