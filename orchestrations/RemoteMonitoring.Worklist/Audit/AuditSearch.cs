using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Audit;

/// <summary>An entry that was found.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="TeamName">Name of its team; null where it is about none, or the team is not stated.</param>
/// <param name="Where">Where on the lists it speaks of the patient was who is looked for; null where nobody is, or it names them itself.</param>
public sealed record FoundEntry(AuditEntry Entry, string? TeamName, string? Where)
{
    /// <summary>What of which lists was shown, in words; empty where no list was.</summary>
    public string Shown => Entry.Shown is not { } shown ? "" : string.Join("; ", shown.Lists
        .Select(l => FormattableString.Invariant($"{l.Title}, for {l.AsOf}, run {l.Run}"))
        .Append(shown.Lists.Count == 0 ? null : shown.To is not { } to ? "all rows" : to == shown.From ? "no rows" : FormattableString.Invariant($"rows {shown.From + 1} to {to}"))
        .Append(shown.Lanes ? "lanes" : null)
        .Append(shown.Urgent.Count == 0 ? null : FormattableString.Invariant($"{shown.Urgent.Count} urgent"))
        .OfType<string>());
}

/// <summary>What an auditor looks for.</summary>
public sealed record AuditSearch
{
    /// <summary>Days that one search goes through at the most.</summary>
    public const int MostDays = 92;

    /// <summary>Entries of a page.</summary>
    public const int PageSize = 100;

    /// <summary>First UTC day.</summary>
    public required LocalDate From { get; init; }

    /// <summary>Last UTC day, it included.</summary>
    public required LocalDate To { get; init; }

    /// <summary>Name of the user; empty for all.</summary>
    public string User { get; init; } = "";

    /// <summary>Id of the patient, or the handle in addresses, or the hash that stands for one who was erased; empty for all.</summary>
    public string Patient { get; init; } = "";

    /// <summary>Page, from 0.</summary>
    public int Page { get; init; }

    /// <summary>As a form has it; the second is what is wrong with it, or null.</summary>
    public static (AuditSearch Search, string? Wrong) Of(Func<string, string> field, LocalDate today)
    {
        var (from, to) = (LocalDatePattern.Iso.Parse(field("from")), LocalDatePattern.Iso.Parse(field("to")));
        var page = int.TryParse(field("page"), System.Globalization.NumberStyles.None, System.Globalization.CultureInfo.InvariantCulture, out var p) ? Math.Min(p, 100_000) : 0;
        var search = new AuditSearch
        {
            From = from.Success ? from.Value : today,
            To = to.Success ? to.Value : today,
            User = field("user").Trim(),
            Patient = field("patient").Trim(),
            Page = page,
        };
        return !from.Success || !to.Success ? (search, "A day is written like 2026-03-31.")
            : search.To < search.From ? (search, "The last day is before the first.")
            : Period.DaysBetween(search.From, search.To) >= MostDays ? (search, $"Ask for at most {MostDays} days at once.")
            : (search, null);
    }

    /// <summary>
    /// The entries that are looked for: where glass was broken first, then the latest first. Of a patient also those of lists that had them; lists that are gone are told as such where the patient was of the team. Of who
    /// was erased no list tells any more.
    /// </summary>
    public async Task<IReadOnlyList<FoundEntry>> RunAsync(WorklistServices services, CancellationToken cancellationToken)
    {
        var patient = services.Handles.Find(Patient) ?? Patient;
        var teams = (await services.Reference.TodayAsync(cancellationToken)).Teams;
        var lists = Patient.Length == 0 ? null : await ShownPatients.OpenAsync(services, cancellationToken);
        var found = new List<FoundEntry>();
        for (var day = To; day >= From; day = day.PlusDays(-1))
        {
            foreach (var entry in (await services.Audit.OfDayAsync(day, cancellationToken)).Where(e =>
                User.Length == 0 || string.Equals(e.User, User, StringComparison.OrdinalIgnoreCase) || string.Equals(e.Detail, User, StringComparison.OrdinalIgnoreCase)))
            {
                var where = lists is null ? null : await lists.WhereAsync(entry, patient, cancellationToken);
                if (lists is null || entry.PatientId == patient || entry.ErasedPatient == patient || where is not null)
                {
                    found.Add(new(entry, entry.CareTeamId is { } team ? teams.GetValueOrDefault(team)?.Name : null, where));
                }
            }
        }

        return [.. found.OrderByDescending(e => e.Entry.Event is AuditEvent.GlassBroken or AuditEvent.GlassRefused).ThenByDescending(e => e.Entry.Id, StringComparer.Ordinal)];
    }
}
