using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon devices drift</c>: how late readings come at their quickest, and what the lists tell of clocks by it, in the same words. Nothing is corrected by it.</summary>
internal static class DevicesDriftCommand
{
    public static Command Create()
    {
        var over = new Option<double>("--over") { Description = "Only devices whose readings come by more than this many seconds late, or early", DefaultValueFactory = _ => 0, HelpName = "SECONDS" };
        var command = new Command("drift", "How late readings of each device come at their quickest (the median over seven days of the least delay of a day), and what the lists tell of its clock; nothing is corrected by it") { over };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var clocks = new List<DeviceClock>();
            var all = 0L;
            await foreach (var clock in DeviceClock.ListAsync(store.Documents, token))
            {
                all++;
                if (Math.Abs(clock.DelaySeconds) > parsed.GetValue(over) || parsed.GetValue(over) == 0)
                {
                    clocks.Add(clock);
                }
            }

            clocks.Sort((a, b) => a.DelaySeconds != b.DelaySeconds ? a.DelaySeconds.CompareTo(b.DelaySeconds) : string.CompareOrdinal(a.DeviceId, b.DeviceId));
            if (clocks.Count > 0)
            {
                terminal.Table(
                    ["device", "delay s", "days", "what the lists tell"],
                    clocks.Select(c => new[]
                    {
                        c.DeviceId,
                        c.DelaySeconds.ToString("0.0", CultureInfo.InvariantCulture),
                        c.LeastDelays.Count.ToString(CultureInfo.InvariantCulture),
                        DeviceFaults.InWords(c) ?? "",
                    }),
                    1, 2);
            }

            terminal.Line($"{Terminal.Number(clocks.Count)} of {Terminal.Number(all)} devices, by accepted readings of the last seven days of each that had any. Below 0 a clock is ahead; above, it is behind, or the device holds readings back.");
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"Lists tell of a clock that is more than {DeviceFaults.AheadBy.TotalMinutes:0} min ahead, or behind: more than {DeviceFaults.BehindBy.TotalHours:0} h late by as much on {DeviceFaults.FewestDays} days at least, and two thirds of them; not of notes older than a week."));
            terminal.Document(new JsonObject
            {
                ["devices"] = new JsonArray([.. clocks.Select(c => new JsonObject { ["device_id"] = c.DeviceId, ["delay_seconds"] = c.DelaySeconds, ["days"] = c.LeastDelays.Count, ["told"] = DeviceFaults.InWords(c) })]),
                ["of"] = all,
            });
            return ExitCodes.Done;
        });
        return command;
    }
}
