using System.Text;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Storage.Erasure;

/// <summary>
/// A batch of reference events without what was erased. A line of an erased patient is left blank; of a device that others
/// had too the statement stays, and names nobody, so that what it says of the others holds on. The same batch gives the same
/// bytes each time, so one that comes again after an erasure is known as the one that is there.
/// </summary>
internal static class ErasedLines
{
    /// <summary>The batch's bytes, the same where nothing was erased, and how many lines were.</summary>
    public static (ReadOnlyMemory<byte> Bytes, int Erased) Filter(string kind, ReadOnlyMemory<byte> batch, Erasures erasures)
    {
        if (erasures.Count == 0 || JudgeOf(kind) is not { } judge)
        {
            return (batch, 0);
        }

        var span = batch.Span;
        var preamble = span.StartsWith(Encoding.UTF8.Preamble) ? Encoding.UTF8.Preamble.Length : 0;
        var lines = Encoding.UTF8.GetString(span[preamble..]).Split('\n');
        var erased = 0;
        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Trim() is { Length: > 0 } line && judge(line, erasures) is { } instead)
            {
                lines[i] = instead;
                erased++;
            }
        }

        return erased == 0 ? (batch, 0) : ((byte[])[.. span[..preamble], .. Encoding.UTF8.GetBytes(string.Join('\n', lines))], erased);
    }

    /// <summary>Whether a batch says nothing.</summary>
    public static bool IsBlank(ReadOnlySpan<byte> batch) => batch.Trim(" \r\n\t"u8).IsEmpty;

    /// <summary>What stands in place of a line of a kind that was erased; null where it was not.</summary>
    private static Func<string, Erasures, string?>? JudgeOf(string kind) => kind switch
    {
        ReferenceKinds.Roster => (line, erasures) => Read<Patient>(line) is { } p && erasures.Cover(p.PatientId, p.Known, null) ? "" : null,
        ReferenceKinds.Assignments => Assignment,
        ReferenceKinds.Census => (line, erasures) => Read<CensusEvent>(line) is { } c && erasures.Cover(c.PatientId, c.Known, c.Effective) ? "" : null,
        ReferenceKinds.Outcomes => (line, erasures) => Read<Outcome>(line) is { } o && erasures.Cover(o.PatientId, o.Known, o.Effective) ? "" : null,
        ReferenceKinds.Contacts => (line, erasures) => Read<Contact>(line) is { } c && erasures.Cover(c.PatientId, c.Known, c.Effective) ? "" : null,
        ReferenceKinds.Reprocess => (line, erasures) => Read<ReprocessCommand>(line) is { DeviceId: { } device } r && erasures.CoverDevice(device, r.Known) ? "" : null,
        ReferenceKinds.Actions => (line, erasures) => Read<WorklistAction>(line) is { } a && erasures.Cover(a.PatientId, a.Known, null) ? "" : null,
        ReferenceKinds.CarePlans => (line, erasures) => Read<CarePlan>(line) is { } p && erasures.Cover(p.PatientId, p.Known, null) ? "" : null,
        _ => null,
    };

    private static string? Assignment(string line, Erasures erasures)
    {
        if (Read<DeviceAssignment>(line) is not { } a || !erasures.Cover(a.PatientId, a.Known, a.From))
        {
            return null;
        }

        return erasures.IsShared(a.DeviceId) ? ReferenceJson.ToLine(a with { PatientId = DeviceAssignment.Nobody }) : "";
    }

    /// <summary>A line that cannot be read is not judged here: who reads the log says what is wrong with it.</summary>
    private static T? Read<T>(string line)
        where T : class
    {
        try
        {
            return ReferenceJson.FromLine<T>(line);
        }
        catch (System.Text.Json.JsonException)
        {
            return null;
        }
    }
}
