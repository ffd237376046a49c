using System.Text.Json;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>What the form of a task cannot say about its values; each breach is one line: the field, what is wrong, what is allowed.</summary>
internal static partial class TaskRules
{
    private const int MostHours = 24 * 366;
    private const int MostDays = 366;
    private const int MostWindows = 200;
    private const int MostYears = 130;
    private const int MostReadings = 1000;

    /// <summary>What the reader lets pass, for a task has it, though it is worked out and never read.</summary>
    private static readonly string[] s_workedOut = ["hash", "evaluationHash"];

    /// <summary>A document of another version may have other fields: its version is looked at before they are.</summary>
    internal static void CheckVersion(ReadOnlySpan<byte> json)
    {
        var reader = new Utf8JsonReader(json, new JsonReaderOptions { CommentHandling = JsonCommentHandling.Skip });
        while (reader.Read())
        {
            if (reader.TokenType != JsonTokenType.PropertyName || reader.CurrentDepth != 1)
            {
                continue;
            }

            var name = reader.GetString()!;
            Check(!s_workedOut.Contains(name), $"{name}: is worked out, and does not stand in a task's file");
            if (name == "schemaVersion"
                && reader.Read() && reader.TokenType == JsonTokenType.Number && reader.TryGetInt32(out var version))
            {
                Check(version == TaskDefinition.CurrentSchema, version > TaskDefinition.CurrentSchema
                    ? $"schemaVersion {version}: it is of a newer form; this version reads {TaskDefinition.CurrentSchema}, so take a newer one"
                    : $"schemaVersion {version}: this version reads {TaskDefinition.CurrentSchema}");
            }
        }
    }

    internal static void Check(TaskDefinition task)
    {
        CheckName("name", task.Name);
        Check(task.InWords is null || (task.InWords.Trim().Length is > 0 and <= 200 && !task.InWords.Any(char.IsControl)), "inWords: one line of 1 to 200 characters, or none");
        Check(task.Title.Trim().Length is > 0 and <= 200 && !task.Title.Any(char.IsControl), "title: one line of 1 to 200 characters");
        CheckPopulation(task.Population);
        CheckOutcomes(task);
        CheckTimes(task);
        Check(
            FeatureSet.All.Any(s => s.Name == task.FeatureSet),
            $"featureSet '{task.FeatureSet}': there are {string.Join(" and ", FeatureSet.All.Select(s => $"'{s.Name}'"))}");
        var told = task.KindsTold(FeatureSet.Named(task.FeatureSet));
        Check(
            told.Count == 0,
            $"featureSet '{task.FeatureSet}': it has the history of '{string.Join("', '", told)}' up to as-of, which is the label where the horizon ends at as-of; take a set without it");
        CheckMinimum(task);
        CheckEvaluation(task);
    }

    private static void CheckMinimum(TaskDefinition task)
    {
        if (task.MinimumReadings is { } minimum)
        {
            Check(minimum.Readings is > 0 and <= MostReadings, $"minimumReadings.readings {minimum.Readings}: 1 to {MostReadings}");
            var untold = Untold(minimum, FeatureSet.Named(task.FeatureSet));
            Check(untold is null, untold!);
        }
    }

    /// <summary>Why a feature set cannot tell whether a patient has so many readings; null where it can.</summary>
    internal static string? Untold(MinimumReadings minimum, FeatureSet set)
    {
        var (vitals, lookBack) = (set.Columns.Select(c => c.VitalKey).OfType<string>().Distinct().Count(), Duration.FromTicks(set.LookBack * 10));
        // Readings are counted by the cell: of part of one nobody can tell how many there were.
        var cell = set.Rollup == CellKind.Day ? Duration.FromDays(1) : Duration.FromHours(1);
        return (minimum.Vitals ?? 1) <= 0 || (minimum.Vitals ?? 1) > vitals ? $"minimumReadings.vitals {minimum.Vitals}: 1 to {vitals}, the vitals of '{set.Name}'"
            : minimum.Within <= Duration.Zero || minimum.Within > lookBack ? $"minimumReadings.within {WholeHours.Text(minimum.Within)}: above 0h, and no longer than '{set.Name}' looks back, {WholeHours.Text(lookBack)}"
            : minimum.Within.BclCompatibleTicks % cell.BclCompatibleTicks != 0 ? $"minimumReadings.within {WholeHours.Text(minimum.Within)}: a multiple of {WholeHours.Text(cell)}, for '{set.Name}' puts readings together by the {(set.Rollup == CellKind.Day ? "day" : "hour")}"
            : null;
    }

    private static void CheckPopulation(Population population)
    {
        Check(population.MinimumAge is null or (>= 0 and <= MostYears), $"population.minimumAge {population.MinimumAge}: years, 0 to {MostYears}");
        CheckNames("population.conditions", population.Conditions);
        CheckNames("population.withoutConditions", population.WithoutConditions);
        Check(
            population.Conditions.Intersect(population.WithoutConditions).FirstOrDefault() is not { } both,
            $"population.withoutConditions: '{population.Conditions.Intersect(population.WithoutConditions).FirstOrDefault()}' is asked for too");
    }

    private static void CheckOutcomes(TaskDefinition task)
    {
        Check(task.OutcomeKinds.Count > 0, "outcomeKinds: one kind at least, for instance 'hospital-admission'");
        CheckNames("outcomeKinds", task.OutcomeKinds);
        CheckNames("outcomeDetails", task.OutcomeDetails);
        CheckNames("observedBy", task.ObservedBy);
        foreach (var (field, kinds) in ((string, IReadOnlyList<string>)[])[("outcomeKinds", task.OutcomeKinds), ("observedBy", task.ObservedBy)])
        {
            Check(
                !kinds.Any(StaffActions.Kinds.Contains),
                $"{field}: '{kinds.FirstOrDefault(StaffActions.Kinds.Contains)}' is a thing staff did, and that is no outcome: name what happened to the patient");
        }
    }

    private static void CheckTimes(TaskDefinition task)
    {
        var (unit, count) = task.Horizon;
        switch (unit)
        {
            case HorizonUnit.Hours:
                Check(count is > 0 and <= MostHours, $"horizon.count {count}: hours, 1 to {MostHours}");
                break;
            case HorizonUnit.LocalDays:
                Check(count is > 0 and <= MostDays, $"horizon.count {count}: local days, 1 to {MostDays}");
                break;
            default:
                Check(count == 0, $"horizon.count {count}: only hours and local-days are counted");
                break;
        }

        var isOnce = task.Grid == AsOfGrid.OnceAfterEnrolment;
        Check(isOnce == task.AfterEnrolment > Duration.Zero, isOnce
            ? "afterEnrolment: the grid once-after-enrolment needs a time above 0h, for instance 48h"
            : "afterEnrolment: goes with the grid once-after-enrolment only");
        Check(!isOnce || task.MinimumUnderMonitoring <= task.AfterEnrolment, "minimumUnderMonitoring: longer than afterEnrolment, so that there would never be a row");
        Check(unit != HorizonUnit.SameDay || task.Grid == AsOfGrid.DailyLocalMidnight, "horizon.unit same-day: goes with the grid daily-local-midnight only");
        Check(
            !task.Horizon.LooksBack || task.DeathBeforeEvent == DeathBeforeEvent.Negative,
            "deathBeforeEvent: a window that ends at as-of knows no death before the event; only 'negative' stands beside the horizons same-day and ongoing");
    }

    private static void CheckEvaluation(TaskDefinition task)
    {
        Check(task.Baselines.Count > 0, $"baselines: one at least of {string.Join(", ", BaselineRules.All)}");
        CheckNames("baselines", task.Baselines);
        Check(
            task.Baselines.All(BaselineRules.All.Contains),
            $"baselines: '{task.Baselines.FirstOrDefault(b => !BaselineRules.All.Contains(b))}' is none of {string.Join(", ", BaselineRules.All)}");
        foreach (var baseline in task.Baselines)
        {
            var lacking = RulesOfThumb.Lacking(baseline, FeatureSet.Named(task.FeatureSet).Columns);
            Check(lacking is null, $"baselines: '{baseline}' is told from '{lacking}', which the feature set '{task.FeatureSet}' lacks");
        }

        Check(task.Splits.Count > 0, "splits: one at least of new-patients, known-patients-later, new-patients-later");
        Check(task.Splits.Distinct().Count() == task.Splits.Count, "splits: one stands there twice");
        Check(
            task.AlertWorth == AlertWorth.None || (task is { Grid: AsOfGrid.Hourly, Horizon.Unit: HorizonUnit.Ongoing } && task.Splits is [SplitKind.NewPatients]),
            "alertWorth: is told from all hours of a stay; it goes with the grid hourly, the horizon ongoing and the split new-patients alone");
        if (task.Windows is { } windows)
        {
            Check(task.Splits.Contains(SplitKind.KnownPatientsLater), "windows: goes with the split known-patients-later only");
            Check(windows.Days is > 0 and <= MostDays, $"windows.days {windows.Days}: local days, 1 to {MostDays}");
            Check(windows.Count is > 0 and <= MostWindows, $"windows.count {windows.Count}: 1 to {MostWindows}");
            Check(windows.First.Year is >= 1900 and <= 9000, $"windows.first {windows.First:uuuu-MM-dd}: a year from 1900 on");
        }

        CheckAblations(task);
    }

    private static void CheckAblations(TaskDefinition task)
    {
        string[] columns = [.. FeatureSet.Named(task.FeatureSet).Columns.Select(c => c.Name)];
        var names = new HashSet<string>(StringComparer.Ordinal);
        for (var i = 0; i < task.Ablations.Count; i++)
        {
            var ablation = task.Ablations[i];
            Check(ablation is not null, $"ablations[{i}]: null does not stand in this list");
            Check(!string.IsNullOrWhiteSpace(ablation!.Name) && !ablation.Name.Any(char.IsControl), $"ablations[{i}].name: one line that says what is left out");
            Check(names.Add(ablation.Name), $"ablations[{i}].name '{ablation.Name}': stands there twice");
            Check(ablation.Without.Count > 0, $"ablations[{i}].without: one column at least");
            foreach (var pattern in ablation.Without)
            {
                Check(pattern is not null && Pattern().IsMatch(pattern), $"ablations[{i}].without '{pattern}': lower-case letters, digits and underscores, and * for any part of a name");
                Check(columns.Any(c => ColumnPattern.Matches(pattern!, c)), $"ablations[{i}].without '{pattern}': no column of the feature set '{task.FeatureSet}' is called so");
            }

            Check(columns.Any(c => !ablation.Without.Any(p => ColumnPattern.Matches(p, c))), $"ablations[{i}].without: leaves no column of the feature set '{task.FeatureSet}'");
        }
    }

    private static void CheckNames(string field, IReadOnlyList<string> names)
    {
        foreach (var name in names)
        {
            CheckName(field, name);
        }

        Check(names.Distinct(StringComparer.Ordinal).Count() == names.Count, $"{field}: one stands there twice");
    }

    private static void CheckName(string field, string? name) =>
        Check(name is not null && Name().IsMatch(name), $"{field} '{name}': lower-case letters, digits and dashes, a letter first, at most 60 of them");

    private static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }

    [GeneratedRegex(@"^[a-z][a-z0-9-]{0,59}\z")]
    private static partial Regex Name();

    [GeneratedRegex(@"^[a-z0-9_*]{1,100}\z")]
    private static partial Regex Pattern();
}
