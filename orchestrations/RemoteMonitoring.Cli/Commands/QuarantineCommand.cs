using System.CommandLine;
using System.Globalization;
using System.Text;
using System.Text.Json.Nodes;
using RemoteMonitoring.Ingestion;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Workflows.Compaction;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon quarantine list|show|reprocess</c>: what was not accepted, why, and reading it again.</summary>
internal static class QuarantineCommand
{
    private const int MaxRawShown = 4_000;

    public static Option<string?> Reason { get; } = new("--reason") { Description = "Only this reason: " + string.Join(", ", RejectionReasons.All.Select(r => r.Text)), HelpName = "REASON" };

    public static Option<string?> Device { get; } = new("--device") { Description = "Only this device", HelpName = "ID" };

    public static Command Create() => new("quarantine", "Readings that were not accepted: why, in what form they came, and reading them again")
    {
        List(), Show(), QuarantineReprocessCommand.Create(),
    };

    public static RejectionReason? ReasonOf(ParseResult parsed) => parsed.GetValue(Reason) is not { } text ? null
        : RejectionReasons.All.Any(r => r.Text == text) ? RejectionReasons.All.Single(r => r.Text == text).Reason
        : throw new UserException($"'{text}' is no reason; it is one of {string.Join(", ", RejectionReasons.All.Select(r => r.Text))}.");

    /// <summary>Silver as the reference log has it now, with nothing of it missing.</summary>
    public static async Task<(Silver Silver, int Made)> CaughtUpAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var silver = await Silver.OpenAsync(store.Lake, store.Reference, cancellationToken);
        var made = 0;
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            made += await silver.CatchUpAsync(partition, cancellationToken);
        }

        return (silver, made);
    }

    private static Command List()
    {
        var limit = new Option<int>("--limit") { Description = "How many to list, the newest first; all are counted", DefaultValueFactory = _ => 20, HelpName = "N" };
        var command = new Command("list", "Count what lies in quarantine by reason and code, and list the newest") { Reason, Device, limit };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var (reason, device) = (ReasonOf(parsed), parsed.GetValue(Device));
            var counts = new SortedDictionary<(string Reason, string Code), long>();
            var newest = new PriorityQueue<Entry, (long Known, long Offset, int Ordinal)>();
            await foreach (var entry in EntriesAsync(store, token))
            {
                if ((reason is null || entry.Reason == reason) && (device is null || entry.DeviceId == device))
                {
                    var key = (entry.Reason.ToText(), entry.Code ?? "");
                    counts[key] = counts.GetValueOrDefault(key) + 1;
                    newest.Enqueue(entry, (entry.KnownFrom, entry.Offset, entry.Ordinal));
                    if (newest.Count > Math.Max(0, parsed.GetValue(limit)))
                    {
                        newest.Dequeue();
                    }
                }
            }

            var rows = new List<Entry>();
            while (newest.TryDequeue(out var entry, out _))
            {
                rows.Insert(0, entry);
            }

            ShowList(terminal, counts, rows);
            return ExitCodes.Done;
        });
        return command;
    }

    private static void ShowList(Terminal terminal, SortedDictionary<(string Reason, string Code), long> counts, List<Entry> rows)
    {
        if (counts.Count == 0)
        {
            terminal.Line("Nothing of that sort lies in quarantine.");
        }
        else
        {
            terminal.Table(
                ["reason", "code", "readings"],
                counts.OrderByDescending(c => c.Value).Select(c => new[] { c.Key.Reason, c.Key.Code.Length == 0 ? "(none)" : c.Key.Code, Terminal.Number(c.Value) }),
                2);
            terminal.Table(
                ["partition", "offset", "reading", "device", "known", "reason", "hint"],
                rows.Select(r => new[] { r.Partition.ToString(), Text(r.Offset), Text(r.Ordinal), r.DeviceId, UnixMicros.Format(r.KnownFrom), r.Reason.ToText(), r.Hint }),
                1, 2);
            terminal.Line("One of them in full: rmon quarantine show PARTITION OFFSET [READING]");
        }

        terminal.Document(new JsonObject
        {
            ["readings"] = counts.Values.Sum(),
            ["counts"] = new JsonArray([.. counts.Select(c => new JsonObject { ["reason"] = c.Key.Reason, ["code"] = c.Key.Code.Length == 0 ? null : c.Key.Code, ["readings"] = c.Value })]),
            ["newest"] = new JsonArray([.. rows.Select(r => ToJson(r, null))]),
        });
    }

    private static Command Show()
    {
        var partition = new Argument<string>("partition") { Description = "Partition, as the list names it: hub/epoch/number" };
        var offset = new Argument<long>("offset") { Description = "Offset of the message" };
        var ordinal = new Argument<int?>("reading") { Description = "Place of the reading in its message; all by default", Arity = ArgumentArity.ZeroOrOne };
        var command = new Command("show", "Show a rejected reading or message in full, as it came") { partition, offset, ordinal };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var (of, at, place) = (PartitionOf(parsed.GetRequiredValue(partition)), parsed.GetValue(offset), parsed.GetValue(ordinal));
            var (silver, _) = await CaughtUpAsync(store, token);
            var found = (await Quarantine.FindAsync(store.Lake, silver, of, at, token)).Select(q => (Entry: Entry.Of(q), q.Raw)).ToList();
            var unassigned = (await UnassignedReading.ReadAsync(store.Lake, token)).Where(u => u.Partition == of && u.Offset == at).ToArray();
            var body = unassigned.Length == 0 ? null : await Quarantine.FindBodyAsync(store.Lake, of, at, token);
            found.AddRange(unassigned.Select(u => (Entry.Of(u), body ?? [])));
            found.RemoveAll(f => place is not null && f.Entry.Ordinal != place);
            if (found.Count == 0)
            {
                throw new UserException($"Of {of}, offset {at}{(place is null ? "" : $", reading {place}")}, nothing lies in quarantine; 'rmon quarantine list' says what does.");
            }

            foreach (var (entry, raw) in found.OrderBy(f => f.Entry.Ordinal))
            {
                ShowEntry(terminal, entry, raw);
            }

            terminal.Document(new JsonObject { ["rejected"] = new JsonArray([.. found.Select(f => ToJson(f.Entry, f.Raw))]) });
            return ExitCodes.Done;
        });
        return command;
    }

    private static void ShowEntry(Terminal terminal, Entry entry, byte[] raw)
    {
        terminal.Heading(string.Create(CultureInfo.InvariantCulture, $"{entry.Partition} offset {entry.Offset} reading {entry.Ordinal}"));
        terminal.Line($"reason    {entry.Reason.ToText()}");
        terminal.Line($"hint      {entry.Hint}");
        terminal.Line($"device    {(entry.DeviceId.Length == 0 ? "none could be read" : entry.DeviceId)}");
        terminal.Line($"mapping   {(entry.Mapping is { Length: > 0 } mapping ? mapping : "none")}");
        if (entry.Code is { } code)
        {
            terminal.Line(string.Create(CultureInfo.InvariantCulture, $"reading   {code}{(double.IsFinite(entry.Value) ? $" {entry.Value:R}" : "")}"));
        }

        terminal.Line($"{(entry.EnqueuedTime is null ? "taken" : "enqueued")}  {UnixMicros.Format(entry.EnqueuedTime ?? entry.EffectiveTime!.Value)}, known {UnixMicros.Format(entry.KnownFrom)}");
        var text = Readable(raw);
        terminal.Line($"as it came, {Terminal.Number(raw.Length)} bytes:");
        terminal.Line(text.Length > MaxRawShown ? $"{text[..MaxRawShown]}… (--json has all)" : text);
    }

    /// <summary>Rejected at the door, then by compaction.</summary>
    private static async IAsyncEnumerable<Entry> EntriesAsync(CohortStore store, [System.Runtime.CompilerServices.EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var (silver, _) = await CaughtUpAsync(store, cancellationToken);
        await foreach (var row in Quarantine.ReadAsync(store.Lake, silver, cancellationToken))
        {
            yield return Entry.Of(row);
        }

        foreach (var row in await UnassignedReading.ReadAsync(store.Lake, cancellationToken))
        {
            yield return Entry.Of(row);
        }
    }

    private static StreamPartition PartitionOf(string text)
    {
        try
        {
            return StreamPartition.Parse(text);
        }
        catch (Exception e) when (e is FormatException or OverflowException)
        {
            throw new UserException($"'{text}' is no partition; it is named hub/epoch/number, as 'rmon quarantine list' does.");
        }
    }

    /// <summary>Bytes as text; what is no text, and what would steer a terminal, as escapes.</summary>
    private static string Readable(byte[] raw)
    {
        var text = new StringBuilder();
        foreach (var rune in Encoding.UTF8.GetString(raw).EnumerateRunes())
        {
            _ = Rune.IsControl(rune) && rune.Value is not ('\n' or '\t') ? text.Append(CultureInfo.InvariantCulture, $"\\u{rune.Value:x4}") : text.Append(rune);
        }

        return text.ToString();
    }

    private static JsonObject ToJson(Entry entry, byte[]? raw)
    {
        var json = new JsonObject
        {
            ["partition"] = entry.Partition.ToString(),
            ["offset"] = entry.Offset,
            ["ordinal"] = entry.Ordinal,
            ["reason"] = entry.Reason.ToText(),
            ["hint"] = entry.Hint,
            ["device_id"] = entry.DeviceId,
            ["code"] = entry.Code,
            ["value"] = double.IsFinite(entry.Value) ? entry.Value : null,
            ["enqueued_time"] = entry.EnqueuedTime is { } enqueued ? UnixMicros.Format(enqueued) : null,
            ["effective_time"] = entry.EffectiveTime is { } effective ? UnixMicros.Format(effective) : null,
            ["known_from"] = UnixMicros.Format(entry.KnownFrom),
            ["mapping"] = entry.Mapping,
        };
        if (raw is not null)
        {
            json["raw"] = Encoding.UTF8.GetString(raw);
            json["raw_base64"] = Convert.ToBase64String(raw);
        }

        return json;
    }

    private static string Text(long number) => number.ToString(CultureInfo.InvariantCulture);

    /// <summary>A rejected reading of either sort; its raw form is left behind.</summary>
    private sealed record Entry(
        StreamPartition Partition, long Offset, int Ordinal, RejectionReason Reason, string Hint, string DeviceId, string? Code, double Value,
        long? EnqueuedTime, long? EffectiveTime, long KnownFrom, string? Mapping)
    {
        public static Entry Of(QuarantinedReading q) =>
            new(q.Partition, q.Offset, q.Ordinal, q.Reason, q.Hint, q.DeviceId, q.Code, q.Value, q.EnqueuedTime, null, q.KnownFrom, q.Mapping);

        public static Entry Of(UnassignedReading u) =>
            new(u.Partition, u.Offset, u.Ordinal, u.Reason, u.Hint, u.DeviceId, u.Code, u.Value, null, u.EffectiveTime, u.KnownFrom, null);
    }
}
