using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion.Gateway;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon devices</c>: who may connect to the local gateway. Keys are shown by <c>connection-string</c> alone.</summary>
internal static class DevicesCommand
{
    public static Command Create() => new("devices", "Devices of the local gateway, and the clocks of all devices")
    {
        Add(), List(), Rotate(), Revoke(), ConnectionString(), DevicesDriftCommand.Create(),
    };

    private static Command Add()
    {
        var ids = new Argument<string[]>("id") { Description = "Ids of the devices", Arity = ArgumentArity.OneOrMore };
        var command = new Command("add", "Add devices, each with two keys of its own; the cohort is made where it is not there") { ids };
        command.SetAction((parsed, token) => Run(parsed, (terminal, registry, _) =>
        {
            var wanted = parsed.GetRequiredValue(ids).Distinct(StringComparer.Ordinal).ToArray();
            var added = registry.Add(wanted);
            terminal.Line($"{Terminal.Number(added)} added{(added < wanted.Length ? $", {Terminal.Number(wanted.Length - added)} were there already" : "")}. How one connects: 'rmon devices connection-string ID'");
            terminal.Document(new JsonObject { ["added"] = added, ["already_there"] = wanted.Length - added });
        }, token, isMade: true));
        return command;
    }

    private static Command List()
    {
        var command = new Command("list", "List the devices");
        command.SetAction((parsed, token) => Run(parsed, (terminal, registry, _) =>
        {
            var devices = registry.List();
            if (devices.Count == 0)
            {
                terminal.Line("There are no devices yet: 'rmon devices add ID'.");
            }
            else
            {
                terminal.Table(["device", "added", "key being replaced since", "revoked"], devices.Select(d => new[] { d.DeviceId, Time(d.Created), Time(d.Rotating), Time(d.Revoked) }));
            }

            terminal.Document(new JsonObject
            {
                ["devices"] = new JsonArray([.. devices.Select(d => new JsonObject
                {
                    ["device_id"] = d.DeviceId,
                    ["created"] = Time(d.Created),
                    ["rotating"] = d.Rotating is { } since ? Time(since) : null,
                    ["revoked"] = d.Revoked is { } at ? Time(at) : null,
                })]),
            });
        }, token));
        return command;
    }

    private static Command Rotate()
    {
        var id = new Argument<string>("id") { Description = "Id of the device" };
        var finish = new Option<bool>("--finish") { Description = "End it: the key of before is withdrawn, and a connection by it closed within seconds" };
        var command = new Command("rotate", "Replace the key of a device while the gateway runs: the new one and the one of before are good until --finish") { id, finish };
        command.SetAction((parsed, token) => Run(parsed, (terminal, registry, _) =>
        {
            var device = parsed.GetRequiredValue(id);
            var ends = parsed.GetValue(finish);
            if (!(ends ? registry.FinishRotation(device) : registry.BeginRotation(device)))
            {
                throw registry.Find(device) switch
                {
                    null => NoSuchDevice(device),
                    { Revoked: not null } => new UserException($"The device '{device}' is revoked, and has no key to replace."),
                    { Rotating: { } since } => new UserException($"The key of '{device}' is being replaced since {Time(since)}. Put the new one into the device ('rmon devices connection-string {device}'), and then end it with 'rmon devices rotate {device} --finish'."),
                    _ => new UserException($"The key of '{device}' is not being replaced; begin with 'rmon devices rotate {device}'."),
                };
            }

            terminal.Line(ends
                ? $"The key that {device} had before is withdrawn."
                : $"{device} has a new key: 'rmon devices connection-string {device}'. The one of before is good too, until 'rmon devices rotate {device} --finish'.");
            terminal.Document(new JsonObject { ["device_id"] = device, ["rotating"] = registry.Find(device)!.Rotating is { } begun ? Time(begun) : null });
        }, token));
        return command;
    }

    private static Command Revoke()
    {
        var id = new Argument<string>("id") { Description = "Id of the device" };
        var command = new Command("revoke", "Revoke a device for good; a running gateway closes its connection within seconds") { id };
        command.SetAction((parsed, token) => Run(parsed, (terminal, registry, _) =>
        {
            var device = parsed.GetRequiredValue(id);
            if (!registry.Revoke(device) && registry.Find(device) is null)
            {
                throw NoSuchDevice(device);
            }

            terminal.Line($"{device} is revoked.");
            terminal.Document(new JsonObject { ["device_id"] = device, ["revoked"] = Time(registry.Find(device)!.Revoked!.Value) });
        }, token));
        return command;
    }

    private static Command ConnectionString()
    {
        var id = new Argument<string>("id") { Description = "Id of the device" };
        var command = new Command("connection-string", "Print what an Azure IoT device SDK connects with; it holds the device's key") { id, GatewayCommand.Host, GatewayCommand.Port };
        command.SetAction((parsed, token) => Run(parsed, (terminal, registry, home) =>
        {
            var device = parsed.GetRequiredValue(id);
            if (registry.KeysOf(device) is not { } keys)
            {
                throw registry.Find(device) is null ? NoSuchDevice(device) : new UserException($"The device '{device}' is revoked, and cannot connect.");
            }

            var port = parsed.GetValue(GatewayCommand.Port);
            var host = parsed.GetRequiredValue(GatewayCommand.Host) + (port == GatewayOptions.DefaultPort ? "" : string.Create(CultureInfo.InvariantCulture, $":{port}"));
            var text = $"HostName={host};DeviceId={device};SharedAccessKey={Convert.ToBase64String(keys.Primary)}";
            if (!terminal.Json)
            {
                Console.Out.WriteLine(text);
                terminal.Errors.WriteLine($"The device must trust {home.AuthorityFile}: in the Node SDK client.setOptions({{ ca: text of that file }}), elsewhere by the system's store of certificates.");
                if (port != GatewayOptions.DefaultPort)
                {
                    terminal.Errors.WriteLine("The Node SDK takes a port in HostName; other SDKs may know 8883 alone.");
                }
            }

            terminal.Document(new JsonObject { ["device_id"] = device, ["connection_string"] = text, ["authority"] = home.AuthorityFile });
        }, token));
        return command;
    }

    private static async Task<int> Run(ParseResult parsed, Action<Terminal, DeviceRegistry, GatewayHome> work, CancellationToken token, bool isMade = false)
    {
        await using var store = isMade ? await GlobalOptions.OpenOrMakeCohortAsync(parsed, token, isMade) : await GlobalOptions.OpenCohortAsync(parsed, token);
        var home = GatewayHome.Of(store);
        using var registry = new DeviceRegistry(home.RegistryFile, TimeProvider.System);
        work(GlobalOptions.TerminalOf(parsed), registry, home);
        return ExitCodes.Done;
    }

    private static UserException NoSuchDevice(string device) => new($"There is no device '{device}'. See 'rmon devices list', or add it with 'rmon devices add {device}'.");

    private static string Time(DateTimeOffset? at) => at is { } known ? Time(known) : "";

    private static string Time(DateTimeOffset at) => at.UtcDateTime.ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);
}
