using CsCheck;
using NCrontab;
using NodaTime;
using RemoteMonitoring.Workflows.Schedules;

namespace RemoteMonitoring.Workflows.Tests.Schedules;

public sealed class CronTextTests
{
    [Theory]
    [InlineData("30 5 * * *", "0 30 5 * * *")]
    [InlineData("5 * * * *", "0 5 * * * *")]
    [InlineData(" 30  3 * *\tsun ", "0 30 3 * * 0")]
    [InlineData("0 0 1 JAN,jul *", "0 0 0 1 1,7 *")]
    [InlineData("*/15 8-18/2 * * MON-FRI", "0 0,15,30,45 8,10,12,14,16,18 * * 1,2,3,4,5")]
    [InlineData("0 12 * * 5-7", "0 0 12 * * 0,5,6")]
    [InlineData("0 12 * * 0-7", "0 0 12 * * *")]
    [InlineData("0-59 0-23 1-31 1-12 *", "0 * * * * *")]
    public void A_text_becomes_that_of_a_timer_trigger(string text, string trigger) => Assert.Equal(trigger, Parse(text).ToTimerTrigger());

    [Theory]
    [InlineData("")]
    [InlineData("@daily")]
    [InlineData("30 5 * *")]
    [InlineData("0 30 5 * * *")]
    [InlineData("60 * * * *")]
    [InlineData("* 24 * * *")]
    [InlineData("* * 0 * *")]
    [InlineData("* * 32 * *")]
    [InlineData("* * * 13 *")]
    [InlineData("* * * * 8")]
    [InlineData("* * L * *")]
    [InlineData("* * 15W * *")]
    [InlineData("* * ? * *")]
    [InlineData("* * * * MON#1")]
    [InlineData("5/15 * * * *")]
    [InlineData("*/0 * * * *")]
    [InlineData("10-5 * * * *")]
    [InlineData("-5 * * * *")]
    [InlineData("1,,2 * * * *")]
    [InlineData("1-2-3 * * * *")]
    [InlineData("*-5 * * * *")]
    [InlineData("+1 * * * *")]
    [InlineData("1.5 * * * *")]
    [InlineData("* * * JANUARY *")]
    [InlineData("0 0 31 2 *")]
    public void What_schedulers_do_not_all_read_alike_is_refused_in_one_line_that_quotes_it(string text)
    {
        Assert.False(CronText.TryParse(text, out _, out var problem));
        Assert.Contains($"'{text}'", problem, StringComparison.Ordinal);
        Assert.DoesNotContain('\n', problem);
    }

    [Fact]
    public void The_timer_trigger_comes_at_the_same_instants_by_the_reader_that_Azure_Functions_uses()
    {
        static Gen<string> Field(int least, int most) => Gen.OneOf(
            Gen.Const("*"),
            Gen.Int[least, most].Select(n => $"{n}"),
            Gen.Int[1, (most - least + 1) / 2].Select(n => $"*/{n}"),
            Gen.Select(Gen.Int[least, most], Gen.Int[least, most], Gen.Int[1, 5]).Select((a, b, step) => step == 1 ? $"{Math.Min(a, b)}-{Math.Max(a, b)}" : $"{Math.Min(a, b)}-{Math.Max(a, b)}/{step}"),
            Gen.Int[least, most].Array[2, 4].Select(ns => string.Join(',', ns)));
        Gen.Select(Field(0, 59), Field(0, 23), Field(1, 31), Field(1, 12), Field(0, 7)).Select(f => $"{f.Item1} {f.Item2} {f.Item3} {f.Item4} {f.Item5}").Sample(text =>
        {
            if (!CronText.TryParse(text, out var cron, out var problem))
            {
                Assert.EndsWith("never comes", problem, StringComparison.Ordinal);
                return;
            }

            var from = Instant.FromUtc(2024, 2, 10, 13, 7);
            var theirs = CrontabSchedule.Parse(cron.ToTimerTrigger(), new CrontabSchedule.ParseOptions { IncludingSeconds = true })
                .GetNextOccurrences(from.ToDateTimeUtc(), new DateTime(2034, 1, 1, 0, 0, 0, DateTimeKind.Utc)).Take(40).Select(d => Instant.FromDateTimeUtc(DateTime.SpecifyKind(d, DateTimeKind.Utc)));
            var ours = cron.After(from, TimeZoneInfo.Utc).TakeWhile(i => i < Instant.FromUtc(2034, 1, 1, 0, 0)).Take(40);
            Assert.Equal(theirs, ours);
        }, iter: 2_000);
    }

    private static CronText Parse(string text) => CronText.TryParse(text, out var cron, out var problem) ? cron : throw new FormatException(problem);
}
