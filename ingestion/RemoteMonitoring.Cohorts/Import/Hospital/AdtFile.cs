using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import.Hospital;

/// <summary>
/// HL7 v2 ADT messages from a file: one or a batch, segments ended by CR, LF or both, MLLP frames tolerated. A01 and A04 admit,
/// A03 discharges, A11 takes an admission back, a death indicator (PID-30, at PID-29) is a death; other events are counted and
/// change nothing. Times are PV1-44 and PV1-45, else EVN-2.
/// </summary>
public static class AdtFile
{
    private static readonly char[] s_framing = ['\u000B', '\u001C', '\uFEFF', ' '];

    /// <summary>Reads the file; a message that cannot be used is a problem at its line.</summary>
    public static HospitalEvents Read(string file, HospitalFileOptions options)
    {
        if (!File.Exists(file))
        {
            throw new ImportException($"{file}: there is no such file.");
        }

        return SourceFile.Guard(file, () =>
        {
            var events = new HospitalEvents(file, options);
            using var reader = new StreamReader(file, Encoding.UTF8);
            Message? message = null;
            for (var line = 1L; reader.ReadLine() is { } text; line++)
            {
                text = text.Trim(s_framing);
                if (text.StartsWith("MSH", StringComparison.Ordinal))
                {
                    Take(message, events, options);
                    message = Begin(line, text, events);
                }
                else if (text.Length > 0 && !(text.Length >= 3 && text[..3] is "FHS" or "BHS" or "BTS" or "FTS"))
                {
                    if (message is not null)
                    {
                        message.Add(line, text);
                    }
                    else if (events.Problems is not [.., var last] || last.What != "belongs to no message")
                    {
                        events.Problem(line, null, "belongs to no message", "a message begins with MSH and its encoding characters");
                    }
                }
            }

            Take(message, events, options);
            events.Settle();
            return events;
        });
    }

    private static Message? Begin(long line, string text, HospitalEvents events)
    {
        events.Read++;
        if (text.Length >= 8 && (text.Length == 8 || text.IndexOf(text[3], 4) is 8 or 9) && text[3..8].Distinct().Count() == 5)
        {
            return new Message(line, text);
        }

        events.Problem(line, "MSH-2", "names no four encoding characters", "a message begins like MSH|^~\\&|");
        return null;
    }

    private static void Take(Message? message, HospitalEvents events, HospitalFileOptions options)
    {
        if (message is null)
        {
            return;
        }

        var (type, trigger) = (message.Component("MSH", 9, 1), message.Component("MSH", 9, 2) is { Length: > 0 } t ? t : message.Component("EVN", 1, 1));
        if (type != "ADT")
        {
            events.Ignore(type.Length == 0 ? "a message without type" : $"messages of type {type}");
            return;
        }

        var isDeath = message.Component("PID", 30, 1) == "Y";
        if (trigger is not ("A01" or "A03" or "A04" or "A11") && !isDeath)
        {
            events.Ignore($"ADT {trigger}");
            return;
        }

        if (PatientOf(message, events, options) is not { } patient || !TryTime(message, "EVN", 2, events, out var happened))
        {
            return;
        }

        var isAdmission = trigger is "A01" or "A04";
        if ((isAdmission || trigger == "A11") && TryTime(message, "PV1", 44, events, out var admitted))
        {
            if (!isAdmission)
            {
                events.CancelAdmission(message.Line, patient, admitted, happened ?? options.Now);
            }
            else
            {
                AddAt(admitted ?? happened, CensusKind.Admitted);
            }
        }

        if (trigger == "A03" && TryTime(message, "PV1", 45, events, out var discharged))
        {
            AddAt(discharged ?? happened, CensusKind.Discharged);
        }

        if (isDeath && TryTime(message, "PID", 29, events, out var died))
        {
            AddAt(died ?? happened, CensusKind.Died);
        }

        void AddAt(Instant? time, CensusKind kind)
        {
            if (time is { } at)
            {
                events.Add(message.Line, patient, kind, at);
            }
            else
            {
                events.Problem(message.Line, null, "says nowhere when it happened", "give EVN-2, or PV1-44, PV1-45 or PID-29");
            }
        }
    }

    private static string? PatientOf(Message message, HospitalEvents events, HospitalFileOptions options)
    {
        var ids = message.Repetitions("PID", 3).Where(id => id.Length > 0 && id[0].Length > 0).ToArray();
        if (options.IdSystem is { } system)
        {
            ids = [.. ids.Where(id => id.Length > 3 && id[3].Split(message.Subcomponent).Any(part => message.Unescape(part) == system))];
        }

        var distinct = ids.Select(id => message.Unescape(id[0])).Distinct(StringComparer.Ordinal).ToArray();
        if (distinct.Length == 1)
        {
            return distinct[0];
        }

        events.Problem(message.LineOf("PID"), "PID-3", distinct.Length == 0
            ? options.IdSystem is null ? "names no patient" : $"names no patient id of '{options.IdSystem}'"
            : "names several patient ids",
            distinct.Length == 0 ? "mend it, or name another authority with --id-system" : "name the authority of the roster's ids with --id-system");
        return null;
    }

    /// <summary>A time that may be left out; false, with a problem, where it is there and cannot be used.</summary>
    private static bool TryTime(Message message, string segment, int field, HospitalEvents events, out Instant? time)
    {
        var text = message.Component(segment, field, 1);
        time = text.Length == 0 ? null : events.Time(message.LineOf(segment), string.Create(CultureInfo.InvariantCulture, $"{segment}-{field}"), ToIso(text));
        return text.Length == 0 || time is not null;
    }

    /// <summary><c>YYYYMMDD[HH[MM[SS[.S…]]]][±ZZZZ]</c> as ISO 8601; another form as it is.</summary>
    private static string ToIso(string text)
    {
        var sign = text.LastIndexOfAny(['+', '-']);
        var (time, zone) = sign < 0 ? (text, "") : (text[..sign], text[sign..]);
        var (whole, fraction) = time.IndexOf('.') is var dot and >= 0 ? (time[..dot], time[dot..]) : (time, "");
        if (whole.Length is not (8 or 10 or 12 or 14) || !whole.All(char.IsAsciiDigit) || zone.Length is not (0 or 5))
        {
            return text;
        }

        whole = whole.PadRight(14, '0');
        return $"{whole[..4]}-{whole[4..6]}-{whole[6..8]}T{whole[8..10]}:{whole[10..12]}:{whole[12..14]}{fraction}{(zone.Length == 0 ? "" : $"{zone[..3]}:{zone[3..]}")}";
    }

    /// <summary>One message: its segments by name, the first of each.</summary>
    private sealed class Message
    {
        private readonly Dictionary<string, (long Line, string[] Fields)> _segments = new(StringComparer.Ordinal);
        private readonly char _field;
        private readonly char _component;
        private readonly char _repetition;
        private readonly char _escape;

        public Message(long line, string msh)
        {
            (Line, _field, _component, _repetition, _escape, Subcomponent) = (line, msh[3], msh[4], msh[5], msh[6], msh[7]);
            // MSH-1 is the separator itself: with it in place, the fields count as in all other segments.
            _segments["MSH"] = (line, ["MSH", _field.ToString(), .. msh[4..].Split(_field)]);
        }

        public long Line { get; }

        public char Subcomponent { get; }

        public void Add(long line, string text)
        {
            var fields = text.Split(_field);
            _segments.TryAdd(fields[0], (line, fields));
        }

        public long LineOf(string segment) => _segments.TryGetValue(segment, out var found) ? found.Line : Line;

        public IEnumerable<string[]> Repetitions(string segment, int field) => Field(segment, field).Split(_repetition).Select(r => r.Split(_component));

        public string Component(string segment, int field, int component) =>
            Field(segment, field).Split(_repetition)[0].Split(_component) is var parts && parts.Length >= component ? Unescape(parts[component - 1]).Trim() : "";

        public string Unescape(string text)
        {
            if (!text.Contains(_escape))
            {
                return text;
            }

            var result = new StringBuilder();
            for (var i = 0; i < text.Length; i++)
            {
                var end = text[i] == _escape ? text.IndexOf(_escape, i + 1) : -1;
                if (end < 0)
                {
                    result.Append(text[i]);
                    continue;
                }

                result.Append(text[(i + 1)..end] switch
                {
                    "F" => _field.ToString(),
                    "S" => _component.ToString(),
                    "T" => Subcomponent.ToString(),
                    "R" => _repetition.ToString(),
                    "E" => _escape.ToString(),
                    ['X', .. var hex] when hex.Length % 2 == 0 && hex.All(char.IsAsciiHexDigit) => Encoding.UTF8.GetString(Convert.FromHexString(hex)),
                    _ => "", // highlighting and other formatting
                });
                i = end;
            }

            return result.ToString();
        }

        private string Field(string segment, int field) =>
            _segments.TryGetValue(segment, out var found) && found.Fields.Length > field ? found.Fields[field] : "";
    }
}
