using NodaTime;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>Where something is delivered to.</summary>
/// <param name="Url">The webhook: https, or http on the loopback.</param>
/// <param name="SecretVariable">Name of the environment variable that holds the secret it is signed with.</param>
public sealed record Webhook(Uri Url, string SecretVariable);

/// <summary>Somebody stands in for somebody who is away.</summary>
/// <param name="For">Name of the user who is away.</param>
/// <param name="By">Name of the user who stands in.</param>
/// <param name="From">First day.</param>
/// <param name="To">Last day.</param>
public sealed record Cover(string For, string By, LocalDate From, LocalDate To)
{
    /// <summary>Who does a user's work on a day: who stands in, or who stands in for them; the user where nobody does, or each is away for the other.</summary>
    public static string On(IReadOnlyList<Cover> covers, string user, LocalDate day)
    {
        var seen = new HashSet<string>(StringComparer.OrdinalIgnoreCase);
        var who = user;
        while (seen.Add(who))
        {
            if (covers.FirstOrDefault(c => string.Equals(c.For, who, StringComparison.OrdinalIgnoreCase) && c.From <= day && day <= c.To) is not { } cover)
            {
                return who;
            }

            who = cover.By;
        }

        return user;
    }
}

/// <summary>How follow-ups of a team are delivered. All lengths of time are of working time, unless quiet hours are ignored.</summary>
public sealed record TeamDelivery
{
    /// <summary>Longest that anything may be set to take.</summary>
    public static readonly Duration Longest = Duration.FromDays(14);

    /// <summary>Where to.</summary>
    public required Webhook Webhook { get; init; }

    /// <summary>When the team may be told.</summary>
    public WorkingHours Hours { get; init; } = WorkingHours.Always;

    /// <summary>How long after the delivery it is reminded. Default an hour.</summary>
    public Duration RemindAfter { get; init; } = Duration.FromHours(1);

    /// <summary>How long after the delivery somebody else is told. Default two hours.</summary>
    public Duration EscalateAfter { get; init; } = Duration.FromHours(2);

    /// <summary>How long after its beginning a follow-up is closed as it stands. Default eight hours.</summary>
    public Duration GiveUpAfter { get; init; } = Duration.FromHours(8);

    /// <summary>Where an escalation goes; null for the team's own webhook.</summary>
    public Webhook? EscalationWebhook { get; init; }

    /// <summary>Name of the user whom an escalation names; null for none.</summary>
    public string? EscalationUser { get; init; }

    /// <summary>Who stands in for whom.</summary>
    public IReadOnlyList<Cover> Covers { get; init; } = [];

    /// <summary>Whether urgent readings are told at any time.</summary>
    public bool UrgentAtAnyTime { get; init; }

    /// <summary>Whether the patient's id is told too, for a receiver that is the health record itself. Default false.</summary>
    public bool IncludePatientId { get; init; }

    /// <summary>Whether there is anybody to escalate to.</summary>
    public bool Escalates => EscalationWebhook is not null || EscalationUser is not null;

    /// <summary>When the team may be told of a kind of follow-up.</summary>
    public WorkingHours HoursFor(FollowUpKind kind) => kind == FollowUpKind.Urgent && UrgentAtAnyTime ? Hours with { Days = WorkingHours.EveryDay, Quiet = null, Holidays = [] } : Hours;
}

/// <summary>How the follow-ups of a home are delivered.</summary>
/// <param name="Worklist">Where the pages are, for people and for acknowledgements.</param>
/// <param name="Default">For teams that are not named; null where nothing is delivered for them.</param>
/// <param name="Teams">For those that are, by id; null for a team for which nothing is delivered.</param>
public sealed record FollowUpSettings(Uri Worklist, TeamDelivery? Default, IReadOnlyDictionary<string, TeamDelivery?> Teams)
{
    /// <summary>How the follow-ups of a team are delivered; null where they are not, and the page is the delivery.</summary>
    public TeamDelivery? Of(string careTeamId) => Teams.GetValueOrDefault(careTeamId, Default);
}
