using System.Collections.Frozen;
using System.Globalization;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>Raw envelopes of one bronze file as columns, in offset order, one row an offset.</summary>
public sealed class EnvelopeBatch
{
    /// <summary>The <see cref="Problem"/> of a message that was erased.</summary>
    public const string Erased = "erased";

    /// <summary>The same of one that was erased in the gateway's log, before it landed.</summary>
    private const string ErasedBefore = "redacted";

    /// <summary>Rows in the batch.</summary>
    public int Count => Offset.Count;

    /// <summary>Offset in the partition.</summary>
    public List<long> Offset { get; } = [];

    /// <summary>Authenticated device id; empty where the line was not a routed message.</summary>
    public List<string> DeviceId { get; } = [];

    /// <summary>Message id, or null.</summary>
    public List<string?> MessageId { get; } = [];

    /// <summary>When the hub had it, Unix microseconds.</summary>
    public List<long> EnqueuedTime { get; } = [];

    /// <summary>When we had it, Unix microseconds, never falling along the partition.</summary>
    public List<long> KnownTime { get; } = [];

    /// <summary>Application properties as a JSON object, or null where there are none.</summary>
    public List<string?> Properties { get; } = [];

    /// <summary>The body; the whole line where it was not a routed message.</summary>
    public List<ReadOnlyMemory<byte>> Body { get; } = [];

    /// <summary>What was wrong with the line, or null.</summary>
    public List<string?> Problem { get; } = [];

    /// <summary>Whether the row's message was erased: its offset stays, and nothing of it.</summary>
    public bool IsErased(int row) => IsErased(Problem[row]);

    /// <summary>Whether what was wrong with a message is that it was erased.</summary>
    public static bool IsErased(string? problem) => problem is Erased or ErasedBefore;

    /// <summary>Erases a row. Its enqueued time is left to whoever knows when its neighbours were known.</summary>
    public void Erase(int row)
    {
        (DeviceId[row], MessageId[row], Properties[row], Body[row], Problem[row]) = ("", null, null, ReadOnlyMemory<byte>.Empty, Erased);
        EnqueuedTime[row] = long.MinValue;
    }

    /// <summary>Hash of all lines of the source up to the batch's end; null where the source has none to compare by.</summary>
    public string? SourceHash { get; set; }

    /// <summary>Appends the rows of another batch.</summary>
    public void AddRange(EnvelopeBatch other)
    {
        Offset.AddRange(other.Offset);
        DeviceId.AddRange(other.DeviceId);
        MessageId.AddRange(other.MessageId);
        EnqueuedTime.AddRange(other.EnqueuedTime);
        KnownTime.AddRange(other.KnownTime);
        Properties.AddRange(other.Properties);
        Body.AddRange(other.Body);
        Problem.AddRange(other.Problem);
    }

    /// <summary>Forgets all rows.</summary>
    public void Clear()
    {
        Offset.Clear();
        DeviceId.Clear();
        MessageId.Clear();
        EnqueuedTime.Clear();
        KnownTime.Clear();
        Properties.Clear();
        Body.Clear();
        Problem.Clear();
        SourceHash = null;
    }

    /// <summary>Drops the rows before an offset.</summary>
    public void RemoveBefore(long offset)
    {
        var count = Offset.FindIndex(o => o >= offset) is var first and >= 0 ? first : Count;
        Offset.RemoveRange(0, count);
        DeviceId.RemoveRange(0, count);
        MessageId.RemoveRange(0, count);
        EnqueuedTime.RemoveRange(0, count);
        KnownTime.RemoveRange(0, count);
        Properties.RemoveRange(0, count);
        Body.RemoveRange(0, count);
        Problem.RemoveRange(0, count);
    }
}

/// <summary>The tables of bronze, silver and gold observations: column names in one place, both directions.</summary>
public static class TelemetryTables
{
    /// <summary>Metadata key: end offset, exclusive.</summary>
    public const string EndOffset = "remotemonitoring.end-offset";

    /// <summary>Metadata key: greatest known time in the file, Unix microseconds.</summary>
    public const string KnownTime = "remotemonitoring.known-time";

    /// <summary>Metadata key: when the file landed by our clock, Unix microseconds, never falling along the partition; of past data it is later than the known time.</summary>
    public const string LandedTime = "remotemonitoring.landed-time";

    /// <summary>Metadata key: when a file was sealed from small ones by our clock, Unix microseconds; the small ones stay for a while from then.</summary>
    public const string SealedTime = "remotemonitoring.sealed-time";

    /// <summary>Metadata key: offsets of the file that no source has any more, and why; where it is there the file has no rows.</summary>
    public const string Lost = "remotemonitoring.lost";

    /// <summary>Metadata key: hash of all lines of the source file up to the end offset, by which another file of its name is told.</summary>
    public const string SourceHash = "remotemonitoring.source-hash";

    /// <summary>Metadata key: mapping that made the readings.</summary>
    public const string Mapping = "remotemonitoring.mapping";

    /// <summary>Metadata key: readings received in the messages of the file, that is, accepted and rejected.</summary>
    public const string Received = "remotemonitoring.received";

    /// <summary>Metadata key: accepted ones.</summary>
    public const string Accepted = "remotemonitoring.accepted";

    /// <summary>Metadata key prefix, followed by an erasure's number: the file is a new generation of its name, from which the erasure took so many rows.</summary>
    public const string Erasure = "remotemonitoring.erasure.";

    /// <summary>Metadata key prefix: rejected ones, followed by the reason's text.</summary>
    public const string Rejected = "remotemonitoring.rejected.";

    /// <summary>The columns of a gold table that <see cref="ToObservationColumns"/> needs, to read no others.</summary>
    public static readonly IReadOnlyList<string> ObservationColumnNames = ["patient_id", "code", "effective_time", "value", "known_from", "known_to"];

    private static readonly FrozenDictionary<string, RejectionReason> s_reasons =
        RejectionReasons.All.ToFrozenDictionary(r => r.Text, r => r.Reason, StringComparer.Ordinal);

    /// <summary>Envelopes as a bronze table.</summary>
    public static ParquetTable ToTable(EnvelopeBatch batch) => new ParquetTable()
        .Int64("offset", batch.Offset)
        .Text("device_id", batch.DeviceId!)
        .Text("message_id", batch.MessageId)
        .Time("enqueued_time", batch.EnqueuedTime)
        .Time("known_time", batch.KnownTime)
        .Text("properties", batch.Properties)
        .Bytes("body", batch.Body)
        .Text("problem", batch.Problem);

    /// <summary>A bronze table as envelopes.</summary>
    public static EnvelopeBatch ToEnvelopes(ParquetTable table)
    {
        var batch = new EnvelopeBatch();
        batch.Offset.AddRange(table.Int64("offset"));
        batch.DeviceId.AddRange(table.Text("device_id")!);
        batch.MessageId.AddRange(table.Text("message_id"));
        batch.EnqueuedTime.AddRange(table.Time("enqueued_time"));
        batch.KnownTime.AddRange(table.Time("known_time"));
        batch.Properties.AddRange(table.Text("properties"));
        batch.Body.AddRange(table.Bytes("body"));
        batch.Problem.AddRange(table.Text("problem"));
        return batch;
    }

    /// <summary>Readings as a silver table. Vitals stand as codes, since their positions may change between versions.</summary>
    public static ParquetTable ToTable(ReadingBatch batch, VitalSignCatalog catalog) => new ParquetTable()
        .Text("device_id", batch.DeviceId!)
        .Text("code", Codes(batch.Vital, catalog))
        .Float64("value", batch.Value)
        .Time("effective_time", batch.EffectiveTime)
        .Time("enqueued_time", batch.EnqueuedTime)
        .Time("known_from", batch.KnownFrom)
        .Text("message_id", batch.MessageId)
        .Int64("body_hash", batch.BodyHash)
        .Int64("offset", batch.Offset)
        .Int32("ordinal", batch.Ordinal)
        .Text("mapping", batch.Mapping!)
        .Boolean("taken_back", Flags(batch.TakenBack, batch.Count));

    /// <summary>Appends the rows of a silver table to a batch.</summary>
    public static void AppendReadings(ParquetTable table, VitalSignCatalog catalog, ReadingBatch batch)
    {
        var before = batch.Count;
        batch.DeviceId.AddRange(table.Text("device_id")!);
        batch.Vital.AddRange(VitalsOf(table, catalog));
        batch.Value.AddRange(table.Float64("value"));
        batch.EffectiveTime.AddRange(table.Time("effective_time"));
        batch.EnqueuedTime.AddRange(table.Time("enqueued_time"));
        batch.KnownFrom.AddRange(table.Time("known_from"));
        batch.MessageId.AddRange(table.Text("message_id"));
        batch.BodyHash.AddRange(table.Int64("body_hash"));
        batch.Offset.AddRange(table.Int64("offset"));
        batch.Ordinal.AddRange(table.Int32("ordinal"));
        // Files of before there was the column were made by one mapping, which their footer names.
        batch.Mapping.AddRange(table.ColumnNames.Contains("mapping")
            ? table.Text("mapping")!
            : Enumerable.Repeat(table.Metadata.GetValueOrDefault(Mapping, "rmon/1"), table.Rows));
        if (table.ColumnNames.Contains("taken_back"))
        {
            AddFlags(table.Boolean("taken_back"), before, batch.TakenBack);
        }
    }

    /// <summary>Rejected readings as a quarantine table.</summary>
    public static ParquetTable ToTable(QuarantineBatch batch) => new ParquetTable()
        .Text("device_id", batch.DeviceId!)
        .Text("reason", [.. batch.Reason.Select(r => (string?)r.ToText())])
        .Text("hint", batch.Hint!)
        .Bytes("raw", [.. batch.Raw.Select(r => (ReadOnlyMemory<byte>)r)])
        .Text("code", batch.Code)
        .Float64("value", batch.Value)
        .Time("enqueued_time", batch.EnqueuedTime)
        .Time("known_from", batch.KnownFrom)
        .Int64("offset", batch.Offset)
        .Int32("ordinal", batch.Ordinal)
        .Text("mapping", batch.Mapping!)
        .Boolean("taken_back", Flags(batch.TakenBack, batch.Count));

    /// <summary>Appends the rows of a quarantine table to a batch.</summary>
    public static void AppendQuarantine(ParquetTable table, QuarantineBatch batch)
    {
        var before = batch.Count;
        batch.DeviceId.AddRange(table.Text("device_id")!);
        batch.Reason.AddRange(table.Text("reason").Select(r => ReasonOf(r!)));
        batch.Hint.AddRange(table.Text("hint")!);
        batch.Raw.AddRange(table.Bytes("raw").Select(r => r.ToArray()));
        batch.Code.AddRange(table.Text("code"));
        batch.Value.AddRange(table.Float64("value"));
        batch.EnqueuedTime.AddRange(table.Time("enqueued_time"));
        batch.KnownFrom.AddRange(table.Time("known_from"));
        batch.Offset.AddRange(table.Int64("offset"));
        batch.Ordinal.AddRange(table.Int32("ordinal"));
        batch.Mapping.AddRange(table.ColumnNames.Contains("mapping") ? table.Text("mapping")! : Enumerable.Repeat("rmon/1", table.Rows));
        if (table.ColumnNames.Contains("taken_back"))
        {
            AddFlags(table.Boolean("taken_back"), before, batch.TakenBack);
        }
    }

    /// <summary>The reason that a quarantine row's text stands for.</summary>
    public static RejectionReason ReasonOf(string text) => s_reasons.TryGetValue(text, out var reason)
        ? reason
        : throw new InvalidDataException($"'{text}' is no rejection reason of this version");

    /// <summary>Observations as a gold table.</summary>
    public static ParquetTable ToTable(ObservationBatch batch, VitalSignCatalog catalog) => new ParquetTable()
        .Text("patient_id", batch.PatientId)
        .Text("code", Array.ConvertAll(batch.Vital, v => catalog.Vitals[v].Code))
        .Time("effective_time", batch.EffectiveTime)
        .Float64("value", batch.Value)
        .Time("known_from", batch.KnownFrom)
        .Time("known_to", batch.KnownTo)
        .Text("device_id", batch.DeviceId!)
        .Text("stream", batch.Stream)
        .Int64("offset", batch.Offset)
        .Int32("ordinal", batch.Ordinal);

    /// <summary>A gold table as observations.</summary>
    public static ObservationBatch ToObservations(ParquetTable table, VitalSignCatalog catalog)
    {
        var batch = new ObservationBatch(table.Rows);
        table.Text("patient_id").CopyTo(batch.PatientId!, 0);
        VitalsOf(table, catalog).CopyTo(batch.Vital, 0);
        table.Time("effective_time").CopyTo(batch.EffectiveTime, 0);
        table.Float64("value").CopyTo(batch.Value, 0);
        table.Time("known_from").CopyTo(batch.KnownFrom, 0);
        table.Time("known_to").CopyTo(batch.KnownTo, 0);
        table.Text("device_id").CopyTo(batch.DeviceId!, 0);
        table.Text("stream").CopyTo(batch.Stream!, 0);
        table.Int64("offset").CopyTo(batch.Offset, 0);
        table.Int32("ordinal").CopyTo(batch.Ordinal, 0);
        return batch;
    }

    /// <summary>
    /// A gold table as columns by patient, without a string per row; the columns are the table's own. One that is not sorted by
    /// patient throws <see cref="LakeException"/> naming its file.
    /// </summary>
    public static ObservationColumns ToObservationColumns(ParquetTable table, VitalSignCatalog catalog)
    {
        var (patients, starts) = PatientsOf(table);
        return new ObservationColumns
        {
            Patients = patients,
            PatientStart = starts,
            Vital = VitalsOf(table, catalog),
            EffectiveTime = table.Time("effective_time"),
            Value = table.Float64("value"),
            KnownFrom = table.Time("known_from"),
            KnownTo = table.Time("known_to"),
        };
    }

    /// <summary>The patients of a table sorted by <c>patient_id</c>, and where the rows of each start; one more for the end.</summary>
    public static (string[] Patients, int[] Starts) PatientsOf(ParquetTable table)
    {
        var column = table.Codes("patient_id");
        var codes = column.Codes;
        var patients = new List<string>(column.Texts.Length);
        var starts = new List<int>(column.Texts.Length + 1);
        for (var row = 0; row < codes.Length; row += 1 + SameBehind(codes.AsSpan(row)))
        {
            var patient = column.Texts[codes[row]] ?? throw table.Broken("it has rows of no patient");
            if (patients.Count > 0 && string.CompareOrdinal(patients[^1], patient) >= 0)
            {
                throw table.Broken($"its rows are not sorted by patient, from row {row + 1} on");
            }

            patients.Add(patient);
            starts.Add(row);
        }

        starts.Add(codes.Length);
        return ([.. patients], [.. starts]);
    }

    /// <summary>A number in a footer; throws <see cref="LakeException"/> naming <paramref name="file"/> where it is not there.</summary>
    public static long Number(IReadOnlyDictionary<string, string> metadata, string key, string file) =>
        metadata.TryGetValue(key, out var text) && long.TryParse(text, NumberStyles.AllowLeadingSign, CultureInfo.InvariantCulture, out var number)
            ? number
            : throw new LakeException($"{file}: not a file that this program wrote (its footer has no number '{key}'). Restore it, or delete it if it is derived (silver, gold) and run again.");

    private static string?[] Codes(List<int> vitals, VitalSignCatalog catalog)
    {
        var codes = new string?[vitals.Count];
        for (var i = 0; i < codes.Length; i++)
        {
            codes[i] = catalog.Vitals[vitals[i]].Code;
        }

        return codes;
    }

    private static bool[] Flags(HashSet<int> rows, int count)
    {
        var flags = new bool[count];
        foreach (var row in rows)
        {
            flags[row] = true;
        }

        return flags;
    }

    private static void AddFlags(bool[] flags, int before, HashSet<int> rows)
    {
        for (var i = Array.IndexOf(flags, true); i >= 0; i = Array.IndexOf(flags, true, i + 1))
        {
            rows.Add(before + i);
        }
    }

    /// <summary>How many rows behind the first have its code.</summary>
    private static int SameBehind(ReadOnlySpan<int> codes) => codes[1..].IndexOfAnyExcept(codes[0]) is var other and >= 0 ? other : codes.Length - 1;

    /// <summary>The vitals that a table's <c>code</c> column names, by index in the catalog.</summary>
    public static int[] VitalsOf(ParquetTable table, VitalSignCatalog catalog)
    {
        var codes = table.Codes("code");
        var vitals = Array.ConvertAll(codes.Texts, code => catalog.TryGetByCode(code, out var vital)
            ? vital!.Index
            : throw table.Broken($"the code '{code}' is not in this version's catalog"));
        var indexes = GC.AllocateUninitializedArray<int>(codes.Codes.Length);
        for (var row = 0; row < indexes.Length; row++)
        {
            indexes[row] = vitals[codes.Codes[row]];
        }

        return indexes;
    }
}
