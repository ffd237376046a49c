using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import.Hospital;

/// <summary>How a hospital's file is to be read.</summary>
/// <param name="Roster">Ids of the patients there are; events of others are listed, and not taken.</param>
/// <param name="Census">What the census says, to find what a cancellation cancels.</param>
/// <param name="IdSystem">Assigning authority or identifier system whose patient id is the roster's; null where there is only one.</param>
/// <param name="Zone">Zone of times that state none; null to refuse such times.</param>
/// <param name="Now">When all of it is known.</param>
public sealed record HospitalFileOptions(IReadOnlySet<string> Roster, IReadOnlyList<CensusEvent> Census, string? IdSystem, DateTimeZone? Zone, Instant Now);

/// <summary>What a hospital's file says of patients on the roster, and what of it could not be used.</summary>
public sealed class HospitalEvents
{
    /// <summary>Kind of the outcome of an admission.</summary>
    public const string Admission = "hospital-admission";

    /// <summary>Kind of the outcome of a death.</summary>
    public const string Death = "death";

    private static readonly LocalDateTimePattern s_local = LocalDateTimePattern.CreateWithInvariantCulture("uuuu-MM-dd'T'HH:mm:ss.FFFFFFFFF");
    private readonly HospitalFileOptions _options;
    private readonly string _file;
    private readonly List<CensusEvent> _census = [];
    private readonly List<Outcome> _outcomes = [];
    private readonly List<FileProblem> _problems = [];
    private readonly SortedDictionary<string, long> _ignored = new(StringComparer.Ordinal);

    internal HospitalEvents(string file, HospitalFileOptions options) => (_file, _options) = (file, options);

    /// <summary>Admissions, discharges and deaths, and what is taken back of them, in order of the file.</summary>
    public IReadOnlyList<CensusEvent> Census => _census;

    /// <summary>Admissions and deaths as outcomes.</summary>
    public IReadOnlyList<Outcome> Outcomes => _outcomes;

    /// <summary>Places that could not be used, among them events of patients who are not on the roster.</summary>
    public IReadOnlyList<FileProblem> Problems => _problems;

    /// <summary>What was read and is of no concern here, by what it is.</summary>
    public IReadOnlyDictionary<string, long> Ignored => _ignored;

    /// <summary>Messages or resources in all; each is in some way in the other figures.</summary>
    public long Read { get; internal set; }

    internal void Ignore(string what) => _ignored[what] = _ignored.GetValueOrDefault(what) + 1;

    internal void Problem(long line, string? place, string what, string mend) => _problems.Add(new FileProblem(_file, line, place, what, mend));

    /// <summary>Takes an event; one of a patient not on the roster, or yet to come, is a problem.</summary>
    internal void Add(long line, string patient, CensusKind kind, Instant effective, bool takenBack = false)
    {
        if (!_options.Roster.Contains(patient))
        {
            Problem(line, null, $"the patient '{patient}' is not on the roster", "import the roster first, or name the authority of its ids with --id-system");
            return;
        }

        if (effective > _options.Now)
        {
            Problem(line, null, "the event is yet to come", "import it when it has happened");
            return;
        }

        if (kind == CensusKind.Died && !takenBack && Holding(patient).Any(e => e.Kind == CensusKind.Died))
        {
            Ignore("death said again");
            return;
        }

        _census.Add(new CensusEvent { PatientId = patient, Kind = kind, Effective = effective, Known = _options.Now, TakenBack = takenBack ? true : null });
        if (kind is CensusKind.Admitted or CensusKind.Died)
        {
            _outcomes.Add(new Outcome
            {
                PatientId = patient,
                Kind = kind == CensusKind.Died ? Death : Admission,
                Effective = effective,
                Known = _options.Now,
                TakenBack = takenBack ? true : null,
            });
        }
    }

    /// <summary>Takes back an admission: that of the time stated, else the last there is.</summary>
    internal void CancelAdmission(long line, string patient, Instant? admitted, Instant cancelled)
    {
        if (!_options.Roster.Contains(patient))
        {
            Add(line, patient, CensusKind.Admitted, cancelled, takenBack: true);
            return;
        }

        // One that is taken back already counts too: the same file again must not reach for an earlier one.
        var admissions = _options.Census.Concat(_census).Where(e => e.PatientId == patient && e.Kind == CensusKind.Admitted && e.TakenBack != true && e.Effective <= cancelled);
        if (admissions.OrderBy(e => e.Effective).LastOrDefault(e => admitted is null || e.Effective == admitted) is { } found)
        {
            Add(line, patient, CensusKind.Admitted, found.Effective, takenBack: true);
        }
        else
        {
            Problem(line, null, "cancels an admission that is not there", "import the file with the admission first");
        }
    }

    /// <summary>Leaves of what the file says of one event the last word; what it says and takes back itself was never known.</summary>
    internal void Settle()
    {
        static (string, CensusKind, Instant) Key(CensusEvent e) => (e.PatientId, e.Kind, e.Effective);
        var said = _options.Census.Select(Key).ToHashSet();
        CensusEvent[] last = [.. _census.GroupBy(Key).Select(g => g.Last())];
        foreach (var _ in last.Where(e => e.TakenBack == true && !said.Contains(Key(e))))
        {
            Ignore("admissions cancelled in the same file");
        }

        _census.Clear();
        _census.AddRange(last.Where(e => e.TakenBack != true || said.Contains(Key(e))));
        var kept = _census.Select(e => (e.PatientId, Outcome: e.Kind == CensusKind.Died ? Death : Admission, e.Effective, e.TakenBack)).ToHashSet();
        _outcomes.RemoveAll(o => !kept.Contains((o.PatientId, o.Kind, o.Effective, o.TakenBack)));
    }

    /// <summary>A time in the form of ISO 8601, whole or of a day; null with a problem where it cannot be used.</summary>
    internal Instant? Time(long line, string place, string text)
    {
        if (OffsetDateTimePattern.ExtendedIso.Parse(text) is { Success: true } whole)
        {
            return whole.Value.ToInstant();
        }

        var local = s_local.Parse(text.Length == 10 ? text + "T00:00:00" : text);
        if (!local.Success)
        {
            Problem(line, place, $"'{text}' is no time of at least a day", "mend it");
            return null;
        }

        if (_options.Zone is null)
        {
            Problem(line, place, $"'{text}' has no zone", "say which with --time-zone");
            return null;
        }

        return local.Value.InZoneLeniently(_options.Zone).ToInstant();
    }

    private IEnumerable<CensusEvent> Holding(string patient) =>
        _options.Census.Where(e => e.PatientId == patient).Concat(_census.Where(e => e.PatientId == patient)).HoldingAt(_options.Now);
}
