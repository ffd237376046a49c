using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Lists;
using RemoteMonitoring.Worklist.Patients;

namespace RemoteMonitoring.Worklist;

/// <summary>What the pages of one cohort are made from.</summary>
public sealed class WorklistServices : IDisposable
{
    /// <summary>The services of a cohort.</summary>
    /// <param name="store">The cohort; it is not closed here.</param>
    /// <param name="handles">Names of patients in addresses.</param>
    /// <param name="client">The client of the engine that runs follow-ups; null where none does.</param>
    /// <param name="time">Time.</param>
    public WorklistServices(CohortStore store, PatientHandles handles, IWorkflowClient? client, TimeProvider time)
    {
        (Store, Handles, Client, Time) = (store, handles, client, time);
        Reference = new LiveReference(store.Reference, time);
        Actions = new FollowUpLog(store.Reference, time);
        Lists = new TeamLists(store.Documents, time);
        Urgent = new UrgentLane(store.Documents, Actions, time);
        Audit = new AuditLog(store.Documents, time);
        Logins = new LoginStore(store.Documents, time);
        Members = new MemberRegister(store.Reference, time);
        CarePlans = new CarePlanRegister(store.Reference, Reference, time);
        Access = new PatientAccess(Reference, handles, Logins, Audit, time);
    }

    /// <summary>The cohort.</summary>
    public CohortStore Store { get; }

    /// <summary>Names of patients in addresses.</summary>
    public PatientHandles Handles { get; }

    /// <summary>The client of the engine that runs follow-ups; null where none does.</summary>
    public IWorkflowClient? Client { get; }

    /// <summary>Time.</summary>
    public TimeProvider Time { get; }

    /// <summary>Who is cared for by whom today.</summary>
    public LiveReference Reference { get; }

    /// <summary>What staff did.</summary>
    public FollowUpLog Actions { get; }

    /// <summary>What was agreed for patients.</summary>
    public CarePlanRegister CarePlans { get; }

    /// <summary>Whose patients somebody may see.</summary>
    public PatientAccess Access { get; }

    /// <summary>Which lists there are.</summary>
    public TeamLists Lists { get; }

    /// <summary>Readings beyond personal limits.</summary>
    public UrgentLane Urgent { get; }

    /// <summary>Now.</summary>
    public Instant Now => Instant.FromDateTimeOffset(Time.GetUtcNow());

    /// <summary>The record of who looked at or did what.</summary>
    public AuditLog Audit { get; }

    /// <summary>How users sign in.</summary>
    public LoginStore Logins { get; }

    /// <summary>The users.</summary>
    public MemberRegister Members { get; }

    /// <inheritdoc />
    public void Dispose()
    {
        Reference.Dispose();
        Urgent.Dispose();
        Lists.Dispose();
        Actions.Dispose();
    }
}
