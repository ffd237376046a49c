using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using Cronos;
using NodaTime;

namespace RemoteMonitoring.Workflows.Schedules;

/// <summary>
/// When something comes round, in the five fields of cron: minute, hour, day of the month, month, day of the week. Only what every scheduler reads alike:
/// numbers, English three-letter names, <c>*</c>, ranges, steps (<c>*/5</c>, <c>8-18/2</c>) and lists. Where both days are restricted, both must hold.
/// </summary>
public sealed class CronText
{
    private static readonly (string Name, int Least, int Most, string[] Names, int NameOffset)[] s_fields =
    [
        ("minute", 0, 59, [], 0),
        ("hour", 0, 23, [], 0),
        ("day of the month", 1, 31, [], 0),
        ("month", 1, 12, ["JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"], 1),
        ("day of the week", 0, 7, ["SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"], 0),
    ];

    private readonly CronExpression _expression;
    private readonly SortedSet<int>[] _fields;

    private CronText(string text, CronExpression expression, SortedSet<int>[] fields) => (Text, _expression, _fields) = (text, expression, fields);

    /// <summary>The text.</summary>
    public string Text { get; }

    /// <summary>Reads a text; otherwise says in one line what is wrong with it.</summary>
    public static bool TryParse(string text, [NotNullWhen(true)] out CronText? cron, [NotNullWhen(false)] out string? problem)
    {
        (cron, problem) = (null, null);
        var parts = text.Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries);
        if (parts.Length != s_fields.Length)
        {
            problem = $"'{text}' has {parts.Length} fields; cron has five: minute, hour, day of the month, month, day of the week";
            return false;
        }

        var fields = new SortedSet<int>[s_fields.Length];
        for (var i = 0; i < fields.Length; i++)
        {
            if (Values(parts[i], i) is not { } values)
            {
                var (name, least, most, _, _) = s_fields[i];
                problem = $"the {name} '{parts[i]}' of '{text}' is none: take *, or numbers from {least} to {most}, ranges (a-b), steps (*/n, a-b/n) and lists of them";
                return false;
            }

            fields[i] = values;
        }

        var expression = CronExpression.Parse(string.Join(' ', parts), CronFormat.Standard);
        if (expression.GetNextOccurrence(new DateTime(2000, 1, 1, 0, 0, 0, DateTimeKind.Utc)) is null)
        {
            problem = $"'{text}' never comes";
            return false;
        }

        cron = new CronText(text, expression, fields);
        return true;
    }

    /// <summary>
    /// The same for a timer trigger of Azure Functions, whose six fields begin with the second: every value written out, Sunday as 0. It means the
    /// time of the app, one zone for all its triggers (<c>WEBSITE_TIME_ZONE</c>; UTC where it is not set).
    /// </summary>
    public string ToTimerTrigger() => "0 " + string.Join(' ', _fields.Select((values, i) =>
        values.Count == (i == 4 ? 7 : s_fields[i].Most - s_fields[i].Least + 1) ? "*" : string.Join(',', values)));

    /// <summary>
    /// The instants at which it comes in a zone, after one instant and up to another, in order. A time that the clocks skip comes when they have, except where
    /// the hour is open (<c>*</c>, ranges, steps): then only what the clocks show. A time that they show twice comes once, the first time, with the same exception: then twice.
    /// </summary>
    public IEnumerable<Instant> Between(Instant after, Instant until, TimeZoneInfo zone) => until <= after
        ? []
        : _expression.GetOccurrences(after.ToDateTimeOffset(), until.ToDateTimeOffset(), zone, fromInclusive: false, toInclusive: true).Select(Instant.FromDateTimeOffset);

    /// <summary>The instants at which it comes in a zone after one, in order, for ever.</summary>
    public IEnumerable<Instant> After(Instant after, TimeZoneInfo zone)
    {
        for (var at = after.ToDateTimeOffset(); _expression.GetNextOccurrence(at, zone) is { } next; at = next)
        {
            yield return Instant.FromDateTimeOffset(next);
        }
    }

    /// <inheritdoc />
    public override string ToString() => Text;

    private static SortedSet<int>? Values(string part, int field)
    {
        var values = new SortedSet<int>();
        foreach (var item in part.Split(','))
        {
            var (range, step) = item.Split('/') switch
            {
                [var only] => (only, 1),
                [var stepped, var text] when stepped.Contains('-', StringComparison.Ordinal) || stepped == "*" => (stepped, Number(text) is { } n and > 0 ? n : -1),
                _ => ("", -1),
            };
            var (_, least, most, _, _) = s_fields[field];
            var (from, to) = range == "*" ? (least, field == 4 ? 6 : most) : range.Split('-') switch
            {
                [var one] when Value(one, field) is { } value => (value, value),
                [var first, var last] when Value(first, field) is { } a && Value(last, field) is { } b => (a, b),
                _ => (-1, -1),
            };
            if (step < 1 || from < least || to > most || from > to)
            {
                return null;
            }

            for (var value = from; value <= to; value += step)
            {
                values.Add(field == 4 ? value % 7 : value);
            }
        }

        return values;
    }

    private static int? Value(string text, int field)
    {
        var (_, _, _, names, offset) = s_fields[field];
        return Array.FindIndex(names, n => n.Equals(text, StringComparison.OrdinalIgnoreCase)) is >= 0 and var named ? named + offset : Number(text);
    }

    private static int? Number(string text) => int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) ? number : null;
}
