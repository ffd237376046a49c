using System.Globalization;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>
/// A calibrated probability as a count of people, which is what it is: of so many patients with readings like these so many had the outcome.
/// Whole numbers of 100; below 1 of 100 of 1,000; below that, and above 99 of 100, no closer than that.
/// </summary>
public static class RiskWords
{
    private const double Least = 0.001;
    private const double Most = 0.99;

    /// <summary>The probability that people are shown, by which those that read alike are alike. Never falls where the probability rises; 0 for fewer than 1 of 1,000, 1 for more than 99 of 100.</summary>
    public static double Shown(double probability) => probability switch
    {
        < Least => 0,
        < 0.01 => Math.Round(probability * 1000) / 1000,
        _ when Math.Round(probability * 100) / 100 is var shown && shown > Most => 1,
        _ => Math.Round(probability * 100) / 100,
    };

    /// <summary>The count alone: <c>9 of 100</c>, <c>4 of 1,000</c>, <c>fewer than 1 of 1,000</c>.</summary>
    public static string Count(double probability) => Shown(probability) switch
    {
        0 => "fewer than 1 of 1,000",
        1 => "more than 99 of 100",
        < 0.01 and var few => string.Create(CultureInfo.InvariantCulture, $"{few * 1000:0} of 1,000"),
        var some => string.Create(CultureInfo.InvariantCulture, $"{some * 100:0} of 100"),
    };

    /// <summary>The whole sentence, without a full stop: <c>9 of 100 patients with readings like these were admitted to hospital within 7 days</c>.</summary>
    /// <param name="probability">Calibrated probability.</param>
    /// <param name="inWords">What happened to them: <see cref="TaskDefinition.InWords"/>.</param>
    public static string Sentence(double probability, string inWords) => $"{Count(probability)} patients with readings like these {inWords}";

    /// <summary>The same for a task that does not say it in words, by its title.</summary>
    public static string Sentence(double probability, TaskDefinition task) => Sentence(probability, Outcome(task));

    /// <summary>What happened to so many, in the words of the task; of one that has none its title in brackets.</summary>
    public static string Outcome(TaskDefinition task) => task.InWords ?? $"had the outcome ({task.Title})";

    /// <summary>What a bundled task foresees, for people; null for a task that is not bundled.</summary>
    public static string? TitleOf(string task) => TaskOf(task)?.Title;

    /// <summary>What happened to those that a prediction counts; of a task that is not bundled its name.</summary>
    public static string Sentence(Prediction prediction) => Sentence(prediction.Probability, TaskOf(prediction.Task) is { } task ? Outcome(task) : $"had the outcome ({prediction.Task})");

    /// <summary>The window that a prediction speaks of; its end is null where only the end of the stay closes it. Null for a task that is not bundled, and for one that looks back.</summary>
    public static (Instant Start, Instant? End)? WindowOf(Prediction prediction, DateTimeZone zone) =>
        TaskOf(prediction.Task)?.Horizon is { } horizon && (horizon.End(prediction.AsOf, zone) is not { } end || end > prediction.AsOf)
            ? (prediction.AsOf, horizon.End(prediction.AsOf, zone))
            : null;

    /// <summary>What lists of a bundled task wait for until their outcomes are known: <c>7 days</c>; <c>outcomes</c> where that is no stretch of time.</summary>
    public static string AwaitedBy(string task) => TaskOf(task)?.Horizon switch
    {
        { Unit: HorizonUnit.LocalDays, Count: var days } => days == 1 ? "day" : string.Create(CultureInfo.InvariantCulture, $"{days} days"),
        { Unit: HorizonUnit.Hours, Count: var hours } => hours == 1 ? "hour" : string.Create(CultureInfo.InvariantCulture, $"{hours} hours"),
        _ => "outcomes",
    };

    private static TaskDefinition? TaskOf(string task) => BundledTasks.All.FirstOrDefault(t => t.Name == task);
}
