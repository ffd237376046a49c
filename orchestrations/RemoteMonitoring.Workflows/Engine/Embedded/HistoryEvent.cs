using NodaTime;

namespace RemoteMonitoring.Workflows.Engine.Embedded;

/// <summary>What an event of a history says. The numbers are kept in files.</summary>
public enum HistoryKind
{
    /// <summary>The instance began, with its input.</summary>
    Started = 0,

    /// <summary>An activity was asked for, with its input.</summary>
    ActivityScheduled = 1,

    /// <summary>It came to an end, with its output.</summary>
    ActivityCompleted = 2,

    /// <summary>It failed.</summary>
    ActivityFailed = 3,

    /// <summary>Another workflow was asked for; the payload is its instance id and its input.</summary>
    WorkflowScheduled = 4,

    /// <summary>It came to an end, with its output.</summary>
    WorkflowCompleted = 5,

    /// <summary>It failed, or never began.</summary>
    WorkflowFailed = 6,

    /// <summary>A timer was set; the payload is its instant.</summary>
    TimerSet = 7,

    /// <summary>It fired.</summary>
    TimerFired = 8,

    /// <summary>It is wanted no more.</summary>
    TimerCancelled = 9,

    /// <summary>An event from outside, with what it carries.</summary>
    EventReceived = 10,

    /// <summary>The workflow returned, with its output.</summary>
    Completed = 11,

    /// <summary>It threw.</summary>
    Failed = 12,

    /// <summary>It returned to begin anew, with its next input.</summary>
    ContinuedAsNew = 13,

    /// <summary>A person ended it.</summary>
    Terminated = 14,
}

/// <summary>One event of the history of an instance.</summary>
/// <param name="Kind">What it says.</param>
/// <param name="Task">Number of the step it speaks of, in the order they were asked for; -1 where it speaks of none.</param>
/// <param name="Name">Name of activity, workflow or event.</param>
/// <param name="Payload">JSON, as <see cref="HistoryKind"/> says.</param>
/// <param name="At">When it was recorded.</param>
public sealed record HistoryEvent(HistoryKind Kind, int Task, string? Name, string? Payload, Instant At)
{
    /// <summary>Whether the workflow asked for it; else it was told it.</summary>
    public bool IsAsked => Kind is HistoryKind.ActivityScheduled or HistoryKind.WorkflowScheduled or HistoryKind.TimerSet or HistoryKind.TimerCancelled
        or HistoryKind.Completed or HistoryKind.Failed or HistoryKind.ContinuedAsNew;

    /// <summary>In words, for people.</summary>
    public string Described => Kind switch
    {
        HistoryKind.ActivityScheduled => $"activity '{Name}'",
        HistoryKind.WorkflowScheduled => $"workflow '{Name}'",
        HistoryKind.TimerSet => "a timer",
        HistoryKind.TimerCancelled => "the end of a timer",
        HistoryKind.Completed or HistoryKind.Failed => "the end of the workflow",
        HistoryKind.ContinuedAsNew => "a new beginning",
        _ => Kind.ToString(),
    };
}
