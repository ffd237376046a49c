using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon stream list|epoch</c>: how far each partition has landed, and a hub's stream begun anew.</summary>
internal static class StreamCommand
{
    public static Command Create() => new("stream", "The streams of the hubs: how far they have landed, what was lost, and beginning one anew")
    {
        List(), Epoch(),
    };

    private static Command List()
    {
        var command = new Command("list", "Hubs, epochs and partitions, the offset expected next, what was lost, and when something landed last");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var streams = await StreamSummary.ListAsync(store.Lake, token);
            var now = TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds() * 1000;
            var current = (await EpochsAsync(store, token)).GroupBy(e => e.Hub, StringComparer.Ordinal).ToDictionary(g => g.Key, g => g.Last().Epoch, StringComparer.Ordinal);
            string State(StreamPartition p) => !current.TryGetValue(p.Hub, out var epoch) ? "" : epoch == p.Epoch ? "current" : "ended";
            if (streams.Count == 0)
            {
                terminal.Line("Nothing has landed yet.");
            }
            else
            {
                terminal.Table(
                    ["hub", "epoch", "", "partition", "next offset", "lost", "last landed"],
                    streams.Select(s => new[]
                    {
                        s.Partition.Hub,
                        s.Partition.Epoch,
                        State(s.Partition),
                        s.Partition.Partition.ToString(CultureInfo.InvariantCulture),
                        Terminal.Number(s.End),
                        Terminal.Number(s.Losses.Sum(l => l.End - l.Start)),
                        s.Landed is { } landed ? $"{UnixMicros.Format(landed)}, {Ago(now - landed)} ago" : "",
                    }),
                    3, 4, 5);
            }

            foreach (var (stream, loss) in streams.SelectMany(s => s.Losses.Select(l => (s.Partition, l))))
            {
                terminal.Line(string.Create(CultureInfo.InvariantCulture, $"{stream}: offsets {loss.Start} to {loss.End - 1} are lost: {loss.Why}"));
            }

            terminal.Document(new JsonObject
            {
                ["streams"] = new JsonArray([.. streams.Select(s => new JsonObject
                {
                    ["hub"] = s.Partition.Hub,
                    ["epoch"] = s.Partition.Epoch,
                    ["partition"] = s.Partition.Partition,
                    ["next_offset"] = s.End,
                    ["last_landed"] = s.Landed is { } landed ? UnixMicros.Format(landed) : null,
                    ["losses"] = new JsonArray([.. s.Losses.Select(l => new JsonObject { ["start"] = l.Start, ["end"] = l.End, ["why"] = l.Why })]),
                })]),
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Epoch()
    {
        var hub = new Argument<string>("hub") { Description = "Name of the hub" };
        var begin = new Option<string?>("--begin") { Description = "Begin this epoch: offsets count from 0 again. A name is never used twice for a hub", HelpName = "NAME" };
        var why = new Option<string?>("--why") { Description = "Why, in words for people; needed with --begin", HelpName = "TEXT" };
        var command = new Command("epoch", "Show the epochs of a hub, or begin a new one after its stream was made anew") { hub, begin, why, GlobalOptions.MakeCohort };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var (name, epoch) = (parsed.GetRequiredValue(hub), parsed.GetValue(begin));
            await using var store = epoch is null ? await GlobalOptions.OpenCohortAsync(parsed, token) : await GlobalOptions.OpenOrMakeCohortAsync(parsed, token);
            if (epoch is not null)
            {
                await BeginAsync(store, name, epoch, parsed.GetValue(why), token);
            }

            var epochs = (await EpochsAsync(store, token)).Where(e => e.Hub == name).ToArray();
            var landed = (await StreamSummary.ListAsync(store.Lake, token)).Where(s => s.Partition.Hub == name).Select(s => s.Partition.Epoch).Distinct().Except(epochs.Select(e => e.Epoch)).ToArray();
            if (epochs.Length + landed.Length == 0)
            {
                throw new UserException($"Nothing is known of a hub '{name}'; 'rmon stream list' names those there are.");
            }

            terminal.Table(
                ["epoch", "since", "why"],
                [.. landed.Select(e => new[] { e, "", "named by its source" }), .. epochs.Select(e => new[] { e.Epoch, e.Known.ToString(), e.Why })]);
            terminal.Document(new JsonObject
            {
                ["hub"] = name,
                ["current"] = epochs.Length > 0 ? epochs[^1].Epoch : null,
                ["epochs"] = new JsonArray([.. epochs.Select(e => new JsonObject { ["epoch"] = e.Epoch, ["known"] = e.Known.ToString(), ["why"] = e.Why })]),
                ["landed"] = new JsonArray([.. landed.Select(e => (JsonNode)e)]),
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task BeginAsync(CohortStore store, string hub, string epoch, string? why, CancellationToken cancellationToken)
    {
        if (string.IsNullOrWhiteSpace(why))
        {
            throw new UserException("Say with --why why the stream begins anew.", ExitCodes.Usage);
        }

        if (Array.Find([hub, epoch], n => !LakePaths.IsName(n)) is { } bad)
        {
            throw new UserException($"'{bad}' cannot be a name: take letters, digits, '-', '_' and '.', at most 100, the first of them no '.'.");
        }

        var epochs = await EpochsAsync(store, cancellationToken);
        if (epochs.Any(e => e.Hub == hub && e.Epoch == epoch)
            || (await BronzeFile.PartitionsAsync(store.Lake, cancellationToken)).Any(p => p.Hub == hub && p.Epoch == epoch))
        {
            throw new UserException($"'{epoch}' was an epoch of {hub} before; take a name that never was.");
        }

        var row = new StreamEpoch { Hub = hub, Epoch = epoch, Why = why.Trim(), Known = Instant.FromUnixTimeMilliseconds(TimeProvider.System.GetUtcNow().ToUnixTimeMilliseconds()) };
        await store.Reference.AppendAsync(ReferenceKinds.Epochs, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n"), cancellationToken);
    }

    private static async Task<IReadOnlyList<StreamEpoch>> EpochsAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var position = (await store.Reference.PositionAsync(cancellationToken)).Where(p => p.Key == ReferenceKinds.Epochs).ToDictionary();
        return (await store.Reference.LoadAsync(position, cancellationToken)).Epochs;
    }

    private static string Ago(long micros) => TimeSpan.FromMicroseconds(Math.Max(0, micros)) switch
    {
        { TotalDays: >= 2 } t => $"{(int)t.TotalDays} days",
        { TotalHours: >= 2 } t => $"{(int)t.TotalHours} hours",
        { TotalMinutes: >= 2 } t => $"{(int)t.TotalMinutes} minutes",
        var t => $"{(int)t.TotalSeconds} seconds",
    };
}
