using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class RiskWordsTests
{
    [Theory]
    [InlineData(0, "fewer than 1 of 1,000")]
    [InlineData(0.00099, "fewer than 1 of 1,000")]
    [InlineData(0.001, "1 of 1,000")]
    [InlineData(0.0094, "9 of 1,000")]
    [InlineData(0.0097, "1 of 100")]
    [InlineData(0.01, "1 of 100")]
    [InlineData(0.0949, "9 of 100")]
    [InlineData(0.29, "29 of 100")]
    [InlineData(0.57, "57 of 100")]
    [InlineData(0.994, "99 of 100")]
    [InlineData(0.9951, "more than 99 of 100")]
    [InlineData(1, "more than 99 of 100")]
    public void A_probability_is_a_count_of_people(double probability, string count) => Assert.Equal(count, RiskWords.Count(probability));

    [Fact]
    public void What_is_shown_never_falls_where_the_probability_rises()
    {
        double[] shown = [.. Enumerable.Range(0, 100_001).Select(i => RiskWords.Shown(i / 100_000.0))];
        Assert.Equal(shown.Order(), shown);
    }

    [Fact]
    public void The_sentence_is_the_tasks_own() =>
        Assert.Equal("9 of 100 patients with readings like these were admitted to hospital within 7 days", RiskWords.Sentence(0.09, BundledTasks.All.Single(t => t.Name == "admission-7d")));

    [Fact]
    public void A_task_without_words_is_said_by_its_title() =>
        Assert.Equal("9 of 100 patients with readings like these had the outcome (Hospital admission in the next 2 days)", RiskWords.Sentence(0.09, TrainedHome.Task));

    [Fact]
    public void Every_bundled_task_says_in_words_what_happened_and_its_hash_does_not_change_with_them() => Assert.All(BundledTasks.All, task =>
    {
        Assert.NotNull(task.InWords);
        Assert.Equal(task.Hash, (task with { InWords = null }).Hash);
        Assert.Equal(task.InWords, TaskDefinition.Read(System.Text.Encoding.UTF8.GetBytes(task.ToJson()), "task").InWords);
    });
}
