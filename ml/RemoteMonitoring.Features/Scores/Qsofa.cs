namespace RemoteMonitoring.Features.Scores;

/// <summary>A qSOFA score with what missing inputs could change.</summary>
/// <param name="Low">Every missing input at 0 points: the figure to compare with.</param>
/// <param name="High">Every missing input at 1 point.</param>
/// <param name="InputsPresent">How many of the 3 inputs were there.</param>
public readonly record struct QsofaScore(int Low, int High, int InputsPresent);

/// <summary>
/// Quick Sequential Organ Failure Assessment: a point each for a respiratory rate of 22 or more, a systolic pressure of 100 or
/// less, and altered mentation (a Glasgow Coma Scale below 15); 2 or more says poor outcome in suspected infection. Source:
/// Singer et al., The Third International Consensus Definitions for Sepsis and Septic Shock (Sepsis-3), JAMA 2016;315:801, box 4.
/// </summary>
public static class Qsofa
{
    /// <summary>The score; null (or NaN) is an input that is not known. Values are taken as they are measured.</summary>
    public static QsofaScore Score(double? respiratoryRate, double? systolic, bool? alert)
    {
        static double? Known(double? value) => value is { } v && double.IsNaN(v) ? null : value;
        var (points, missing) = (0, 0);
        void Add(bool? scores)
        {
            points += scores == true ? 1 : 0;
            missing += scores is null ? 1 : 0;
        }

        Add(Known(respiratoryRate) is { } rate ? rate >= 22 : null);
        Add(Known(systolic) is { } pressure ? pressure <= 100 : null);
        Add(!alert);
        return new QsofaScore(points, points + missing, 3 - missing);
    }
}
