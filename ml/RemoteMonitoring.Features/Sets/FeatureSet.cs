using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Features.Rollups;
using RemoteMonitoring.Features.Scores;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Features.Sets;

/// <summary>A feature set ready for use: its definition, hash, and columns in order.</summary>
public sealed class FeatureSet
{
    private const int MostHours = 120 * 24;
    private const int MostWindows = 12;
    private const int MostDays = 36_500;

    /// <summary>The shapes of columns and the rules behind them are code: a change of those is a new version of it in the hash.</summary>
    private const string Code = "code 3";

    private static readonly string[] s_roster = ["age", "female"];
    /// <summary>Columns that tables of features have beside those of a set.</summary>
    private static readonly string[] s_taken = ["patient_id", "as_of", "known_by", "label", "label_known"];

    private static readonly string[] s_stay = ["since_enrolled", "since_discharged"];

    private FeatureSet(FeatureSetDefinition definition)
    {
        Definition = definition;
        Check(definition.SchemaVersion == FeatureSetDefinition.CurrentSchema, $"schemaVersion {definition.SchemaVersion}: this version reads {FeatureSetDefinition.CurrentSchema}");
        Check(IsName(definition.Name), $"name '{definition.Name}': lower-case letters, digits and dashes, a letter first");
        LookBack = Hours(definition.LookBack, "lookBack") * UnixMicros.PerHour;
        Rollup = definition.Rollup switch
        {
            "day" => CellKind.Day,
            "hour" => CellKind.Hour,
            _ => throw new FormatException($"rollup '{definition.Rollup}': there are 'day' and 'hour'"),
        };
        (Columns, Vitals, Windows) = new FeatureSetReader(this).Read();
        ScoreWindow = Array.IndexOf(Windows, ScoreColumn.LooksBack);
        ReadsBack = Vitals.Max(v => (long?)v.ReadsBack) ?? 0;
        HoursBack = Vitals.SelectMany(v => v.Parts).SelectMany(p => p.Columns).Where(c => c.Statistic.Input == StatisticInput.Hours).Max(c => (long?)Windows[c.Window]) ?? 0;
        var vitals = Vitals.Select(v => $"{v.Vital.Key} {v.Vital.Code} {v.Vital.Unit}\n");
        Hash = Convert.ToHexStringLower(SHA256.HashData([.. definition.ToBytes(), .. Encoding.UTF8.GetBytes($"\n{Code}\n{string.Concat(vitals)}")]))[..16];
    }

    /// <summary>Daily, for people at home: 1, 3, 7 and 28 days.</summary>
    public static FeatureSet Home { get; } = Bundled("home");

    /// <summary>Hourly, for acute care: 6, 12, 24 and 48 hours.</summary>
    public static FeatureSet Acute { get; } = Bundled("acute");

    /// <summary>As <see cref="Home"/>, without the history of alerts, for tasks that detect an alert on the very day.</summary>
    public static FeatureSet HomeDetection { get; } = Bundled("home-detection");

    /// <summary>Hour by hour, for intensive care: 6, 12, 24 and 72 hours.</summary>
    public static FeatureSet IcuHourly { get; } = Bundled("icu-hourly");

    /// <summary>Those that come with this version.</summary>
    public static IReadOnlyList<FeatureSet> All { get; } = [Home, Acute, HomeDetection, IcuHourly];

    /// <summary>The definition.</summary>
    public FeatureSetDefinition Definition { get; }

    /// <summary>Name.</summary>
    public string Name => Definition.Name;

    /// <summary>First 16 hex digits of the SHA-256 of the definition, of the codes and units of its vitals and of the rules' version.</summary>
    public string Hash { get; }

    /// <summary>The columns, in the order of <see cref="Vectors.FeatureTable.Values"/>.</summary>
    public IReadOnlyList<FeatureColumn> Columns { get; }

    /// <summary>How far back it looks, microseconds.</summary>
    public long LookBack { get; }

    /// <summary>Cells that readings are put together by.</summary>
    public CellKind Rollup { get; }

    /// <summary>How far back its columns read readings where rollups do not do, microseconds; 0 where they always do.</summary>
    public long ReadsBack { get; }

    /// <summary>How far back its columns count readings by the local hour, microseconds; 0 where none does.</summary>
    internal long HoursBack { get; }

    /// <summary>Lengths of the windows, microseconds, ascending; the last is <see cref="LookBack"/>.</summary>
    internal long[] Windows { get; }

    /// <summary>The window that scores look back over, by index.</summary>
    internal int ScoreWindow { get; }

    /// <summary>What is read of each vital, in the order of the catalog.</summary>
    internal VitalPlan[] Vitals { get; }

    /// <summary>The kinds of cells whose rollups it uses.</summary>
    public IReadOnlyList<CellKind> Cells => [.. Vitals.SelectMany(v => v.Parts).Select(p => p.Kind).Distinct().Order()];

    /// <summary>The vitals whose rollups of a kind it uses, by index in the catalog, ascending.</summary>
    public IReadOnlyList<int> RolledUp(CellKind kind) => [.. Vitals.Where(v => v.Parts.Any(p => p.Kind == kind)).Select(v => v.Vital.Index)];

    /// <summary>The bundled set of this name; throws where there is none.</summary>
    public static FeatureSet Named(string name) => All.FirstOrDefault(s => s.Name == name)
        ?? throw new ArgumentException($"There is no feature set '{name}'; there are {string.Join(" and ", All.Select(s => $"'{s.Name}'"))}.", nameof(name));

    /// <summary>Makes a definition ready; throws <see cref="FormatException"/> with one line on what is wrong with it.</summary>
    public static FeatureSet Of(FeatureSetDefinition definition) => new(definition);

    /// <summary>A window as it stands in column names: hours up to two days, then whole days (<c>48h</c>, <c>7d</c>).</summary>
    public static string WindowName(long hours) => hours > 48 && hours % 24 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{hours / 24}d")
        : string.Create(CultureInfo.InvariantCulture, $"{hours}h");

    /// <summary>The column of this name; null where the set has none.</summary>
    public FeatureColumn? Find(string column) => Columns.FirstOrDefault(c => c.Name == column);

    internal static int Hours(string text, string where)
    {
        var unit = text.Length > 1 ? text[^1] : ' ';
        var isNumber = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        Check(isNumber && number > 0 && unit is 'h' or 'd', $"{where} '{text}': a window is a whole number of hours or days, for instance 6h or 7d");
        var hours = number * (unit == 'd' ? 24L : 1);
        Check(hours <= MostHours, $"{where} '{text}': no window is longer than {MostHours / 24} days");
        return (int)hours;
    }

    internal static void Check(bool holds, string otherwise)
    {
        if (!holds)
        {
            throw new FormatException(otherwise);
        }
    }

    private static bool IsName(string text) => text.Length is > 0 and <= 40 && char.IsAsciiLetterLower(text[0]) && text.All(c => char.IsAsciiLetterLower(c) || char.IsAsciiDigit(c) || c == '-');

    private static FeatureSet Bundled(string name)
    {
        using var stream = typeof(FeatureSet).Assembly.GetManifestResourceStream($"{name}.json") ?? throw new InvalidOperationException($"The feature set '{name}' is not in the assembly.");
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return new FeatureSet(FeatureSetDefinition.Parse(json));
    }

    /// <summary>Columns and plan of a definition.</summary>
    private sealed class FeatureSetReader(FeatureSet set)
    {
        private readonly FeatureSetDefinition _definition = set.Definition;
        private readonly List<FeatureColumn> _columns = [];
        private readonly SortedDictionary<int, SortedDictionary<CellKind, List<(int At, Statistic Statistic, long Window)>>> _vitals = [];

        public (IReadOnlyList<FeatureColumn>, VitalPlan[], long[]) Read()
        {
            foreach (var group in _definition.Groups)
            {
                AddGroup(group);
            }

            AddReference();
            var scores = AddScores();
            var twice = _columns.CountBy(c => c.Name).FirstOrDefault(c => c.Value > 1).Key;
            Check(twice is null, $"column '{twice}' is asked for twice");
            Check(_columns.Count > 0, "it asks for no column");
            var taken = _columns.FirstOrDefault(c => s_taken.Contains(c.Name))?.Name;
            Check(taken is null, $"column '{taken}': every table has one of this name already");
            return Plan(scores);
        }

        private void AddGroup(VitalGroup group)
        {
            var kind = group.Part switch
            {
                null => set.Rollup,
                "night" => CellKind.Night,
                "daytime" => CellKind.Daytime,
                _ => throw new FormatException($"part '{group.Part}': there are 'night' and 'daytime'"),
            };
            foreach (var unknown in group.Statistics.Keys.Where(name => Statistic.All.All(s => s.Name != name)))
            {
                throw new FormatException($"statistic '{unknown}': there are {string.Join(", ", Statistic.All.Select(s => s.Name))}");
            }

            foreach (var key in group.Vitals)
            {
                var vital = VitalSignCatalog.Default.Vitals.FirstOrDefault(v => v.Key == key)
                    ?? throw new FormatException($"vital '{key}': the catalog has none of this key");
                foreach (var statistic in Statistic.All.Where(s => group.Statistics.ContainsKey(s.Name)))
                {
                    var windows = group.Statistics[statistic.Name];
                    Check(statistic.HasWindow == windows.Count > 0, statistic.HasWindow ? $"'{statistic.Name}' needs windows" : $"'{statistic.Name}' has no windows of its own: []");
                    Check(statistic.Name != "adherence" || group.Part is null, "'adherence' counts days, not parts of them");
                    Check(statistic.Input != StatisticInput.Hours || group.Part is null, $"'{statistic.Name}' counts by the hour of the whole day, not of parts of it");
                    foreach (var text in statistic.HasWindow ? windows : [_definition.LookBack])
                    {
                        var window = Hours(text, statistic.Name) * UnixMicros.PerHour;
                        Check(window <= set.LookBack, $"{statistic.Name} '{text}': longer than the look back of {_definition.LookBack}");
                        Check(statistic.Input != StatisticInput.RollupsAndBaseline || window < set.LookBack, $"{statistic.Name} '{text}': the look back of {_definition.LookBack} leaves it no baseline");
                        Of(vital, kind).Add((_columns.Count, statistic, window));
                        _columns.Add(ColumnOf(group, vital, statistic, window));
                    }
                }
            }
        }

        private List<(int At, Statistic Statistic, long Window)> Of(VitalSign vital, CellKind kind)
        {
            if (!_vitals.TryGetValue(vital.Index, out var parts))
            {
                _vitals.Add(vital.Index, parts = []);
            }

            if (!parts.TryGetValue(kind, out var columns))
            {
                parts.Add(kind, columns = []);
            }

            return columns;
        }

        private FeatureColumn ColumnOf(VitalGroup group, VitalSign vital, Statistic statistic, long window)
        {
            var length = WindowName(window / UnixMicros.PerHour);
            var part = group.Part is null ? "" : group.Part + "_";
            var over = $"over the last {length}" + group.Part switch { "night" => ", at night (00:00–06:00 local time)", "daytime" => ", by day (10:00–20:00 local time)", _ => "" };
            return new FeatureColumn
            {
                Name = $"{vital.Key}_{part}{statistic.Name}{(statistic.HasWindow ? "_" + length : "")}",
                VitalKey = vital.Key,
                Part = group.Part,
                Statistic = statistic.Name,
                Window = window,
                Unit = statistic.UnitOf(vital),
                Meaning = statistic.Meaning
                    .Replace("{vital}", vital.Label, StringComparison.Ordinal)
                    .Replace("{window}", over, StringComparison.Ordinal)
                    .Replace("{lookback}", WindowName(set.LookBack / UnixMicros.PerHour), StringComparison.Ordinal),
                Missing = statistic.Missing,
                From = statistic.ReadsReadings ? "readings" : "rollups",
            };
        }

        private void AddReference()
        {
            void Add(string name, string unit, string meaning, string? topic = null) =>
                _columns.Add(new FeatureColumn { Name = name, Topic = topic, Statistic = "static", Unit = unit, Meaning = meaning, Missing = "NaN when the roster does not say, or does not name the patient yet" });
            foreach (var field in _definition.Roster)
            {
                Check(s_roster.Contains(field), $"roster '{field}': there are {string.Join(", ", s_roster)}");
                Add(field, field == "age" ? "a" : "1", field == "age" ? "age in years, as stated at enrolment" : "female");
            }

            foreach (var condition in _definition.Conditions)
            {
                Add("condition_" + condition.Replace('-', '_'), "1", $"{condition.Replace('-', ' ')} on the roster");
            }

            foreach (var attribute in _definition.Attributes)
            {
                Add(attribute, "1", $"{attribute} as the roster states it");
            }

            AddPriorOutcomes(_definition.PriorOutcomes ?? new PriorOutcomes { Kinds = [], Days = [] });
            foreach (var field in _definition.Stay)
            {
                Check(s_stay.Contains(field), $"stay '{field}': there are {string.Join(", ", s_stay)}");
                Add(field, "d", field == s_stay[0] ? "days since monitoring began" : "days since the last discharge from hospital", field == s_stay[0] ? null : "hospital-admission");
            }
        }

        private void AddPriorOutcomes(PriorOutcomes prior)
        {
            Check(prior.Until is null or PriorOutcomes.DayBefore, $"priorOutcomes.until '{prior.Until}': there is '{PriorOutcomes.DayBefore}', or nothing for as-of");
            var before = prior.BeforeDay ? ", before the local day that ends at as-of" : "";
            foreach (var kind in prior.Kinds)
            {
                Check(kind.Split(':') is [_] or [{ Length: > 0 }, { Length: > 0 }], $"priorOutcomes.kinds '{kind}': a kind, or a kind and a detail with ':' between");
                var (name, words) = (kind.Replace('-', '_').Replace(':', '_'), kind.Replace('-', ' ').Replace(":", ", ", StringComparison.Ordinal));
                foreach (var days in prior.Days)
                {
                    Check(days is > 0 and <= MostDays, $"priorOutcomes.days {days}: a whole number of days from 1 to {MostDays}");
                    _columns.Add(new FeatureColumn { Name = $"prior_{name}_{days}d", Topic = kind, Statistic = "count", Window = days * UnixMicros.PerDay, BeforeDay = prior.BeforeDay, Unit = "{events}", Meaning = $"own events ({words}) in the last {days} days{before}", Missing = "NaN before the roster names the patient" });
                }

                _columns.Add(new FeatureColumn { Name = $"since_{name}", Topic = kind, Statistic = "age", BeforeDay = prior.BeforeDay, Unit = "d", Meaning = $"days since the last {words}{before}", Missing = "NaN when there was none" });
            }
        }

        private bool AddScores()
        {
            foreach (var name in _definition.Scores)
            {
                _columns.Add(ScoreColumn.All.FirstOrDefault(c => c.Name == name) ?? throw new FormatException($"score '{name}': there are {string.Join(", ", ScoreColumn.All.Select(c => c.Name))}"));
            }

            Check(set.LookBack >= ScoreColumn.LooksBack, $"lookBack '{_definition.LookBack}': scores need the last 24h");
            return _definition.Scores.Contains("news2_max_24h");
        }

        private (IReadOnlyList<FeatureColumn>, VitalPlan[], long[]) Plan(bool carriesForward)
        {
            // Reasons quote the latest value and the usual of any vital that has a column.
            foreach (var vital in ScoreInputs.Vitals.Concat(_vitals.Keys.Select(v => VitalSignCatalog.Default.Vitals[v]).ToArray()))
            {
                Of(vital, set.Rollup);
            }

            long[] windows = [.. _vitals.Values.SelectMany(v => v.Values).SelectMany(c => c).Select(c => c.Window).Concat([ScoreColumn.LooksBack, set.LookBack]).Distinct().Order()];
            Check(windows.Length <= MostWindows, $"it has {windows.Length} different windows: at most {MostWindows}");
            VitalPlan[] plans =
            [
                .. _vitals.Select(v =>
                {
                    var vital = VitalSignCatalog.Default.Vitals[v.Key];
                    VitalPart[] parts = [.. v.Value.Select(p => new VitalPart(p.Key, [.. p.Value.Select(c => new VitalColumn(c.At, c.Statistic, Array.IndexOf(windows, c.Window)))]))];
                    var slot = Array.IndexOf(ScoreInputs.Vitals, vital);
                    var reads = v.Value.Values.SelectMany(c => c).Where(c => c.Statistic.ReadsReadings).Select(c => c.Window)
                        .Append(carriesForward && slot >= 0 ? 2 * ScoreColumn.LooksBack : 0).Max();
                    return new VitalPlan(vital, parts, slot, reads);
                }),
            ];
            return (_columns, plans, windows);
        }
    }
}

/// <summary>A column of a vital: where it stands, its statistic, and which of the set's windows it is over.</summary>
internal sealed record VitalColumn(int At, Statistic Statistic, int Window);

/// <summary>The columns that take the readings of one kind of cells.</summary>
internal sealed record VitalPart(CellKind Kind, VitalColumn[] Columns);

/// <summary>What is read of a vital: its parts, its place among the inputs of scores (below 0: none), and how far back readings are read, microseconds.</summary>
internal sealed record VitalPlan(VitalSign Vital, VitalPart[] Parts, int ScoreSlot, long ReadsBack);
