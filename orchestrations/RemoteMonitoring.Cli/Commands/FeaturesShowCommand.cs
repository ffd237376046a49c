using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Features.Vectors;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon features show PATIENT</c>: one vector, and the readings and reference data behind each of its values.</summary>
internal static class FeaturesShowCommand
{
    private const int ReadingsShown = 8;

    public static Command Create()
    {
        var patient = new Argument<string>("patient") { Description = "Identity of the patient" };
        var asOf = FeaturesCommand.InstantOption("--as-of", "Instant that the vector speaks for. Default: the last reading that has landed");
        var knownBy = FeaturesCommand.InstantOption("--known-by", "Nothing known later is used. Default: as-of");
        var set = FeaturesCommand.SetOption("Default: home");
        var columns = new Option<string[]>("--column") { Description = "Only these columns, each with every reading behind it", HelpName = "NAME", AllowMultipleArgumentsPerToken = true };
        var command = new Command("show", "The vector of one patient, with the readings behind each value: when taken, by which device, when known, in which windows")
        {
            patient, asOf, knownBy, set, columns,
        };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var features = FeaturesCommand.SetOf(parsed.GetValue(set) ?? FeatureSet.Home.Name);
            string[] named = [.. (parsed.GetValue(columns) ?? []).SelectMany(c => c.Split(',', StringSplitOptions.RemoveEmptyEntries)).Select(c => FeaturesExplainCommand.Find([features], c)[0].Column.Name)];
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var manifest = await TrainCommand.CompactedAsync(store, token);
            var instant = ScoreCommand.InsideData(ScoreCommand.AsOf(parsed.GetValue(asOf)), manifest)?.ToUnixMicros() ?? manifest.Inputs.Watermark;
            var id = parsed.GetRequiredValue(patient);
            var key = new VectorKey(id, instant, ScoreCommand.AsOf(parsed.GetValue(knownBy))?.ToUnixMicros() ?? instant);
            var vector = await ShownVector.BuildAsync(store, manifest, features, key, token) ?? throw Unknown(store, id);
            Show(terminal, vector, named);
            terminal.Document(Json(vector, named));
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>Refuses a patient whom neither roster nor readings know.</summary>
    public static async Task MustBeKnownAsync(CohortStore store, ObservationsManifest manifest, string patient, CancellationToken cancellationToken)
    {
        var reference = await store.Reference.LoadAsync(manifest.Inputs.Reference, cancellationToken);
        if (reference.Patients.All(p => p.PatientId != patient) && !await PatientReadings.AnyAsync(store.Lake, manifest, patient, cancellationToken))
        {
            throw Unknown(store, patient);
        }
    }

    private static UserException Unknown(CohortStore store, string patient) =>
        new($"There is no patient '{patient}' in {store.Cohort}: neither the roster nor a reading names one. Ids are taken letter by letter.");

    private static void Show(Terminal terminal, ShownVector vector, string[] named)
    {
        var zone = vector.Zone;
        terminal.Heading($"{vector.Key.PatientId} as of {Both(vector.Key.AsOf, zone)}, known by {(vector.Key.KnownBy == vector.Key.AsOf ? "then" : UnixMicros.Format(vector.Key.KnownBy))}");
        terminal.Line($"set {vector.Set.Name}/{vector.Set.Definition.Version} ({vector.Set.Hash}); local times are of {zone.Id}");
        if (vector.Key.KnownBy > vector.Key.AsOf)
        {
            terminal.Line("RETROSPECTIVE: known-by is later than as-of, so values may use what nobody knew then.");
        }

        if (vector.Roster is null)
        {
            terminal.Line("The roster does not name this patient by then, so nothing of it is known.");
        }

        if (named.Length > 0)
        {
            foreach (var feature in vector.Features.Where(f => named.Contains(f.Column.Name)))
            {
                ShowOne(terminal, vector, feature);
            }

            return;
        }

        foreach (var group in vector.Features.Where(f => f.Column.VitalKey is not null).GroupBy(f => f.Column.VitalKey!))
        {
            ShowVital(terminal, vector, VitalSignCatalog.Default[group.Key], [.. group]);
        }

        terminal.Heading("Scores and reference data");
        ShownFeature[] others = [.. vector.Features.Where(f => f.Column.VitalKey is null)];
        terminal.Table(["column", "value", "unit", "from"], others.Select(f => new[] { f.Column.Name, Value(f), FeaturesCommand.Unit(f.Column), f.Working }), 1);
        terminal.Line("one column with every reading behind it: --column NAME; all of it as data: --json");
    }

    private static void ShowVital(Terminal terminal, ShownVector vector, VitalSign vital, ShownFeature[] features)
    {
        PatientReading[] readings = [.. vector.Readings.Where(r => r.Vital.Key == vital.Key)];
        var used = readings.Count(r => r.At(vector.Key.KnownBy) == ReadingStatus.Used);
        terminal.Heading($"{vital.Label} ({vital.Unit}): {used} readings in the last {vector.Set.Definition.LookBack}{(used < readings.Length ? $", and {readings.Length - used} that did not count" : "")}");
        if (readings.Length == 0)
        {
            var counts = features.Count(f => !double.IsNaN(f.Value));
            terminal.Line($"  {features.Length - counts} columns unknown{(counts > 0 ? $", {counts} counts of 0" : "")}");
            return;
        }

        terminal.Table(
            ["column", "value", "unit", "window", "readings"],
            features.Select(f => new[]
            {
                f.Column.Name, Value(f), FeaturesCommand.Unit(f.Column), FeaturesCommand.Window(f.Column),
                f.Explanation.Baseline is null ? $"{f.Readings.Count}" : $"{f.Readings.Count} against {f.Baseline.Count} before",
            }),
            1);
        ShowReadings(terminal, vector, readings.Length > ReadingsShown ? readings[^ReadingsShown..] : readings, features);
        if (readings.Length > ReadingsShown)
        {
            terminal.Line($"  … and {readings.Length - ReadingsShown} before: --column {features[0].Column.Name}, or --json");
        }
    }

    private static void ShowOne(Terminal terminal, ShownVector vector, ShownFeature feature)
    {
        var explanation = feature.Explanation;
        terminal.Heading($"{feature.Column.Name} = {Value(feature)}{(double.IsNaN(feature.Value) ? "" : " " + FeaturesCommand.Unit(feature.Column))}");
        terminal.Line($"  {feature.Column.Meaning}: {explanation.Formula}");
        if (explanation.Window is { } window)
        {
            var asOf = UnixMicros.ToInstant(vector.Key.AsOf);
            terminal.Line($"  window {window} = {window.At(asOf)}{(feature.Column.Part is null ? "" : "; " + explanation.Part)}");
            if (explanation.Baseline is { } baseline)
            {
                terminal.Line($"  baseline {baseline} = {baseline.At(asOf)}");
            }
        }

        terminal.Line($"  from: {feature.Working}");
        if (feature.Column.From == "reference")
        {
            return;
        }

        // Those that count, and those that would have, had they been known then: what was left out is half of the answer.
        var vitals = feature.Column.VitalKey is { } vital ? [vital] : ScoreColumn.Inputs;
        var counted = feature.Readings.Concat(feature.Baseline).ToHashSet(ReferenceEqualityComparer.Instance);
        ShowReadings(
            terminal, vector,
            [.. vector.Readings.Where(r => counted.Contains(r) || (vitals.Contains(r.Vital.Key) && r.At(vector.Key.KnownBy) != ReadingStatus.Used && (explanation.Window?.Has(r.Time, vector.Key.AsOf) ?? true)))],
            [feature], feature.Column.VitalKey is null);
    }

    private static void ShowReadings(Terminal terminal, ShownVector vector, PatientReading[] readings, IReadOnlyList<ShownFeature> features, bool namesVital = false)
    {
        if (readings.Length == 0)
        {
            return;
        }

        terminal.Table(
            ["taken (local)", "taken (UTC)", "value", "device", "known (UTC)", "in", ""],
            readings.Select(r => new[]
            {
                Local(r.Time, vector.Zone), UnixMicros.Format(r.Time), (namesVital ? r.Vital.Label + " " : "") + FeaturesCommand.Number(r.Value), r.DeviceId, UnixMicros.Format(r.KnownFrom),
                string.Join(" ", WindowsOf(vector, r, features)), Said(r, vector.Key.KnownBy),
            }),
            2);
    }

    /// <summary>The windows that a reading counts in, shortest first, those of a part of the day named as such.</summary>
    private static IEnumerable<string> WindowsOf(ShownVector vector, PatientReading reading, IReadOnlyList<ShownFeature> features) => features
        .Where(f => vector.Counts(f.Explanation, reading))
        .OrderBy(f => f.Column.Part is not null).ThenBy(f => f.Column.Window)
        .Select(f => (f.Column.Part is null ? "" : f.Column.Part + " ") + FeaturesCommand.Window(f.Column))
        .Distinct()
        .Concat(features.Any(f => f.Baseline.Contains(reading)) && features.Count == 1 ? ["baseline"] : []);

    private static string Said(PatientReading reading, long knownBy) => string.Join(", ", ((string?[])
    [
        reading.At(knownBy) switch
        {
            ReadingStatus.KnownLater => "not used: known later",
            ReadingStatus.Corrected => $"not used: corrected to {FeaturesCommand.Number(reading.CorrectedTo!.Value)} on {UnixMicros.Format(reading.KnownTo)}",
            ReadingStatus.TakenBack => $"not used: taken back or given to another on {UnixMicros.Format(reading.KnownTo)}",
            _ => null,
        },
        reading.Corrects is { } before ? $"corrects {FeaturesCommand.Number(before)}" : null,
        reading.IsLate ? $"late by {Delay(reading.KnownFrom - reading.Time)}" : null,
        reading.At(knownBy) == ReadingStatus.Used && reading.KnownTo != UnixMicros.Open
            ? $"since {UnixMicros.Format(reading.KnownTo)} {(reading.CorrectedTo is { } after ? $"corrected to {FeaturesCommand.Number(after)}" : "taken back or given to another")}"
            : null,
    ]).OfType<string>());

    private static string Delay(long micros) => micros >= 2 * UnixMicros.PerDay
        ? string.Create(CultureInfo.InvariantCulture, $"{micros / (double)UnixMicros.PerDay:0.#} d")
        : string.Create(CultureInfo.InvariantCulture, $"{micros / (double)UnixMicros.PerHour:0.#} h");

    private static string Value(ShownFeature feature) => double.IsNaN(feature.Value) ? "unknown" : FeaturesCommand.Number(feature.Value);

    private static string Local(long micros, DateTimeZone zone) => UnixMicros.ToInstant(micros).InZone(zone).ToString("ddd d MMM uuuu HH:mm:ss", CultureInfo.InvariantCulture);

    private static string Both(long micros, DateTimeZone zone) => $"{UnixMicros.Format(micros)} ({Local(micros, zone)})";

    private static JsonObject Json(ShownVector vector, string[] named)
    {
        ShownFeature[] features = [.. vector.Features.Where(f => named.Length == 0 || named.Contains(f.Column.Name))];
        var vitals = features.SelectMany(f => f.Column.VitalKey is { } vital ? [vital] : f.Column.Statistic == "score" ? ScoreColumn.Inputs : []).ToHashSet(StringComparer.Ordinal);
        PatientReading[] readings = [.. vector.Readings.Where(r => vitals.Contains(r.Vital.Key))];
        var place = readings.Select((r, i) => (r, i)).ToDictionary(p => (object)p.r, p => p.i, ReferenceEqualityComparer.Instance);
        JsonArray Places(IReadOnlyList<PatientReading> some) => new([.. some.Select(r => (JsonNode)place[r])]);
        return new JsonObject
        {
            ["patient_id"] = vector.Key.PatientId,
            ["as_of"] = UnixMicros.Format(vector.Key.AsOf),
            ["known_by"] = UnixMicros.Format(vector.Key.KnownBy),
            ["retrospective"] = vector.Key.KnownBy > vector.Key.AsOf,
            ["time_zone"] = vector.Zone.Id,
            ["feature_set"] = vector.Set.Name,
            ["feature_set_hash"] = vector.Set.Hash,
            ["readings"] = new JsonArray([.. readings.Select(r => ReadingJson(r, vector))]),
            ["features"] = new JsonArray([.. features.Select(f =>
            {
                var json = FeaturesCommand.ColumnJson(f.Column);
                json["value"] = double.IsNaN(f.Value) ? null : f.Value;
                json["readings"] = Places(f.Readings);
                json["baseline_readings"] = Places(f.Baseline);
                json["working"] = f.Working;
                return json;
            })]),
        };
    }

    private static JsonObject ReadingJson(PatientReading reading, ShownVector vector) => new()
    {
        ["vital"] = reading.Vital.Key,
        ["time"] = UnixMicros.Format(reading.Time),
        ["local_time"] = Local(reading.Time, vector.Zone),
        ["value"] = reading.Value,
        ["unit"] = reading.Vital.Unit,
        ["device_id"] = reading.DeviceId,
        ["stream"] = reading.Origin.Stream,
        ["offset"] = reading.Origin.Offset,
        ["known_from"] = UnixMicros.Format(reading.KnownFrom),
        ["known_to"] = reading.KnownTo == UnixMicros.Open ? null : UnixMicros.Format(reading.KnownTo),
        ["status"] = reading.At(vector.Key.KnownBy) switch
        {
            ReadingStatus.Used => "used",
            ReadingStatus.KnownLater => "known-later",
            ReadingStatus.Corrected => "corrected",
            ReadingStatus.TakenBack => "taken-back",
            _ => throw new System.Diagnostics.UnreachableException(),
        },
        ["late"] = reading.IsLate,
        ["corrects"] = reading.Corrects,
        ["corrected_to"] = reading.CorrectedTo,
    };
}
