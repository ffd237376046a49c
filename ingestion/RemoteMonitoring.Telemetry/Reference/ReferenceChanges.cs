namespace RemoteMonitoring.Telemetry.Reference;

/// <summary>What rows would add to a reference log.</summary>
/// <param name="New">Rows about something that nothing was said of before.</param>
/// <param name="Changed">Rows that say otherwise of something than what holds.</param>
/// <param name="Unchanged">How many say what is said already; they need not be appended.</param>
public sealed record ReferenceChanges<T>(IReadOnlyList<T> New, IReadOnlyList<T> Changed, int Unchanged)
{
    /// <summary>The rows to append, in their order.</summary>
    public required IReadOnlyList<T> ToAppend { get; init; }
}

/// <summary>
/// Tells what rows add to what a log says. A row is unchanged where the log has it with its known time, or where, but for
/// the known time, it is what holds of its subject: what was stated with the greatest known time, of one known time last.
/// </summary>
public static class ReferenceChange
{
    /// <summary>Of the roster: a patient.</summary>
    public static ReferenceChanges<Patient> Of(IReadOnlyList<Patient> log, IReadOnlyList<Patient> rows) =>
        Of(log, rows, p => p.PatientId, p => p.Known, (p, known) => p with { Known = known });

    /// <summary>Of teams: a team.</summary>
    public static ReferenceChanges<CareTeam> Of(IReadOnlyList<CareTeam> log, IReadOnlyList<CareTeam> rows) =>
        Of(log, rows, t => t.CareTeamId, t => t.Known, (t, known) => t with { Known = known });

    /// <summary>Of assignments: a device from a start on.</summary>
    public static ReferenceChanges<DeviceAssignment> Of(IReadOnlyList<DeviceAssignment> log, IReadOnlyList<DeviceAssignment> rows) =>
        Of(log, rows, a => (a.DeviceId, a.From), a => a.Known, (a, known) => a with { Known = known });

    /// <summary>Of outcomes: one of a patient, of a kind, at an instant.</summary>
    public static ReferenceChanges<Outcome> Of(IReadOnlyList<Outcome> log, IReadOnlyList<Outcome> rows) =>
        Of(log, rows, o => (o.PatientId, o.Kind, o.Effective), o => o.Known, (o, known) => o with { Known = known });

    /// <summary>Of the census: one step of a patient, of a kind, at an instant.</summary>
    public static ReferenceChanges<CensusEvent> Of(IReadOnlyList<CensusEvent> log, IReadOnlyList<CensusEvent> rows) =>
        Of(log, rows, e => (e.PatientId, e.Kind, e.Effective), e => e.Known, (e, known) => e with { Known = known });

    /// <summary>Of care plans: a patient.</summary>
    public static ReferenceChanges<CarePlan> Of(IReadOnlyList<CarePlan> log, IReadOnlyList<CarePlan> rows) =>
        Of(log, rows, p => p.PatientId, p => p.Known, (p, known) => p with { Known = known });

    private static ReferenceChanges<T> Of<T, TKey>(
        IReadOnlyList<T> log, IReadOnlyList<T> rows, Func<T, TKey> key, Func<T, NodaTime.Instant> known, Func<T, NodaTime.Instant, T> with)
        where TKey : notnull
    {
        // Records with lists in them do not compare by what is in those; their lines do.
        var said = log.Select(ReferenceJson.ToLine).ToHashSet(StringComparer.Ordinal);
        var holds = new Dictionary<TKey, T>();
        foreach (var row in log)
        {
            Hold(row);
        }

        var (added, changed, all) = (new List<T>(), new List<T>(), new List<T>());
        foreach (var row in rows)
        {
            var isThere = holds.TryGetValue(key(row), out var current);
            if (!said.Add(ReferenceJson.ToLine(row)) || (isThere && ReferenceJson.ToLine(with(row, known(current!))) == ReferenceJson.ToLine(current!)))
            {
                continue;
            }

            (isThere ? changed : added).Add(row);
            all.Add(row);
            Hold(row);
        }

        return new ReferenceChanges<T>(added, changed, rows.Count - all.Count) { ToAppend = all };

        void Hold(T row)
        {
            if (!holds.TryGetValue(key(row), out var before) || known(before) <= known(row))
            {
                holds[key(row)] = row;
            }
        }
    }
}
