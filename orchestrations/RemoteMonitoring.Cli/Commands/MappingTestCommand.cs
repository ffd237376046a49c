using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Cli.Mappings;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon mapping test MAPPING MESSAGES</c>: the readings that would come of messages, and why others would not. Nothing is written.</summary>
internal static class MappingTestCommand
{
    private const int MaxShown = 200;

    public static Command Create()
    {
        var name = new Argument<string>("mapping") { Description = "Bundled mapping (rmon/1), or a mapping's document, which is tried among the bundled ones" };
        var messages = new Argument<string>("messages") { Description = "Routed messages, a line each, plain or gzip; or one message as JSON; an IoT Central export or a bare body will do" };
        var command = new Command("test", "Show which readings would come of messages, by which mapping, and why others would not") { name, messages };
        command.SetAction((parsed, token) => RunAsync(
            GlobalOptions.TerminalOf(parsed), MappingFiles.Find(parsed.GetRequiredValue(name)), parsed.GetRequiredValue(messages), token));
        return command;
    }

    private static async Task<int> RunAsync(Terminal terminal, (DeviceMapping Mapping, MappingSet Set) tried, string path, CancellationToken cancellationToken)
    {
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, tried.Set);
        var totals = new Totals();
        var documents = new JsonArray();
        await foreach (var message in SampleMessages.ReadAsync(path, cancellationToken))
        {
            var outcome = Outcome.Of(message, extractor);
            totals.Add(message, outcome, tried.Mapping);
            if (totals.Messages > MaxShown)
            {
                continue;
            }

            Show(terminal, message, outcome);
            if (terminal.Json)
            {
                documents.Add(outcome.ToJson(message));
            }
        }

        if (totals.Messages == 0)
        {
            throw new UserException($"{path}: holds no message.");
        }

        terminal.Line();
        if (totals.Messages > MaxShown)
        {
            terminal.Line($"… the first {MaxShown} messages are shown, all are counted");
        }

        terminal.Line($"{Terminal.Number(totals.Messages)} messages, {Terminal.Number(totals.Chosen)} of them for {tried.Mapping.Label}: "
            + $"{Terminal.Number(totals.Accepted)} readings accepted, {Terminal.Number(totals.Rejected)} rejected");
        foreach (var (reason, count) in totals.ByReason)
        {
            terminal.Line($"  {reason}: {Terminal.Number(count)}");
        }

        terminal.Document(new JsonObject
        {
            ["mapping"] = tried.Mapping.Label,
            ["set"] = tried.Set.Id,
            ["totals"] = totals.ToJson(),
            ["messages"] = documents,
        });
        return totals.Unreadable > 0 ? ExitCodes.DoneWithUnreadableLines : ExitCodes.Done;
    }

    private static void Show(Terminal terminal, SampleMessage message, Outcome outcome)
    {
        var now = message.EnqueuedTime != ReceivedMessage.UnknownTime ? $"enqueued {UnixMicros.Format(message.EnqueuedTime)}"
            : message.Problem is not null ? "no message"
            : "no enqueued time (each reading's own is taken as now)";
        terminal.Line($"message {message.Place}: mapping {(outcome.Mapping.Length == 0 ? "none" : outcome.Mapping)}, device {message.DeviceId ?? "unknown (a worker would quarantine the line)"}, {now}");
        foreach (var reading in outcome.Readings)
        {
            terminal.Line(reading.Reason is null
                ? string.Create(CultureInfo.InvariantCulture, $"  accepted  {reading.Label} ({reading.Code}) {reading.Value:R} {reading.Unit} at {reading.Time}")
                : $"  rejected  {reading.Reason}: {reading.Hint}");
        }
    }

    /// <summary>A reading of either batch.</summary>
    private sealed record Reading(int Ordinal, string? Code, string? Label, double Value, string? Unit, string? Time, string? Reason, string? Hint);

    /// <summary>What became of one message.</summary>
    private sealed record Outcome(string Mapping, IReadOnlyList<Reading> Readings)
    {
        public static Outcome Of(SampleMessage message, ReadingExtractor extractor)
        {
            var (accepted, rejected) = (new ReadingBatch(), new QuarantineBatch());
            var received = new ReceivedMessage
            {
                DeviceId = message.DeviceId ?? "unknown",
                Properties = message.Properties,
                EnqueuedTime = message.EnqueuedTime,
                KnownFrom = 0,
                Offset = message.Place,
                Body = message.Body,
            };
            if (message.Problem is { } problem)
            {
                ReadingExtractor.RejectLine(problem, in received, rejected);
            }
            else
            {
                extractor.Extract(in received, accepted, rejected);
            }

            var readings = Enumerable.Range(0, accepted.Count).Select(i => Accepted(accepted, i))
                .Concat(Enumerable.Range(0, rejected.Count).Select(i => Rejected(rejected, i)))
                .OrderBy(r => r.Ordinal);
            return new Outcome(accepted.Mapping.Concat(rejected.Mapping).First(), [.. readings]);
        }

        public JsonObject ToJson(SampleMessage message) => new()
        {
            ["place"] = message.Place,
            ["mapping"] = Mapping,
            ["device_id"] = message.DeviceId,
            ["enqueued_time"] = message.EnqueuedTime == ReceivedMessage.UnknownTime ? null : UnixMicros.Format(message.EnqueuedTime),
            ["accepted"] = new JsonArray([.. Readings.Where(r => r.Reason is null).Select(r => new JsonObject
            {
                ["ordinal"] = r.Ordinal,
                ["code"] = r.Code,
                ["value"] = r.Value,
                ["unit"] = r.Unit,
                ["effective_time"] = r.Time,
            })]),
            ["rejected"] = new JsonArray([.. Readings.Where(r => r.Reason is not null).Select(r => new JsonObject
            {
                ["ordinal"] = r.Ordinal,
                ["reason"] = r.Reason,
                ["hint"] = r.Hint,
                ["code"] = r.Code,
                ["value"] = double.IsFinite(r.Value) ? r.Value : null,
            })]),
        };

        private static Reading Accepted(ReadingBatch batch, int i)
        {
            var vital = VitalSignCatalog.Default.Vitals[batch.Vital[i]];
            return new Reading(batch.Ordinal[i], vital.Code, vital.Label, batch.Value[i], vital.Unit, UnixMicros.Format(batch.EffectiveTime[i]), null, null);
        }

        private static Reading Rejected(QuarantineBatch batch, int i) =>
            new(batch.Ordinal[i], batch.Code[i], null, batch.Value[i], null, null, batch.Reason[i].ToText(), batch.Hint[i]);
    }

    private sealed class Totals
    {
        private readonly SortedDictionary<string, long> _byReason = new(StringComparer.Ordinal);

        public long Messages { get; private set; }

        public long Chosen { get; private set; }

        public long Unreadable { get; private set; }

        public long Accepted { get; private set; }

        public long Rejected { get; private set; }

        public IReadOnlyDictionary<string, long> ByReason => _byReason;

        public void Add(SampleMessage message, Outcome outcome, DeviceMapping tried)
        {
            Messages++;
            Chosen += outcome.Mapping == tried.Label ? 1 : 0;
            Unreadable += message.Problem is null ? 0 : 1;
            foreach (var reading in outcome.Readings)
            {
                if (reading.Reason is null)
                {
                    Accepted++;
                }
                else
                {
                    Rejected++;
                    _byReason[reading.Reason] = _byReason.GetValueOrDefault(reading.Reason) + 1;
                }
            }
        }

        public JsonObject ToJson() => new()
        {
            ["messages"] = Messages,
            ["chosen"] = Chosen,
            ["unreadable"] = Unreadable,
            ["received"] = Accepted + Rejected,
            ["accepted"] = Accepted,
            ["rejected"] = Rejected,
            ["rejected_by_reason"] = new JsonObject(_byReason.Select(r => KeyValuePair.Create(r.Key, (JsonNode?)r.Value))),
        };
    }
}
