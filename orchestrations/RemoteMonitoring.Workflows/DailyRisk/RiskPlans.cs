using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>The plans of runs, each made once by a process: they are the same everywhere.</summary>
internal sealed class RiskPlans(Func<string, CancellationToken, ValueTask<CohortStore>> cohorts, IReadOnlyList<TaskDefinition> tasks)
{
    /// <summary>Plans that are held: each has the reference data of a cohort.</summary>
    private const int Most = 3;

    private readonly Lock _gate = new();
    private readonly Dictionary<RiskSpec, Task<RiskPlan>> _plans = [];
    private readonly Queue<RiskSpec> _planned = [];

    /// <summary>The task of a name; there being none fails for good.</summary>
    public TaskDefinition TaskOf(string name) => tasks.FirstOrDefault(t => t.Name == name)
        ?? throw new PermanentFailureException($"There is no task '{name}'. There are: {string.Join(", ", tasks.Select(t => t.Name))}.");

    /// <summary>What is asked for, as a plan takes it.</summary>
    public DailyRiskRequest RequestOf(RiskSpec spec) =>
        new() { Task = TaskOf(spec.Task), AsOf = spec.AsOf, KnownBy = spec.KnownBy, Model = spec.Model, Bands = spec.Bands };

    /// <summary>The observations of a run, current or not.</summary>
    public static async Task<ObservationsManifest> ManifestAsync(CohortStore store, RiskSpec spec, CancellationToken cancellationToken)
    {
        var current = await ObservationsManifest.TryReadAsync(store.Lake, cancellationToken);
        return current?.InputHash == spec.Observations
            ? current
            : await ObservationsManifest.TryReadAsync(store.Lake, spec.Observations, cancellationToken)
                ?? throw new PermanentFailureException($"The observations {spec.Observations} are not there any more.");
    }

    /// <summary>The plan of a run; it is made where it is not held, and one that could not be made is made again when it is asked for again.</summary>
    public async Task<RiskPlan> LoadAsync(RiskSpec spec, CancellationToken cancellationToken)
    {
        Task<RiskPlan> plan;
        lock (_gate)
        {
            if (!_plans.TryGetValue(spec, out plan!))
            {
                // It is shared, so nobody's token stops it.
                plan = _plans[spec] = Task.Run(() => MakeAsync(spec), CancellationToken.None);
                _planned.Enqueue(spec);
                if (_planned.Count > Most)
                {
                    // Of a night that another process sees to its end, or nobody: who needs it again makes it again.
                    _plans.Remove(_planned.Dequeue());
                }
            }
        }

        try
        {
            return await plan.WaitAsync(cancellationToken);
        }
        catch (Exception) when (plan.IsFaulted)
        {
            Forget(spec);
            throw;
        }
    }

    /// <summary>Lets a plan go that is not needed any more.</summary>
    public void Forget(RiskSpec spec)
    {
        lock (_gate)
        {
            _plans.Remove(spec);
        }
    }

    private async Task<RiskPlan> MakeAsync(RiskSpec spec)
    {
        var store = await cohorts(spec.Cohort, CancellationToken.None);
        return await RiskPlan.MakeAsync(store, await ManifestAsync(store, spec, CancellationToken.None), RequestOf(spec), CancellationToken.None);
    }
}
