using System.Collections.Frozen;
using System.Globalization;
using NodaTime;
using NodaTime.Text;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>Where an escalation goes, as it is written.</summary>
internal sealed record EscalationDocument(string? User = null, string? Webhook = null, string? Secret = null);

/// <summary>Who stands in for whom, as it is written.</summary>
internal sealed record CoverDocument(string For, string By, string From, string To);

/// <summary>How follow-ups of a team are delivered, as it is written; what is null is as the default says.</summary>
internal sealed record TeamDeliveryDocument
{
    private static readonly TimeSpan s_longest = TeamDelivery.Longest.ToTimeSpan();

    public bool? Deliver { get; init; }

    public string? Webhook { get; init; }

    public string? Secret { get; init; }

    public string? TimeZone { get; init; }

    public IReadOnlyList<string?>? WorkingDays { get; init; }

    public string? QuietHours { get; init; }

    public IReadOnlyList<string?>? Holidays { get; init; }

    public string? RemindAfter { get; init; }

    public string? EscalateAfter { get; init; }

    public string? GiveUpAfter { get; init; }

    public EscalationDocument? EscalateTo { get; init; }

    public bool? UrgentIgnoresQuietHours { get; init; }

    public bool? IncludePatientId { get; init; }

    public IReadOnlyList<CoverDocument?>? Cover { get; init; }

    /// <summary>The same, with what the default says where this says nothing. A secret goes with its webhook.</summary>
    public TeamDeliveryDocument Over(TeamDeliveryDocument? byDefault) => byDefault is null ? this : new()
    {
        Deliver = Deliver,
        Webhook = Webhook ?? byDefault.Webhook,
        Secret = Secret ?? (Webhook is null ? byDefault.Secret : null),
        TimeZone = TimeZone ?? byDefault.TimeZone,
        WorkingDays = WorkingDays ?? byDefault.WorkingDays,
        QuietHours = QuietHours ?? byDefault.QuietHours,
        Holidays = Holidays ?? byDefault.Holidays,
        RemindAfter = RemindAfter ?? byDefault.RemindAfter,
        EscalateAfter = EscalateAfter ?? byDefault.EscalateAfter,
        GiveUpAfter = GiveUpAfter ?? byDefault.GiveUpAfter,
        EscalateTo = EscalateTo ?? byDefault.EscalateTo,
        UrgentIgnoresQuietHours = UrgentIgnoresQuietHours ?? byDefault.UrgentIgnoresQuietHours,
        IncludePatientId = IncludePatientId ?? byDefault.IncludePatientId,
        Cover = Cover ?? byDefault.Cover,
    };

    /// <summary>What it says; null where nothing is delivered, and where something is wrong, which is added to <paramref name="problems"/>.</summary>
    public TeamDelivery? ToDelivery(List<string> problems)
    {
        if (Deliver == false)
        {
            return null;
        }

        var webhook = Hook("webhook", Webhook, Secret, problems);
        var hours = Hours(problems);
        var (remind, escalate, giveUp) = (
            Length("remindAfter", RemindAfter, Duration.FromHours(1), problems), Length("escalateAfter", EscalateAfter, Duration.FromHours(2), problems), Length("giveUpAfter", GiveUpAfter, Duration.FromHours(8), problems));
        // What is closed when it was to be escalated is escalated to nobody.
        if (problems.Count == 0 && !(remind <= escalate && escalate < giveUp))
        {
            problems.Add($"remindAfter ({remind}) must not be more than escalateAfter ({escalate}), and that must be less than giveUpAfter ({giveUp}).");
        }

        var to = EscalateTo;
        if (to is { User: null, Webhook: null })
        {
            problems.Add("escalateTo: names nobody; give it a user, or a webhook with its secret.");
        }

        var escalation = to is { Webhook: not null } ? Hook("escalateTo.webhook", to.Webhook, to.Secret, problems) : null;
        var covers = Covers(problems);
        return problems.Count > 0 ? null : new TeamDelivery
        {
            Webhook = webhook!,
            Hours = hours,
            RemindAfter = remind,
            EscalateAfter = escalate,
            GiveUpAfter = giveUp,
            EscalationWebhook = escalation,
            EscalationUser = to?.User,
            Covers = covers,
            UrgentAtAnyTime = UrgentIgnoresQuietHours ?? false,
            IncludePatientId = IncludePatientId ?? false,
        };
    }

    /// <summary>An address that something may be sent to: over TLS, or within the machine.</summary>
    public static bool TryUrl(string? text, out Uri? url) =>
        Uri.TryCreate(text, UriKind.Absolute, out url)
        && (url.Scheme == Uri.UriSchemeHttps || (url.Scheme == Uri.UriSchemeHttp && url.IsLoopback))
        && url.UserInfo.Length == 0 && url.Fragment.Length == 0 && url.Host.Length > 0;

    private static Webhook? Hook(string what, string? text, string? secret, List<string> problems)
    {
        // A webhook's address may hold a key: it is not shown.
        var isUrl = TryUrl(text, out var url);
        if (!isUrl)
        {
            problems.Add(text is null ? $"{what} is missing." : $"{what} is no address that may be sent to; take an https URL without user and fragment (http on the loopback only).");
        }

        var isVariable = secret is { Length: > 0 and <= 100 } && secret.All(c => char.IsAsciiLetterOrDigit(c) || c == '_') && !char.IsAsciiDigit(secret[0]);
        if (!isVariable)
        {
            problems.Add(secret is null
                ? $"{what} has no secret: name the environment variable that holds it."
                : $"the secret of {what} is not the name of an environment variable (letters, digits and '_'); the secret itself has no place in the file.");
        }

        return isUrl && isVariable ? new Webhook(url!, secret!) : null;
    }

    private WorkingHours Hours(List<string> problems)
    {
        var zone = DateTimeZoneProviders.Tzdb.GetZoneOrNull(TimeZone ?? "Etc/UTC");
        if (zone is null)
        {
            problems.Add($"timeZone '{FollowUpFile.OneLine(TimeZone)}' is none; take an IANA name such as Europe/London.");
        }

        var days = new List<IsoDayOfWeek>();
        foreach (var day in WorkingDays ?? [])
        {
            if (day is { Length: > 5 } && day.All(char.IsAsciiLetter) && Enum.TryParse<IsoDayOfWeek>(day, ignoreCase: true, out var parsed) && parsed != IsoDayOfWeek.None)
            {
                days.Add(parsed);
            }
            else
            {
                problems.Add($"workingDays: '{FollowUpFile.OneLine(day)}' is no day; take monday to sunday.");
            }
        }

        if (WorkingDays is { Count: 0 })
        {
            problems.Add("workingDays: names no day; leave it out for all seven, or write \"deliver\": false.");
        }

        var holidays = new List<LocalDate>();
        foreach (var day in Holidays ?? [])
        {
            Date("holidays", day, problems, holidays.Add);
        }

        return new WorkingHours
        {
            Zone = zone ?? DateTimeZone.Utc,
            Days = days.Count == 0 ? WorkingHours.EveryDay : days.ToFrozenSet(),
            Quiet = Quiet(problems),
            Holidays = holidays.ToFrozenSet(),
        };
    }

    private (LocalTime From, LocalTime To)? Quiet(List<string> problems)
    {
        if (QuietHours is null)
        {
            return null;
        }

        var pattern = LocalTimePattern.CreateWithInvariantCulture("HH:mm");
        if (QuietHours.Split('-') is [var a, var b] && pattern.Parse(a).TryGetValue(default, out var from) && pattern.Parse(b).TryGetValue(default, out var to) && from != to)
        {
            return (from, to);
        }

        problems.Add($"quietHours '{FollowUpFile.OneLine(QuietHours)}' are none; take two different times, as 18:00-08:00.");
        return null;
    }

    private List<Cover> Covers(List<string> problems)
    {
        var covers = new List<Cover>();
        foreach (var (i, cover) in (Cover ?? []).Index())
        {
            if (cover is not { For.Length: > 0, By.Length: > 0 })
            {
                problems.Add($"cover {i + 1}: says not who stands in for whom; give it for and by.");
                continue;
            }

            LocalDate? from = null, to = null;
            Date($"cover {i + 1}, from", cover.From, problems, d => from = d);
            Date($"cover {i + 1}, to", cover.To, problems, d => to = d);
            if (from > to)
            {
                problems.Add($"cover {i + 1}: ends before it begins.");
            }
            else if (from is { } first && to is { } last)
            {
                covers.Add(new Cover(cover.For, cover.By, first, last));
            }
        }

        return covers;
    }

    private static void Date(string what, string? text, List<string> problems, Action<LocalDate> found)
    {
        if (LocalDatePattern.Iso.Parse(text ?? "").TryGetValue(default, out var date))
        {
            found(date);
        }
        else
        {
            problems.Add($"{what}: '{FollowUpFile.OneLine(text)}' is no day; take year-month-day, as 2026-12-25.");
        }
    }

    private static Duration Length(string what, string? text, Duration byDefault, List<string> problems)
    {
        if (text is null)
        {
            return byDefault;
        }

        if (TimeSpan.TryParseExact(text, ["c", @"hh\:mm\:ss\.FFF"], CultureInfo.InvariantCulture, out var length) && length > TimeSpan.Zero && length <= s_longest)
        {
            return Duration.FromTimeSpan(length);
        }

        problems.Add($"{what} '{FollowUpFile.OneLine(text)}' is none; take [days.]hours:minutes:seconds, as 01:15:00, more than none and up to {s_longest.TotalDays:0} days.");
        return byDefault;
    }
}
