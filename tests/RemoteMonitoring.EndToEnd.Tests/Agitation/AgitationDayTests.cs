using NodaTime;
using RemoteMonitoring.Storage;
using Xunit.Abstractions;

namespace RemoteMonitoring.EndToEnd.Tests.Agitation;

/// <summary>Agitation on the day that has just ended, on the original files of TIHM: the published way as a check of the features, and ours without its leak.</summary>
[Collection("runs the program")]
public sealed class AgitationDayTests(DemoRuns demos, ITestOutputHelper output)
{
    // Means of the study's logistic regression over the three weeks.
    private const double PublishedSensitivity = 0.707;
    private const double PublishedSpecificity = 0.801;
    private const int Draws = 20;

    private static readonly LocalDate[] s_weeks = [new(2019, 5, 26), new(2019, 6, 2), new(2019, 6, 9)];

    [Fact]
    public async Task The_published_recipe_on_our_features_comes_to_the_published_sensitivity_and_specificity()
    {
        if (await demos.OfAsync("tihm", output) is not { } demo)
        {
            return;
        }

        await using var store = CohortStore.Open(demo.Rmon.Home, "tihm");
        var recipe = await PublishedRecipe.OfAsync(store, new LocalDate(2019, 4, 1), new LocalDate(2019, 6, 15), CancellationToken.None);
        Assert.Equal((2074, 96), (recipe.Days, recipe.Positive));
        // A draw moves the figures by more than is asked for here, so the mean of many is what is looked at.
        var sensitivity = new List<double>();
        var specificity = new List<double>();
        foreach (var week in s_weeks)
        {
            var drawn = Enumerable.Range(0, Draws).Select(seed => recipe.Foresee(week, seed)).ToArray();
            output.WriteLine($"{week:uuuu-MM-dd}: sensitivity {drawn.Average(d => d.Sensitivity):F3}, specificity {drawn.Average(d => d.Specificity):F3}");
            sensitivity.Add(drawn.Average(d => d.Sensitivity));
            specificity.Add(drawn.Average(d => d.Specificity));
        }

        output.WriteLine($"mean: sensitivity {sensitivity.Average():F3} (published {PublishedSensitivity}), specificity {specificity.Average():F3} (published {PublishedSpecificity})");
        Assert.Equal(PublishedSensitivity, sensitivity.Average(), 0.05);
        Assert.Equal(PublishedSpecificity, specificity.Average(), 0.05);
    }
}
