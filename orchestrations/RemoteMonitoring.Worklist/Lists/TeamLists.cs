using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>Which lists there are, looked up at most every two seconds, and the lists themselves, each cut to the patients that its reader may see.</summary>
public sealed class TeamLists(DocumentStore documents, TimeProvider time) : IDisposable
{
    private static readonly TimeSpan s_fresh = TimeSpan.FromSeconds(2);

    private readonly SemaphoreSlim _turn = new(1);
    private IReadOnlyList<ListsMade> _made = [];
    private long? _looked;

    /// <summary>All lists made, newest first: by instant, and of one instant the one whose data had come furthest.</summary>
    public async ValueTask<IReadOnlyList<ListsMade>> AllAsync(CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            if (_looked is not { } looked || time.GetElapsedTime(looked) >= s_fresh)
            {
                _made = [.. (await ListsIndex.ReadAsync(documents, cancellationToken)).OrderByDescending(m => m.AsOf).ThenByDescending(m => m.Watermark).ThenBy(m => m.Run, StringComparer.Ordinal)];
                _looked = time.GetTimestamp();
            }

            return _made;
        }
        finally
        {
            _turn.Release();
        }
    }

    /// <summary>The lists that hold of each task, tasks in order of name.</summary>
    public async ValueTask<IReadOnlyList<ListsMade>> LatestAsync(CancellationToken cancellationToken) =>
        ListsIndex.Latest(await AllAsync(cancellationToken));

    /// <summary>The last lists of the same task before these that speak for an earlier instant; null for the first.</summary>
    public async ValueTask<ListsMade?> BeforeAsync(ListsMade lists, CancellationToken cancellationToken) =>
        (await AllAsync(cancellationToken)).FirstOrDefault(m => m.Task == lists.Task && m.AsOf < lists.AsOf && m.Scored > 0);

    /// <summary>A team's list, without patients who are no longer of the team; null where that run made none for it.</summary>
    public async Task<TeamWorklist?> ReadAsync(AllowedTeam team, ListsMade lists, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Worklists, team.CareTeamId, lists.Id, cancellationToken) is { } document
            ? Of(RiskDocumentJson.ReadWorklist(document.Body), team.Patients.ContainsKey)
            : null;

    /// <summary>What the list of a patient's team says of the patient; null where that run made none for it.</summary>
    public async Task<TeamWorklist?> OfPatientAsync(AllowedPatient patient, ListsMade lists, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Worklists, patient.Roster.CareTeamId, lists.Id, cancellationToken) is { } document
            ? Of(RiskDocumentJson.ReadWorklist(document.Body), id => id == patient.PatientId)
            : null;

    /// <summary>What a run foresaw for a patient; null where it did not score them.</summary>
    public async Task<Prediction?> PredictionAsync(AllowedPatient patient, ListsMade lists, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Predictions, patient.PatientId, lists.Id, cancellationToken) is { } document ? RiskDocumentJson.ReadPrediction(document.Body) : null;

    /// <summary>All predictions of a patient, oldest first.</summary>
    public async Task<IReadOnlyList<Prediction>> PredictionsAsync(AllowedPatient patient, CancellationToken cancellationToken) =>
        [.. (await documents.ListAsync(Containers.Predictions, patient.PatientId, cancellationToken)).Select(d => RiskDocumentJson.ReadPrediction(d.Body)).OrderBy(p => p.AsOf).ThenBy(p => p.Run, StringComparer.Ordinal)];

    private static TeamWorklist Of(TeamWorklist list, Func<string, bool> isOurs) => list with
    {
        Listed = [.. list.Listed.Where(p => isOurs(p.PatientId))],
        NotScored = [.. list.NotScored.Where(n => isOurs(n.PatientId))],
        SetAside = [.. list.SetAside.Where(n => isOurs(n.PatientId))],
        Resting = [.. list.Resting.Where(r => isOurs(r.PatientId))],
        Silent = [.. list.Silent.Where(s => isOurs(s.PatientId))],
        Technical = [.. list.Technical.Where(t => isOurs(t.PatientId))],
    };

    /// <inheritdoc />
    public void Dispose() => _turn.Dispose();
}
