namespace RemoteMonitoring.Risk.Drift;

/// <summary>What a stretch of time gave the teams to do, and whom it could say nothing of.</summary>
public sealed record Workload
{
    /// <summary>Runs whose lists went out.</summary>
    public required int Runs { get; init; }

    /// <summary>Days of patients that could have been listed: a row each day, or 24 rows on an hourly grid.</summary>
    public required double PatientDays { get; init; }

    /// <summary>Patients listed, over all runs.</summary>
    public required int Listed { get; init; }

    /// <summary>Patients scored.</summary>
    public required int Scored { get; init; }

    /// <summary>Patients who were not scored, by why; those of whom no list says why any more under <see cref="NotOnRecord"/>.</summary>
    public required IReadOnlyDictionary<string, int> NotScored { get; init; }

    /// <summary>Patients whom runs could not get through.</summary>
    public required int SetAside { get; init; }

    /// <summary>Reason of who was counted as not scored, and whose list is not there.</summary>
    public const string NotOnRecord = "no list on record says why";

    /// <summary>Listed per 100 patient-days; NaN without any.</summary>
    public double ListedPerHundredPatientDays => 100 * Listed / PatientDays;

    /// <summary>Share of the patients, over all runs, that could be scored; NaN without any.</summary>
    public double ShareScoreable => Rows == 0 ? double.NaN : (double)Scored / Rows;

    /// <summary>Patients over all runs.</summary>
    internal int Rows => Scored + NotScored.Values.Sum() + SetAside;
}

/// <summary>The workload of now, of the stretch before, and what training knew of it.</summary>
public sealed record WorkloadDrift
{
    /// <summary>Now.</summary>
    public required Workload Now { get; init; }

    /// <summary>The stretch before; null where no run fell into it.</summary>
    public Workload? Before { get; init; }

    /// <summary>Share of the training rows that had a reading; null without a snapshot.</summary>
    public double? TrainingShareScoreable { get; init; }

    /// <summary>Listed per 100 patient-days on rows held out in training; null where that was not worked out.</summary>
    public double? TrainingListedPerHundredPatientDays { get; init; }

    /// <summary>Who is scored and who is not now, against before (the index over these two shares), as soon as there are rows enough.</summary>
    public PsiVerdict? AgainstBefore => Before is null ? null : Judge(Now, Before.ShareScoreable, Before.Rows);

    /// <summary>The same against the training rows.</summary>
    public PsiVerdict? AgainstTraining => TrainingShareScoreable is { } share ? Judge(Now, share, int.MaxValue) : null;

    private static PsiVerdict Judge(Workload now, double share, int referenceRows)
    {
        var psi = now.Rows == 0 || !double.IsFinite(share) ? 0 : ColumnBins.Psi([now.ShareScoreable, 1 - now.ShareScoreable], [share, 1 - share]);
        // Counts of runs do not say whose they are; enough runs' rows make up for it.
        return new(Math.Min(now.Rows, referenceRows) < DriftLimits.MinimumRows ? DriftVerdict.TooFew : psi switch
        {
            < DriftLimits.WatchPsi => DriftVerdict.Stable,
            < DriftLimits.DriftedPsi => DriftVerdict.Watch,
            _ => DriftVerdict.Drifted,
        }, psi);
    }
}
