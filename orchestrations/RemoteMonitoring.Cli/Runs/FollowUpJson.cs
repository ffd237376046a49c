using System.Text.Json.Nodes;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Cli.Runs;

/// <summary>Follow-ups as JSON.</summary>
internal static class FollowUpJson
{
    /// <summary>How it stands, with instants in UTC.</summary>
    public static string Stands(WorkflowInstance instance) => FollowUpWords.Stands(instance, at => at.ToString());

    /// <summary>As JSON.</summary>
    public static JsonObject Of(WorkflowInstance instance)
    {
        var input = FollowUpSteps.InputOf(instance);
        var outcome = FollowUpSteps.OutcomeOf(instance);
        return new JsonObject
        {
            ["key"] = input.Key,
            ["kind"] = input.Kind.ToString().ToLowerInvariant(),
            ["team"] = input.CareTeamId,
            ["patient_id"] = input.PatientId,
            ["task"] = input.Task,
            ["as_of"] = input.AsOf.ToString(),
            ["run"] = input.Run,
            ["begun"] = instance.Created.ToString(),
            ["status"] = instance.Status.ToString().ToLowerInvariant(),
            ["result"] = outcome?.Result.ToString().ToLowerInvariant(),
            ["action"] = outcome?.Action?.ToString(),
            ["by"] = outcome?.By,
            ["stands"] = Stands(instance),
            ["deliveries"] = new JsonArray([.. FollowUpWords.Deliveries(instance).Select(d => new JsonObject
            {
                ["purpose"] = FollowUpWords.Name(d.Purpose),
                ["attempts"] = d.Attempts,
                ["status"] = FollowUpWords.Name(d.Status),
                ["at"] = d.At.ToString(),
                ["problem"] = d.Problem,
                ["for"] = d.For,
            })]),
        };
    }
}
