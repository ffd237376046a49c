namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>What stays of a list when a patient is erased: nobody of them, and figures that agree with who is still on it.</summary>
internal static class ErasedFromList
{
    /// <summary>The list without a patient; the same list where it neither names nor counts them.</summary>
    /// <param name="list">The list.</param>
    /// <param name="patientId">Who.</param>
    /// <param name="hash">Keyed hash that stands for them: a list that has it already counts them no more, whatever <paramref name="wasScored"/> says.</param>
    /// <param name="wasScored">Whether the run scored them for this team; where they are listed, rest, or are silent with a risk, it did.</param>
    public static TeamWorklist Without(this TeamWorklist list, string patientId, string hash, bool wasScored)
    {
        var wasListed = list.Listed.Any(p => p.PatientId == patientId);
        wasScored |= wasListed || list.Resting.Any(p => p.PatientId == patientId) || list.Silent.Any(p => p.PatientId == patientId && p.Probability is not null);
        var isDone = list.Erased?.Contains(hash, StringComparer.Ordinal) == true;
        if (!Names(list, patientId) && (isDone || !wasScored))
        {
            return list;
        }

        var without = list with
        {
            Scored = wasScored && !isDone ? Math.Max(0, list.Scored - 1) : list.Scored,
            Listed = [.. list.Listed.Where(p => p.PatientId != patientId)],
            NotScored = [.. list.NotScored.Where(n => n.PatientId != patientId)],
            SetAside = [.. list.SetAside.Where(n => n.PatientId != patientId)],
            Resting = [.. list.Resting.Where(p => p.PatientId != patientId)],
            Silent = [.. list.Silent.Where(p => p.PatientId != patientId)],
            Technical = [.. list.Technical.Where(f => f.PatientId != patientId)],
            Erased = isDone ? list.Erased : [.. list.Erased ?? [], hash],
        };
        return without with
        {
            Expected = list.Expected is { } expected && wasListed && PoissonBinomial.Of([.. without.Listed.Select(p => p.Probability)]) is var (mean, low, high)
                ? expected with { Mean = mean, Low = low, High = high }
                : list.Expected,
            Notices = NoticesOf(list, without),
        };
    }

    private static bool Names(TeamWorklist list, string patientId) =>
        list.Listed.Any(p => p.PatientId == patientId) || list.NotScored.Concat(list.SetAside).Any(n => n.PatientId == patientId) || list.Resting.Any(p => p.PatientId == patientId)
        || list.Silent.Any(p => p.PatientId == patientId) || list.Technical.Any(f => f.PatientId == patientId);

    private static IReadOnlyList<string> NoticesOf(TeamWorklist before, TeamWorklist after)
    {
        var gap = TeamWorklists.GapNotice(before.SetAside.Count, before.Scored);
        return before.SetAside.Count == 0 ? before.Notices
            : after.SetAside.Count == 0 ? [.. before.Notices.Where(n => n != gap)]
            : [.. before.Notices.Select(n => n == gap ? TeamWorklists.GapNotice(after.SetAside.Count, after.Scored) : n)];
    }
}
