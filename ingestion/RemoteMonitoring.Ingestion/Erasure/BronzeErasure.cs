using System.Globalization;
using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Erasure;

/// <summary>A bronze file from which something was erased.</summary>
/// <param name="File">The file, as it is now.</param>
/// <param name="Redacted">What was taken from it.</param>
public sealed record ErasedBronze(LakeFile File, RedactedMessages Redacted);

/// <summary>
/// Erases in bronze files: each is replaced by a new generation of its name, with a row an offset as before, what its source
/// is told by, and a mark in the footer. Its silver is replaced first, so that one who is killed between the two leaves a
/// file that is found again; and replaced, not deleted, so that one who made the old one a moment ago cannot put it there.
/// </summary>
internal static class BronzeErasure
{
    /// <summary>Erases in one file what the silver's redaction covers.</summary>
    /// <returns>What was taken; null where nothing was.</returns>
    public static async Task<ErasedBronze?> EraseAsync(Lake lake, Silver silver, BronzeFile file, bool dryRun, CancellationToken cancellationToken)
    {
        var seen = await lake.ReadTableAsync(file.Path, ["device_id", "problem"], cancellationToken);
        var (devices, problems) = (seen.Text("device_id"), seen.Text("problem"));
        if (!devices.Where((device, i) => silver.Redaction.IsCandidate(device!, problems[i])).Any())
        {
            return null;
        }

        var table = await lake.ReadTableAsync(file.Path, null, cancellationToken);
        var landed = BronzeFooter.LandedTime(table.Metadata, lake.NameOf(file.Path));
        var envelopes = TelemetryTables.ToEnvelopes(table);
        var redacted = silver.Redaction.Apply(envelopes, silver.JudgesOf(landed));
        if (!redacted.Any)
        {
            return null;
        }

        Restamp(envelopes, TelemetryTables.Number(table.Metadata, TelemetryTables.KnownTime, lake.NameOf(file.Path)));
        var next = TelemetryTables.ToTable(envelopes);
        foreach (var (key, value) in table.Metadata)
        {
            next.Metadata[key] = value;
        }

        Mark(next, silver.Redaction.Sequence, redacted);
        using var encoded = next.Encode();
        if (!dryRun)
        {
            await silver.ReplaceAsync(file, envelopes, landed, cancellationToken);
            await lake.ReplaceAsync(file.Path, encoded.Bytes, cancellationToken);
        }

        return new ErasedBronze(new LakeFile(file.Path, encoded.Bytes.Length, Lake.Hash(encoded.Bytes.Span)), redacted);
    }

    /// <summary>What the footer says that an erasure took from a file; nothing where it has no mark of it.</summary>
    public static RedactedMessages MarkOf(IReadOnlyDictionary<string, string> metadata, int sequence) =>
        metadata.TryGetValue(KeyOf(sequence), out var text) && text.Split(' ') is [var messages, var rewritten, var lost]
            ? new RedactedMessages(int.Parse(messages, CultureInfo.InvariantCulture), int.Parse(rewritten, CultureInfo.InvariantCulture), int.Parse(lost, CultureInfo.InvariantCulture))
            : default;

    private static void Mark(ParquetTable table, int sequence, RedactedMessages redacted)
    {
        redacted += MarkOf(table.Metadata, sequence);
        table.Metadata[KeyOf(sequence)] = string.Create(CultureInfo.InvariantCulture, $"{redacted.Messages} {redacted.Rewritten} {redacted.OthersLost}");
    }

    private static string KeyOf(int sequence) => TelemetryTables.Erasure + sequence.ToString(CultureInfo.InvariantCulture);

    /// <summary>Gives an erased row the times of its neighbours, which say nothing of it: those of the row before, behind the last the file's own.</summary>
    private static void Restamp(EnvelopeBatch envelopes, long fileKnown)
    {
        var last = Enumerable.Range(0, envelopes.Count).LastOrDefault(i => !envelopes.IsErased(i), -1);
        var first = Enumerable.Range(0, envelopes.Count).FirstOrDefault(i => !envelopes.IsErased(i), -1);
        var known = first < 0 ? fileKnown : envelopes.KnownTime[first];
        for (var i = 0; i < envelopes.Count; i++)
        {
            if (!envelopes.IsErased(i))
            {
                known = envelopes.KnownTime[i];
                continue;
            }

            known = i > last ? fileKnown : known;
            (envelopes.KnownTime[i], envelopes.EnqueuedTime[i]) = (known, known);
        }
    }
}
