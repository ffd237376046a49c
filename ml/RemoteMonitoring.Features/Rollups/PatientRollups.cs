using NodaTime;
using RemoteMonitoring.Features.Vectors;

namespace RemoteMonitoring.Features.Rollups;

/// <summary>
/// Rollups of many patients, a table for each kind of cells and local date that is rolled up; of the others the readings are
/// asked. A cell whose row is missing in its table has no reading. They speak for a patient only in the zone that they were cut
/// by, and of knowing at or after a cell's end.
/// </summary>
public sealed class PatientRollups
{
    private readonly Dictionary<(CellKind Kind, int Date), int> _tables = [];
    private readonly Func<string, DateTimeZone> _zoneOf;
    private readonly PatientPlaces _places;

    /// <summary>Indexes tables.</summary>
    /// <param name="tables">The tables.</param>
    /// <param name="zoneOf">Zone that a patient's cells were cut by.</param>
    public PatientRollups(IReadOnlyList<RollupColumns> tables, Func<string, DateTimeZone> zoneOf)
    {
        Tables = [.. tables];
        _zoneOf = zoneOf;
        _places = new PatientPlaces([.. tables.Select(t => t.Patients)]);
        for (var t = 0; t < Tables.Length; t++)
        {
            _tables.Add((Tables[t].Kind, Tables[t].Date), t);
        }
    }

    internal RollupColumns[] Tables { get; }

    /// <summary>Whether cells of a kind and local date are rolled up.</summary>
    internal bool Has(CellKind kind, int date) => _tables.ContainsKey((kind, date));

    internal int Find(string patientId) => _places.Find(patientId);

    /// <summary>Whether the rollups of a patient were cut by this zone.</summary>
    internal bool IsCutBy(string patientId, DateTimeZone zone) => _zoneOf(patientId).Id == zone.Id;

    /// <summary>The table of each piece; below 0 where the date is not rolled up.</summary>
    internal int[] TablesOf(Pieces pieces) => Array.ConvertAll(pieces.Date, date => _tables.GetValueOrDefault((pieces.Kind, date), -1));

    internal (int Start, int End) RowsOf(int table, int patient)
    {
        var place = patient < 0 ? -1 : _places[patient, table];
        return place < 0 ? (0, 0) : (Tables[table].PatientStart[place], Tables[table].PatientStart[place + 1]);
    }

    /// <summary>The state of a vital's cell as held at an instant; moves <paramref name="at"/> on, which asks in the order of vitals and cells.</summary>
    internal bool TryRead(int table, ref int at, int end, int vital, long cellStart, long knownBy, out CellState state)
    {
        var rows = Tables[table];
        while (at < end && (rows.Vital[at] < vital || (rows.Vital[at] == vital && rows.CellStart[at] < cellStart)))
        {
            at++;
        }

        for (var i = at; i < end && rows.Vital[i] == vital && rows.CellStart[i] == cellStart; i++)
        {
            if (rows.KnownFrom[i] <= knownBy && knownBy < rows.KnownTo[i])
            {
                state = rows[i];
                return true;
            }
        }

        state = default;
        return false;
    }
}
