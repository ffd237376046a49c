using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Audit;

/// <summary>An entry that was found.</summary>
/// <param name="Entry">The entry.</param>
/// <param name="TeamName">Name of its team; null where it is about none, or the team is not stated.</param>
/// <param name="Where">Where on the lists it speaks of the patient was who is looked for; null where nobody is, or it names them itself.</param>
public sealed record FoundEntry(AuditEntry Entry, string? TeamName, string? Where)
{
    /// <summary>What the user is called today; null where there is no user of the name any more, or the entry is nobody's.</summary>
    public string? UserName { get; init; }

    /// <summary>Whether its patient is on the roster today.</summary>
    public bool IsOnRoster { get; init; }

    /// <summary>When its patient was erased; null where they were not.</summary>
    public Instant? ErasedAt { get; init; }

    /// <summary>Who, in words.</summary>
    public string Who => Entry.User is not { } user ? "nobody known"
        : user == AuditLog.CommandLine || UserName == user ? user
        : UserName is { } name ? $"{name} ({user})" : $"{user} (no user of this name today)";

    /// <summary>Which patient, in words; empty where it is about none.</summary>
    public string Patient => Entry.PatientId is { } id ? IsOnRoster ? id : $"{id} (not on the roster)"
        : Entry.ErasedPatient is not { } erased ? ""
        : ErasedAt is { } at ? FormattableString.Invariant($"erased on {at.InUtc().Date:uuuu-MM-dd} (UTC): who it was cannot be told, {erased} stands for them")
        : $"erased: who it was cannot be told, {erased} stands for them";

    /// <summary>What of which lists was shown, in words; empty where no list was.</summary>
    public string Shown => Entry.Shown is not { } shown ? SaysNoList(Entry) ? "which list is not on record" : "" : string.Join("; ", shown.Lists
        .Select(l => FormattableString.Invariant($"{l.Title}, for {l.AsOf}, run {l.Run}"))
        .Append(shown.Lists.Count == 0 ? null : shown.To is not { } to ? "all rows" : to == shown.From ? "no rows" : FormattableString.Invariant($"rows {shown.From + 1} to {to}"))
        .Append(shown.Lanes ? "lanes" : null)
        .Append(shown.Urgent.Count == 0 ? null : FormattableString.Invariant($"{shown.Urgent.Count} urgent"))
        .OfType<string>());

    /// <summary>Whether an entry is of a list, and from before entries said of which.</summary>
    internal static bool SaysNoList(AuditEntry entry) => entry is { Event: AuditEvent.ListViewed, Shown: null, SchemaVersion: < 2 };
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
    /// The entries that are looked for: where glass was broken first, then the latest first. Of a patient also those of lists that had them; lists that are gone, and entries from before they said which list, are told as such where the
    /// patient was of the team. Who was erased is found by id, handle or hash; of them a list tells that they were on it or counted, and not where.
    /// </summary>
    public async Task<IReadOnlyList<FoundEntry>> RunAsync(WorklistServices services, CancellationToken cancellationToken)
    {
        var patient = services.Handles.Find(Patient) ?? Patient;
        var today = await services.Reference.TodayAsync(cancellationToken);
        var erasures = await services.Store.Reference.ErasuresAsync(cancellationToken);
        var hash = Patient.Length == 0 ? null : erasures.HashOf(patient);
        var lists = Patient.Length == 0 ? null : await ShownPatients.OpenAsync(services, cancellationToken);
        var found = new List<FoundEntry>();
        for (var day = To; day >= From; day = day.PlusDays(-1))
        {
            foreach (var entry in (await services.Audit.OfDayAsync(day, cancellationToken)).Where(e =>
                User.Length == 0 || string.Equals(e.User, User, StringComparison.OrdinalIgnoreCase) || string.Equals(e.Detail, User, StringComparison.OrdinalIgnoreCase)))
            {
                var where = lists is null ? null : await lists.WhereAsync(entry, patient, hash, cancellationToken);
                if (lists is null || entry.PatientId == patient || (hash is not null && entry.ErasedPatient == hash) || where is not null)
                {
                    found.Add(new(entry, entry.CareTeamId is { } team ? today.Teams.GetValueOrDefault(team)?.Name : null, where)
                    {
                        UserName = entry.User is { } user && today.Members.TryGetValue(user, out var member) ? member.DisplayName : null,
                        IsOnRoster = entry.PatientId is { } id && today.Patients.ContainsKey(id),
                        ErasedAt = entry.ErasedPatient is { } erased ? erasures.ErasedAt(erased) : null,
                    });
                }
            }
        }

        return [.. found.OrderByDescending(e => e.Entry.Event is AuditEvent.GlassBroken or AuditEvent.GlassRefused).ThenByDescending(e => e.Entry.Id, StringComparer.Ordinal)];
    }
}
