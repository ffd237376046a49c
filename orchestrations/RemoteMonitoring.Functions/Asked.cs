using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Runs;

namespace RemoteMonitoring.Functions;

/// <summary>What a run is asked to do, over HTTP: the part of its input that its id is made of, and that somebody may have got wrong.</summary>
/// <param name="Cohort">The cohort.</param>
/// <param name="Task">The task; null for a workflow without one.</param>
/// <param name="Model">The version of the model, <c>@champion</c> or <c>@challenger</c>; null for the champion.</param>
/// <param name="At">The instants it is for, in their order.</param>
internal sealed record Asked(string Cohort, string? Task, string? Model, IReadOnlyList<Instant> At)
{
    private const int MostInstants = 1000;

    /// <summary>Whether it is to train, for which there need be no model yet.</summary>
    public bool IsTraining { get; init; }

    /// <summary>The id of it, which is that of the same asked for on the command line or by a schedule, but for several instants: these are in it as a hash.</summary>
    public string IdOf(string workflow)
    {
        var id = RunRegister.IdOf(workflow, Cohort, Task ?? "all", At[0]);
        return At.Count == 1 ? id : $"{id}-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join(' ', At))))[..16]}";
    }

    /// <summary>What is wrong with it, in one line; null where it can be done.</summary>
    public async Task<string?> ProblemAsync(CohortStore store, TimeProvider time, CancellationToken cancellationToken)
    {
        if (At.Count is 0 or > MostInstants || At.Distinct().Count() < At.Count)
        {
            return string.Create(CultureInfo.InvariantCulture, $"It takes 1 to {MostInstants} instants, each once.");
        }

        // A list of what has not happened yet would stand for ever, and say nothing.
        if (At.Max() > Instant.FromDateTimeOffset(time.GetUtcNow()))
        {
            return "It is asked for an instant that lies in the future.";
        }

        if (Task is null)
        {
            return null;
        }

        if (!BundledTasks.All.Any(t => t.Name == Task))
        {
            return $"There is no such task: take {string.Join(", ", BundledTasks.All.Select(t => t.Name))}.";
        }

        if (IsTraining)
        {
            return null;
        }

        var models = await new ModelRegistry(store, time).ReadAsync(Task, cancellationToken);
        if (models.Champion is null)
        {
            return models.Damage is null ? $"There is no model for '{Task}' yet: train one first." : $"The record of decisions about '{Task}' does not hold ({models.DamagedFile}): restore it.";
        }

        return Model switch
        {
            null or ModelVersions.Champion => null,
            ModelVersions.Challenger => models.Challenger is null ? $"'{Task}' has no challenger." : null,
            _ => LakePaths.IsName(Model) && await store.Lake.ExistsAsync(LakePaths.Model(Task, Model, "model.json"), cancellationToken) ? null : $"There is no such version of the model for '{Task}'.",
        };
    }
}
