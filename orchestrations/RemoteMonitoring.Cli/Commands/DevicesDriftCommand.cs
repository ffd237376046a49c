using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon devices drift</c>: how far the clocks of devices seem to be off. Nothing is corrected by it.</summary>
internal static class DevicesDriftCommand
{
    public static Command Create()
    {
        var over = new Option<double>("--over") { Description = "Only devices that are off by more than this many seconds, ahead or behind", DefaultValueFactory = _ => 0, HelpName = "SECONDS" };
        var command = new Command("drift", "How far device clocks seem to be off: the median over seven days of the least delay of a day; nothing is corrected by it") { over };
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
                    ["device", "delay s", "days", "which says"],
                    clocks.Select(c => new[]
                    {
                        c.DeviceId,
                        c.DelaySeconds.ToString("0.0", CultureInfo.InvariantCulture),
                        c.LeastDelays.Count.ToString(CultureInfo.InvariantCulture),
                        c.DelaySeconds < 0 ? "its clock is ahead" : c.DelaySeconds > 0 ? "its clock is behind, or it always holds readings back" : "",
                    }),
                    1, 2);
            }

            terminal.Line($"{Terminal.Number(clocks.Count)} of {Terminal.Number(all)} devices; of the hot window, from accepted readings");
            terminal.Document(new JsonObject
            {
                ["devices"] = new JsonArray([.. clocks.Select(c => new JsonObject { ["device_id"] = c.DeviceId, ["delay_seconds"] = c.DelaySeconds, ["days"] = c.LeastDelays.Count })]),
                ["of"] = all,
            });
            return ExitCodes.Done;
        });
        return command;
    }
}
