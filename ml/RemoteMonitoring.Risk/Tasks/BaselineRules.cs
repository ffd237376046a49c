namespace RemoteMonitoring.Risk.Tasks;

/// <summary>Rules of thumb that a model stands beside.</summary>
public static class BaselineRules
{
    /// <summary>The NEWS2 point score, missing parts scored 0.</summary>
    public const string News2 = "news2";

    /// <summary>The number of the patient's own outcomes in the 7 days before as-of that were known by then.</summary>
    public const string TrailingSevenDays = "trailing-7d";

    /// <summary>The same over 28 days.</summary>
    public const string TrailingTwentyEightDays = "trailing-28d";

    /// <summary>The quick sepsis-related organ failure assessment.</summary>
    public const string Qsofa = "qsofa";

    /// <summary>Criteria of the systemic inflammatory response syndrome.</summary>
    public const string Sirs = "sirs";

    /// <summary>The simplified acute physiology score, first version.</summary>
    public const string SapsI = "saps-i";

    /// <summary>A gain in body weight, as heart-failure programmes watch it.</summary>
    public const string Weight = "weight-rule";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [News2, TrailingSevenDays, TrailingTwentyEightDays, Qsofa, Sirs, SapsI, Weight];
}

/// <summary>What staff did about a patient. A model that foresees such a thing foresees its own list: it is never an outcome.</summary>
public static class StaffActions
{
    /// <summary>Names under which contacts, visits and what is done on a worklist are recorded.</summary>
    public static IReadOnlyList<string> Kinds { get; } =
    [
        "contact", "contacted", "call", "called", "phone-call", "message-sent", "visit", "visited", "visit-arranged", "home-visit",
        "snooze", "snoozed", "acknowledged", "dismissed", "escalated", "follow-up", "referral", "note",
    ];
}
