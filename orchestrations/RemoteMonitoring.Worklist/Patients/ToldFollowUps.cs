using NodaTime;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Lists;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>A follow-up as the patient's page tells it.</summary>
/// <param name="Key">The first characters of its key, as a receiver that was told shows it too.</param>
/// <param name="About">What it is about.</param>
/// <param name="Begun">When it began.</param>
/// <param name="Stands">How it stands.</param>
/// <param name="Deliveries">Who was told, when, and what came of it.</param>
public sealed record ToldFollowUp(string Key, string About, Instant Begun, string Stands, IReadOnlyList<string> Deliveries);

/// <summary>The follow-ups of a patient's latest lists and open urgent readings: looked up by their keys, so that it costs the same however many there are.</summary>
public sealed class ToldFollowUps(WorklistServices services)
{
    /// <summary>Lists that are looked through, of all tasks.</summary>
    public const int MostLists = 14;

    private const int KeyCharacters = 8;

    /// <summary>Those of a patient for the team of today, newest first; <paramref name="zone"/> is the team's.</summary>
    public async Task<IReadOnlyList<ToldFollowUp>> OfAsync(AllowedPatient patient, DateTimeZone zone, CancellationToken cancellationToken)
    {
        if (services.Client is not { } client)
        {
            return [];
        }

        var asked = new FollowUpInput { Cohort = services.Store.Cohort, Kind = FollowUpKind.Listed, CareTeamId = patient.Roster.CareTeamId, PatientId = patient.PatientId, Task = "", AsOf = default };
        var listed = (await services.Lists.AllAsync(cancellationToken)).DistinctBy(l => (l.Task, l.AsOf)).Take(MostLists)
            .Select(l => (Input: asked with { Task = l.Task, AsOf = l.AsOf }, About: $"{l.Title}, list of {ListWords.Time(l.AsOf, zone)}"));
        // Of one that was made worse also the follow-up of when it had landed.
        var urgent = (await services.Urgent.OfAsync(patient, cancellationToken))
            .SelectMany(u => new[] { u.OpenSince, u.Known }.Distinct().Select(since => (Input: asked with { Kind = FollowUpKind.Urgent, Task = u.Id, AsOf = since }, About: $"Urgent: {ListWords.Urgent(u, ListReader.ZoneOf(patient.Roster), zone)}")));
        var told = new List<ToldFollowUp>();
        foreach (var (input, about) in urgent.Concat(listed))
        {
            if (await client.FindAsync(input.InstanceId, cancellationToken) is { } instance)
            {
                told.Add(Of(instance, input.Key, about, zone));
            }
        }

        return [.. told.OrderByDescending(t => t.Begun).ThenBy(t => t.Key, StringComparer.Ordinal)];
    }

    private static ToldFollowUp Of(WorkflowInstance instance, string key, string about, DateTimeZone zone) => new(
        key[..KeyCharacters],
        about,
        instance.Created,
        FollowUpWords.Stands(instance, t => ListWords.Time(t, zone)),
        [.. FollowUpWords.Deliveries(instance).Where(d => d.Attempts > 0).OrderBy(d => d.At).Select(d => $"{Purpose(d.Purpose)} to {d.For ?? "the team"}: {FollowUpWords.Name(d.Status)}, {ListWords.Time(d.At, zone)}{(d.Problem is null ? "" : $" ({d.Problem})")}")]);

    private static string Purpose(DeliveryPurpose purpose) => purpose == DeliveryPurpose.First ? "first delivery" : FollowUpWords.Name(purpose);
}
