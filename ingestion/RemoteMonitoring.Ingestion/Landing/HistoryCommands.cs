using System.Text;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Ingestion.Landing;

/// <summary>
/// Commands about mappings, appended to the reference log. Each is known after every message that has landed and every command
/// before it, even where another machine's clock was ahead: what landed before is judged as it was.
/// </summary>
public sealed class HistoryCommands(CohortStore store, TimeProvider time)
{
    /// <summary>
    /// The set that would be in force with a mapping; the one that is where it is active already. Throws
    /// <see cref="MappingException"/> where its name and version were ever given to another document.
    /// </summary>
    public static MappingSet Try(MappingHistory history, DeviceMapping mapping)
    {
        if (history.Activations.FirstOrDefault(a => a.Mapping == mapping.Label) is { } before)
        {
            // What was active once may be so again, but under its name and version it stays what it was.
            _ = MappingSet.Bundled.With(DeviceMapping.Parse(Encoding.UTF8.GetBytes(before.Document), VitalSignCatalog.Default)).With(mapping);
        }
        else
        {
            _ = MappingSet.Bundled.With(mapping);
        }

        return history.Latest.With(mapping);
    }

    /// <summary>Brings a mapping into force for the messages that land from now on.</summary>
    /// <returns>What was appended; null where it is active already.</returns>
    public async Task<MappingActivation?> ActivateAsync(DeviceMapping mapping, CancellationToken cancellationToken)
    {
        var history = await MappingHistory.LoadAsync(store.Reference, cancellationToken);
        if (Try(history, mapping) == history.Latest)
        {
            return null;
        }

        var activation = new MappingActivation { Mapping = mapping.Label, Document = mapping.Document, Known = await KnownAsync(history, cancellationToken) };
        await AppendAsync(ReferenceKinds.Mappings, activation, cancellationToken);
        return activation;
    }

    /// <summary>Commands to read messages again by the mappings in force.</summary>
    public async Task<ReprocessCommand> ReprocessAsync(RejectionReason? reason, string? deviceId, CancellationToken cancellationToken)
    {
        var history = await MappingHistory.LoadAsync(store.Reference, cancellationToken);
        var command = new ReprocessCommand { Reason = reason?.ToText(), DeviceId = deviceId, Known = await KnownAsync(history, cancellationToken) };
        await AppendAsync(ReferenceKinds.Reprocess, command, cancellationToken);
        return command;
    }

    private async Task AppendAsync<T>(string kind, T row, CancellationToken cancellationToken) =>
        await store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(row) + "\n"), cancellationToken);

    private async Task<Instant> KnownAsync(MappingHistory history, CancellationToken cancellationToken)
    {
        var known = Math.Max(
            time.GetUtcNow().ToUnixTimeMilliseconds() * 1000,
            history.Activations.Select(a => a.Known).Concat(history.Commands.Select(c => c.Known)).Select(k => k.ToUnixMicros() + 1).DefaultIfEmpty().Max());
        foreach (var partition in await BronzeFile.PartitionsAsync(store.Lake, cancellationToken))
        {
            var last = (await BronzeFile.ListAsync(store.Lake, partition, cancellationToken))[^1];
            var landed = BronzeFooter.LandedTime(await store.Lake.ReadMetadataAsync(last.Path, cancellationToken), store.Lake.NameOf(last.Path));
            known = Math.Max(known, landed + 1);
        }

        return UnixMicros.ToInstant(known);
    }
}
