using System.Globalization;
using System.Text;
using NodaTime;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>A task in words.</summary>
public static class TaskMeaning
{
    /// <summary>One paragraph for people, made of the definition alone: who has a row when, what makes it positive, and what leaves it without a label.</summary>
    public static string Of(TaskDefinition task)
    {
        var text = new StringBuilder();
        text.Append(task.Grid switch
        {
            AsOfGrid.DailyLocalMidnight => "At the start of each local day",
            AsOfGrid.OnceAfterEnrolment => $"Once a stay, {Time(task.AfterEnrolment)} after enrolment,",
            AsOfGrid.Hourly => "At each whole hour since enrolment while the stay lasts",
            _ => throw new System.Diagnostics.UnreachableException(),
        });
        text.Append(" a row for ").Append(Who(task.Population));
        if (task.MinimumUnderMonitoring > Duration.Zero)
        {
            text.Append(" and has been monitored for at least ").Append(Time(task.MinimumUnderMonitoring));
        }

        text.Append(", as known then. It is positive when ").Append(Any(task.OutcomeKinds));
        if (task.OutcomeDetails.Count > 0)
        {
            text.Append(" (").Append(Any(task.OutcomeDetails)).Append(')');
        }

        text.Append(' ').Append(task.Horizon.Unit switch
        {
            HorizonUnit.Hours => $"comes within {task.Horizon.Count} hours after as-of",
            HorizonUnit.LocalDays => $"comes within {(task.Horizon.Count == 1 ? "one local day" : $"{task.Horizon.Count} local days")} after as-of",
            HorizonUnit.RestOfStay => "comes before the stay ends",
            HorizonUnit.SameDay => "came in the local day that ends at as-of",
            HorizonUnit.Ongoing => "has come in this stay, at as-of or before; it holds until the stay ends",
            _ => throw new System.Diagnostics.UnreachableException(),
        });
        text.Append(task.DeathBeforeEvent switch
        {
            DeathBeforeEvent.Negative when task.Horizon.LooksBack => ".",
            DeathBeforeEvent.Negative => "; death before that leaves it negative.",
            DeathBeforeEvent.Censored => "; death before that leaves it without a label.",
            DeathBeforeEvent.Positive => ", or death does.",
            _ => throw new System.Diagnostics.UnreachableException(),
        });
        if (task.ObservedBy.Count > 0)
        {
            text.Append(" Without that, or ").Append(Any(task.ObservedBy)).Append(", in the window nobody looked, and it has no label.");
        }

        var closing = task.Horizon.Unit == HorizonUnit.Ongoing ? "stay" : "window";
        text.Append(task.ReportingDelay > Duration.Zero
            ? $" A label is certain {Time(task.ReportingDelay)} after the {closing}."
            : $" A label is certain when the {closing} has passed.");
        if (!task.Horizon.LooksBack && task.Horizon.Unit != HorizonUnit.RestOfStay)
        {
            text.Append(" Who leaves within the window without it has no label.");
        }

        if (task.MinimumReadings is { } minimum)
        {
            text.Append(CultureInfo.InvariantCulture, $" Scored is who has {minimum.InWords} before as-of.");
        }

        text.Append(CultureInfo.InvariantCulture, $" Described with the feature set '{task.FeatureSet}', held against {string.Join(", ", task.Baselines)}.");
        return text.ToString();
    }

    private static string Who(Population population)
    {
        var who = new StringBuilder("everybody");
        if (population.MinimumAge is { } age)
        {
            who.Append(CultureInfo.InvariantCulture, $" of {age} years or more");
        }

        if (population.Conditions.Count > 0)
        {
            who.Append(" with ").Append(Any(population.Conditions));
        }

        if (population.WithoutConditions.Count > 0)
        {
            who.Append(" without ").Append(Any(population.WithoutConditions));
        }

        return who.Append(population.Setting == CareSetting.Home ? " who is at home with a device" : " who is in hospital").ToString();
    }

    private static string Any(IReadOnlyList<string> names) => string.Join(" or ", names.Select(n => n.Replace('-', ' ')));

    private static string Time(Duration duration) => duration.TotalHours % 24 == 0 && duration.TotalHours > 48
        ? string.Create(CultureInfo.InvariantCulture, $"{duration.TotalDays} days")
        : string.Create(CultureInfo.InvariantCulture, $"{duration.TotalHours} hours");
}
