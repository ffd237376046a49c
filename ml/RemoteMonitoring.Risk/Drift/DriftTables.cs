using System.Globalization;
using RemoteMonitoring.Risk.Reporting;

namespace RemoteMonitoring.Risk.Drift;

/// <summary>The tables of a report of drift.</summary>
internal static class DriftTables
{
    internal static ReportTable Summary(DriftReport report) => new(
        "What moved",
        ["", "Verdict", "Against training", "Against the stretch before"],
        [
            ["Inputs", DriftWords.Of(report.Inputs), Columns(report, c => c.Training), Columns(report, c => c.Before)],
            ["Scores", DriftWords.Of(report.ScoreVerdict), DriftWords.Of(report.Scores.AgainstTraining), DriftWords.Of(report.Scores.AgainstBefore)],
            ["Workload (who can be scored)", DriftWords.Of(report.WorkloadVerdict), DriftWords.Of(report.Workload.AgainstTraining), DriftWords.Of(report.Workload.AgainstBefore)],
            ["Performance", report.Performance.Now is null ? "not matured" : DriftWords.Of(report.Performance.Verdict), "", ""],
        ]);

    internal static ReportTable Columns(string caption, IEnumerable<ColumnDrift> columns) => new(
        caption,
        ["Column", "Meaning", "Verdict", "What it comes from", "PSI", "Within device models", "By the mix of them", "PSI to the stretch before", "Distance (SD)"],
        [
            .. columns.Select(c => (Column: c, Against: (c.Training ?? c.Before)!)).Select(c => (IReadOnlyList<string>)
            [
                c.Column.Name, c.Column.Meaning, DriftWords.Of(c.Against.Verdict), DriftWords.Cause(c.Against), DriftWords.Number(c.Against.Psi), DriftWords.Number(c.Against.PsiWithinDevices),
                DriftWords.Number(c.Against.PsiOfDeviceMix), DriftWords.Number(c.Column.Before?.Psi), DriftWords.Number(c.Against.Distance),
            ]),
        ]);

    internal static ReportTable Missing(IReadOnlyList<ColumnDrift> columns) => new(
        "Of these, it is missingness that changed",
        ["Column", "Missing now", "Missing in the reference"],
        [.. columns.Select(c => (IReadOnlyList<string>)[c.Name, ReportWords.Percent((c.Training ?? c.Before)!.Missing), ReportWords.Percent((c.Training ?? c.Before)!.ReferenceMissing)])]);

    internal static ReportTable Devices(DriftReport report)
    {
        string Share(IReadOnlyList<DeviceShare> shares, string devices) => ReportWords.Percent(shares.FirstOrDefault(s => s.Devices == devices)?.Share ?? 0);
        return new(
            "Device models that patients had, by share of the rows",
            ["Device models", "Now", "Training"],
            [
                .. report.Devices.Concat(report.TrainingDevices).Select(s => s.Devices).Distinct(StringComparer.Ordinal)
                    .Select(d => (IReadOnlyList<string>)[d, Share(report.Devices, d), Share(report.TrainingDevices, d)]),
            ]);
    }

    internal static ReportTable Scores(ScoreDrift scores) => new(
        "Probabilities",
        ["", "Rows", "Patients", "Mean", .. ScoreDrift.Shares.Select(s => string.Create(CultureInfo.InvariantCulture, $"{s * 100:0} % below")), "PSI of now against it"],
        [.. new[] { Row("Now", scores.Now, null), Row("The stretch before", scores.Before, scores.AgainstBefore), Row("Training snapshot", scores.Training, scores.AgainstTraining) }.OfType<IReadOnlyList<string>>()]);

    internal static ReportTable Workload(WorkloadDrift drift) => new(
        "What the lists asked of the teams",
        ["", "Runs", "Patient-days", "Listed", "Listed per 100 patient-days", "Could be scored", "Set aside"],
        [
            .. new[] { ("Now", drift.Now), ("The stretch before", drift.Before) }.Where(w => w.Item2 is not null).Select(w => (IReadOnlyList<string>)
            [
                w.Item1, ReportWords.Count(w.Item2!.Runs), ReportWords.Count((long)Math.Round(w.Item2.PatientDays)), ReportWords.Count(w.Item2.Listed),
                DriftWords.Number(w.Item2.ListedPerHundredPatientDays), ReportWords.Percent(w.Item2.ShareScoreable), ReportWords.Count(w.Item2.SetAside),
            ]),
            ["Training", "", "", "", DriftWords.Number(drift.TrainingListedPerHundredPatientDays), drift.TrainingShareScoreable is { } share ? ReportWords.Percent(share) : "—", ""],
        ]);

    internal static ReportTable NotScored(WorkloadDrift drift)
    {
        string[] reasons = [.. drift.Now.NotScored.Keys.Concat(drift.Before?.NotScored.Keys ?? []).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];
        return new(
            "Who was not scored, by why (patients over all runs)",
            ["Why", "Now", "The stretch before"],
            reasons.Length == 0
                ? [["nobody", "", ""]]
                : [.. reasons.Select(r => (IReadOnlyList<string>)[r, ReportWords.Count(drift.Now.NotScored.GetValueOrDefault(r)), drift.Before is { } before ? ReportWords.Count(before.NotScored.GetValueOrDefault(r)) : "—"])]);
    }

    internal static ReportTable Performance(PerformanceDrift drift) => new(
        "How good the predictions turned out to be",
        ["", "Instants", "Rows", "Patients", "Events", "AUROC", "Calibration slope", "Observed / expected"],
        [
            .. new[] { ("The latest whose outcomes are certain", drift.Now), ("The stretch before it", drift.Before), ("Held out in training", drift.Training) }.Select(p => p.Item2 is { } period
                ? (IReadOnlyList<string>)
                [
                    p.Item1, period.To is null ? "" : $"after {period.After} up to {period.To}", ReportWords.Count(period.Rows), ReportWords.Count(period.Patients), ReportWords.Count(period.Events),
                    ReportWords.Figure(period.Auroc), ReportWords.Figure(period.Slope), ReportWords.Figure(period.ObservedExpected),
                ]
                : [p.Item1, "none", "", "", "", "", "", ""]),
            ["Verdict", "", "", "", "", DriftWords.Of(drift.AurocVerdict), DriftWords.Of(drift.SlopeVerdict), DriftWords.Of(drift.ObservedExpectedVerdict)],
        ]);

    private static IReadOnlyList<string>? Row(string name, ScoreSpread? spread, PsiVerdict? verdict) => spread is null
        ? null
        : [name, ReportWords.Count(spread.Rows), ReportWords.Count(spread.Patients), ReportWords.Percent(spread.Mean), .. spread.Quantiles.Select(ReportWords.Percent), verdict is null ? "" : DriftWords.Of(verdict)];

    private static string Columns(DriftReport report, Func<ColumnDrift, ColumnComparison?> against)
    {
        var verdicts = report.Columns.Select(against).OfType<ColumnComparison>().ToArray();
        return verdicts.Length == 0
            ? "—"
            : string.Create(CultureInfo.InvariantCulture, $"{verdicts.Count(v => v.Verdict == DriftVerdict.Drifted)} drifted, {verdicts.Count(v => v.Verdict == DriftVerdict.Watch)} to watch of {verdicts.Count(v => v.Verdict != DriftVerdict.TooFew)} judged");
    }
}
