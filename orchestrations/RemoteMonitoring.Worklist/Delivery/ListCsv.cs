using System.Globalization;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>
/// A team's lists as CSV (RFC 4180, UTF-8), a row for each patient of a lane: <c>lane</c> (<c>urgent</c>, <c>listed</c>, <c>silent</c>, <c>technical</c>, <c>resting</c>,
/// <c>not-scored</c>), <c>list</c> (what is foreseen), <c>as_of</c>, <c>run</c>, <c>rank</c> (from 1), <c>patient_id</c>, <c>risk</c> (as it is shown, by which the list goes), <c>probability</c> (calibrated, 0–1), <c>band</c>, <c>news2_low</c>,
/// <c>news2</c>, <c>news2_high</c>, <c>last_reading</c>, <c>reasons</c> (with a last line of readings that are outside the usual range and moved nothing) and <c>technical</c> (sentences, one a line). A cell that a spreadsheet would take for a formula begins with
/// an apostrophe. What is not known, or says nothing of a lane, is empty.
/// </summary>
public static class ListCsv
{
    /// <summary>The columns, in order.</summary>
    public static IReadOnlyList<string> Columns { get; } =
        ["lane", "list", "as_of", "run", "rank", "patient_id", "risk", "probability", "band", "news2_low", "news2", "news2_high", "last_reading", "reasons", "technical"];

    /// <summary>Writes lists as they are: <see cref="Exports.ListsAsync"/> has cut them to who may be seen. Urgent readings come first, and are of no list.</summary>
    public static Task WriteAsync(ExportedLists lists, Stream output, CancellationToken cancellationToken) =>
        TableCsv.WriteAsync(
            Columns,
            [.. Urgent(lists).Concat(lists.Lists.SelectMany(Rows)).Select(r => (IReadOnlyList<string?>)[.. r.Cells.Select(Harmless)])],
            output,
            cancellationToken);

    /// <summary>A cell that no spreadsheet takes for a formula, nor one that takes the wide forms of signs for signs, and without the character at which some end a text.</summary>
    internal static string? Harmless(string? cell) => cell?.Replace("\0", "", StringComparison.Ordinal) is { } text
        ? text is ['=' or '+' or '-' or '@' or '\t' or '\r' or '\n' or '\uff1d' or '\uff0b' or '\uff0d' or '\uff20', ..] ? "'" + text : text
        : null;

    private static IEnumerable<Row> Urgent(ExportedLists lists) => lists.Urgent
        .GroupBy(u => u.PatientId, StringComparer.Ordinal)
        .Select(g => new Row("urgent", g.Key)
        {
            LastReading = g.Max(u => u.EffectiveTime),
            Reasons = [.. g.Select(u => ListWords.Urgent(u, lists.ZoneOf(u.PatientId), lists.Zone))],
        });

    private static IEnumerable<Row> Rows(TeamWorklist list)
    {
        IEnumerable<Row> rows =
        [
            .. list.Listed.Select((p, i) => new Row("listed", p.PatientId)
            {
                Rank = i + 1,
                Probability = p.Probability,
                Band = p.BandInWords,
                News2 = p.News2,
                LastReading = p.LastReading,
                Reasons = [.. p.Reasons.Select(r => r.Text), .. OutsideUsual.InWords(p) is { } outside ? (string[])[outside] : []],
                Technical = [.. p.Technical.Select(r => r.Text)],
            }),
            .. list.Silent.Select(s => new Row("silent", s.PatientId) { Probability = s.Probability, LastReading = s.LastReading, Reasons = [s.Why] }),
            .. list.Technical.GroupBy(t => t.PatientId, StringComparer.Ordinal).Select(g => new Row("technical", g.Key) { Technical = [.. g.Select(t => t.Text)] }),
            .. list.Resting.Select(r => new Row("resting", r.PatientId) { Probability = r.Probability, Reasons = [r.Why] }),
            .. list.SetAside.Concat(list.NotScored).Select(n => new Row("not-scored", n.PatientId) { Reasons = [n.Why] }),
        ];
        return rows.Select(r => r with { List = list });
    }

    private static string Text(Instant instant) => instant.ToString("uuuu-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture);

    private sealed record Row(string Lane, string PatientId)
    {
        public TeamWorklist? List { get; init; }

        public int? Rank { get; init; }

        public double? Probability { get; init; }

        public string? Band { get; init; }

        public News2Figures? News2 { get; init; }

        public Instant? LastReading { get; init; }

        public IReadOnlyList<string> Reasons { get; init; } = [];

        public IReadOnlyList<string> Technical { get; init; } = [];

        public string?[] Cells =>
        [
            Lane,
            List?.Title,
            List is null ? null : Text(List.AsOf),
            List?.Run,
            Rank?.ToString(CultureInfo.InvariantCulture),
            PatientId,
            Probability is { } risk ? RiskWords.Count(risk) : null,
            Probability?.ToString("R", CultureInfo.InvariantCulture),
            Band,
            News2?.Low.ToString(CultureInfo.InvariantCulture),
            News2?.Point.ToString(CultureInfo.InvariantCulture),
            News2?.High.ToString(CultureInfo.InvariantCulture),
            LastReading is { } last ? Text(last) : null,
            string.Join('\n', Reasons),
            string.Join('\n', Technical),
        ];
    }
}
