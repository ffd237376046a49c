namespace RemoteMonitoring.EndToEnd.Tests;

[Collection("runs the program")]
public sealed class SchedulesCommandTests : IDisposable
{
    private readonly Rmon _rmon = new();

    public void Dispose() => _rmon.Dispose();

    [Fact]
    public async Task The_next_three_times_of_each_schedule_are_listed_in_its_own_time_and_in_UTC()
    {
        await WriteAsync("""
            { "schemaVersion": 1, "schedules": [
              { "name": "london", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d", "cron": "30 5 * * *", "timeZone": "Europe/London", "deadline": "01:15:00" },
              { "name": "boston", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d", "cron": "30 5 * * *", "timeZone": "America/New_York" } ] }
            """);
        var schedules = (await _rmon.RunAsync("schedules", "list", "--after", "2025-10-25T12:00:00Z", "--json")).Document.GetProperty("schedules");
        Assert.Equal(2, schedules.GetArrayLength());
        Assert.Equal("0 30 5 * * *", schedules[0].GetProperty("timer_trigger").GetString());
        // The clocks go back in the night of the 26th.
        var nights = schedules[0].GetProperty("next").EnumerateArray().ToArray();
        Assert.Equal(["2025-10-26T05:30:00Z", "2025-10-27T05:30:00Z", "2025-10-28T05:30:00Z"], nights.Select(o => o.GetProperty("at").GetString()));
        Assert.Equal(["2025-10-25T23:00:00Z", "2025-10-27T00:00:00Z", "2025-10-28T00:00:00Z"], nights.Select(o => o.GetProperty("as_of").GetString()));
        Assert.Equal("2025-10-26T06:45:00Z", nights[0].GetProperty("deadline").GetString());
        Assert.Equal("daily-risk-ward-admission-7d-20251025T230000Z", nights[0].GetProperty("id").GetString());

        var output = (await _rmon.RunAsync("schedules", "list", "--after", "2025-10-25T12:00:00Z")).Output;
        Assert.Contains("Sun 26 Oct 2025 05:30 America/New_York", output, StringComparison.Ordinal);
        Assert.Contains("2025-10-26T09:30:00Z", output, StringComparison.Ordinal);
        Assert.Contains("'london' does not run: the home holds no cohort 'ward'.", output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Every_fault_of_the_file_is_a_line_and_nothing_is_listed()
    {
        await WriteAsync("""
            { "schemaVersion": 1, "schedules": [
              { "name": "a", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d", "cron": "@daily", "timeZone": "Europe/London" },
              { "name": "b", "workflow": "daily-risk", "cohort": "ward", "task": "admission-7d", "cron": "30 5 * * *", "timeZone": "Mars" } ] }
            """);
        var run = await _rmon.RunAsync("schedules", "list");
        Assert.Equal(3, run.ExitCode);
        Assert.Empty(run.Output);
        Assert.Equal(2, run.ErrorLines.Length);
        Assert.Contains("schedule 1 ('a'): cron: ", run.ErrorLines[0], StringComparison.Ordinal);
        Assert.Contains("schedule 2 ('b'): timeZone 'Mars'", run.ErrorLines[1], StringComparison.Ordinal);
        Assert.Equal(2, (await _rmon.RunAsync("schedules", "list", "--after", "tomorrow")).ExitCode);
    }

    [Fact]
    public async Task Without_a_file_each_cohort_has_what_is_bundled()
    {
        var none = (await _rmon.RunAsync("schedules", "list", "--json")).Document;
        Assert.True(none.GetProperty("bundled").GetBoolean());
        Assert.Equal(0, none.GetProperty("schedules").GetArrayLength());
        var file = _rmon.Folder("m.ndjson");
        await File.WriteAllTextAsync(file, """{"EnqueuedTimeUtc":"2025-01-01T08:00:00Z","Properties":{},"SystemProperties":{"connectionDeviceId":"d"},"Body":{"readings":[{"code":"8867-4","value":70,"unit":"/min"}]}}""" + "\n");
        Assert.Equal(0, (await _rmon.RunAsync("ingest", file, "--cohort", "c")).ExitCode);
        // Nothing is trained, so nothing is scored; and no patient says where they live.
        var only = Assert.Single((await _rmon.RunAsync("schedules", "list", "--cohort", "c", "--json")).Document.GetProperty("schedules").EnumerateArray());
        Assert.Equal(("housekeeping-c", "Etc/UTC"), (only.GetProperty("name").GetString(), only.GetProperty("time_zone").GetString()));
        Assert.Equal(2, (await _rmon.RunAsync("schedules", "list", "--cohort", "nobody")).ExitCode);
    }

    private Task WriteAsync(string text) => File.WriteAllTextAsync(_rmon.Folder("schedules.json"), text);
}
