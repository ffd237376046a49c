namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>What may befall a patient: decompensations, abrupt causes of admission, and look-alikes of no consequence.</summary>
internal enum EpisodeKind
{
    HeartFailure,
    Copd,
    Infection,
    Glycaemic,
    HeartFailureAbrupt,
    CopdAbrupt,
    InfectionAbrupt,
    GlycaemicAbrupt,
    Fall,
    Unrelated,
    Cold,
    SaltyWeekend,
    BadTechnique,
}

/// <summary>How often an episode begins, in whom, how long it builds up and where it may end; see <see cref="SimulationParameters.Course"/>.</summary>
internal sealed record EpisodeRule(
    EpisodeKind Kind,
    Condition Needs,
    double PerYear,
    double Winter,
    double Progresses,
    (double Mean, double Sd) Days,
    double Shape,
    (double Mean, double Sd) Recovery,
    double Severity,
    string? Cause)
{
    public bool IsAbrupt => Days.Mean == 0;
}

/// <summary>One episode of one patient. Times are days since the first local midnight.</summary>
internal sealed class Episode
{
    private double _scale = 1;

    public required EpisodeRule Rule { get; init; }

    public required double Start { get; set; }

    /// <summary>When it is at its height: the admission, where it comes to that.</summary>
    public required double Peak { get; set; }

    public required double RecoveryDays { get; init; }

    public required bool EndsInHospital { get; set; }

    /// <summary>Shift of each vital at the height; 0 where the vital takes no part.</summary>
    public required double[] Shift { get; init; }

    /// <summary>Whether any vital takes part.</summary>
    public required bool IsExpressed { get; init; }

    /// <summary>Where it began; <see cref="Start"/> may move when the course turns.</summary>
    public required double Onset { get; init; }

    /// <summary>When it brought the patient to hospital, Unix microseconds; null where it did not.</summary>
    public long? Admitted { get; set; }

    public double Level(double t)
    {
        if (t <= Start)
        {
            return 0;
        }

        return _scale * (t < Peak
            ? Math.Pow((t - Start) / (Peak - Start), Rule.Shape)
            : Math.Exp(-(t - Peak) / RecoveryDays));
    }

    /// <summary>The course turns at <paramref name="t"/>: recovery from the level reached, times <paramref name="residual"/>.</summary>
    public void Turn(double t, double residual)
    {
        _scale = Level(t) * residual;
        Start = Math.Min(Start, t - 1e-6);
        Peak = t;
        EndsInHospital = false;
    }

    public bool IsOver(double t) => t > Peak && (_scale == 0 || Level(t) < 0.02);
}

/// <summary>The episodes a patient is in, and the chance of new ones.</summary>
internal sealed class EpisodeCourse(PatientProfile profile)
{
    private readonly List<Episode> _active = [];

    public IReadOnlyList<Episode> Active => _active;

    /// <summary>Begins the episodes of a day.</summary>
    /// <param name="day">The day, from the first simulated date.</param>
    /// <param name="winter">1 in mid January to −1 in mid July.</param>
    /// <param name="hazard">Factor on all causes of admission: recent discharge, recent call.</param>
    /// <param name="r">The day's stream.</param>
    public IEnumerable<Episode> Begin(int day, double winter, double hazard, RandomStream r)
    {
        _active.RemoveAll(e => e.IsOver(day));
        foreach (var rule in SimulationParameters.Course.Rules)
        {
            // One draw for every rule, met or not: a person's conditions do not shift the numbers of later rules.
            var u = r.Uniform();
            if (rule.Needs != Condition.None && !profile.Has(rule.Needs))
            {
                continue;
            }

            if (u < 1 - Math.Exp(-Rate(rule, day, winter, hazard) / 365.25) && !_active.Exists(e => e.Rule == rule))
            {
                var episode = Draw(rule, day, ref r);
                _active.Add(episode);
                yield return episode;
            }
        }
    }

    /// <summary>Sum of the shifts of one vital.</summary>
    public double Shift(HomeVital vital, double t)
    {
        var sum = 0.0;
        foreach (var episode in _active)
        {
            var shift = episode.Shift[(int)vital];
            if (shift != 0)
            {
                sum += shift * episode.Level(t);
            }
        }

        return sum;
    }

    /// <summary>How ill the person feels, 0 to 1.</summary>
    public double Illness(double t)
    {
        var sum = 0.0;
        foreach (var episode in _active)
        {
            sum += episode.Rule.Severity * episode.Level(t);
        }

        return Math.Min(1, sum);
    }

    private double Rate(EpisodeRule rule, int day, double winter, double hazard)
    {
        var rate = rule.PerYear * (1 + (rule.Winter * winter));
        if (rule.Cause is null)
        {
            return rate;
        }

        rate *= profile.Frailty * hazard;
        if (rule.Kind == EpisodeKind.Fall)
        {
            rate *= Math.Exp(SimulationParameters.Course.FallPerYearOfAge * (profile.Age - 75));
        }
        else if (rule.Kind is EpisodeKind.Copd && _active.Exists(e => e.Rule.Kind == EpisodeKind.Cold && e.Level(day) > 0.2))
        {
            rate *= SimulationParameters.Course.ColdRaisesCopd;
        }

        return rate;
    }

    private static Episode Draw(EpisodeRule rule, int day, ref RandomStream r)
    {
        var start = day + r.Uniform();
        var shift = new double[HomeVitals.Count];
        if (rule.IsAbrupt)
        {
            return new Episode { Rule = rule, Onset = start, Start = start, Peak = start, RecoveryDays = 0.01, EndsInHospital = true, Shift = shift, IsExpressed = false };
        }

        var expressed = false;
        var length = Math.Max(0.3, r.Gamma(rule.Days.Mean, rule.Days.Sd));
        var recovery = Math.Max(0.5, r.Gamma(rule.Recovery.Mean, rule.Recovery.Sd));
        var ends = r.Chance(rule.Progresses);
        foreach (var (kind, vital, size, chance) in SimulationParameters.Course.Expression)
        {
            if (kind != rule.Kind)
            {
                continue;
            }

            var takesPart = r.Chance(chance);
            var amplitude = r.LogNormal(1, SimulationParameters.Course.AmplitudeSigma);
            if (takesPart)
            {
                shift[(int)vital] = size * amplitude;
                expressed = true;
            }
        }

        return new Episode
        {
            Rule = rule,
            Onset = start,
            Start = start,
            Peak = start + length,
            RecoveryDays = recovery,
            EndsInHospital = ends,
            Shift = shift,
            IsExpressed = expressed,
        };
    }
}
