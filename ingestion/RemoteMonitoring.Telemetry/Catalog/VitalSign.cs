namespace RemoteMonitoring.Telemetry.Catalog;

/// <summary>
/// One quantity the system knows: its code, its canonical unit, the units it is accepted in, and the hard limits
/// outside which a value is taken for a recording error.
/// </summary>
public sealed class VitalSign
{
    private readonly Dictionary<string, UnitConversion> _byUnit;
    private readonly (byte[] Unit, UnitConversion Conversion)[] _byUtf8Unit;

    internal VitalSign(int index, VitalSignRow row)
    {
        Index = index;
        Key = row.Key;
        Code = row.Code;
        AlternateCodes = row.AlternateCodes;
        Display = row.Display;
        Label = row.Label;
        Unit = row.Unit;
        Low = row.Range[0];
        High = row.Range[1];
        RangeSource = row.RangeSource;
        AcceptedUnits = [.. row.AcceptedUnits.Select(u => new UnitConversion(u.Unit, u.Subtract, u.Multiply, u.Divide))];
        _byUnit = new Dictionary<string, UnitConversion>(StringComparer.Ordinal);
        for (var i = 0; i < AcceptedUnits.Count; i++)
        {
            _byUnit.Add(AcceptedUnits[i].Unit, AcceptedUnits[i]);
            foreach (var alias in row.AcceptedUnits[i].Aliases)
            {
                _byUnit.Add(alias, AcceptedUnits[i]);
            }
        }

        _byUtf8Unit = [.. _byUnit.Select(u => (System.Text.Encoding.UTF8.GetBytes(u.Key), u.Value))];
    }

    /// <summary>Position in the catalog of this process; never stored, since rows may be inserted. Stored data carries <see cref="Code"/>.</summary>
    public int Index { get; }

    /// <summary>Stem of feature and column names, snake_case.</summary>
    public string Key { get; }

    /// <summary>LOINC code, or a code of our own that starts with <c>local:</c> where LOINC has none.</summary>
    public string Code { get; }

    /// <summary>Other codes for the same quantity that devices may send.</summary>
    public IReadOnlyList<string> AlternateCodes { get; }

    /// <summary>Full name, in the words of the code system.</summary>
    public string Display { get; }

    /// <summary>Short name for people.</summary>
    public string Label { get; }

    /// <summary>Canonical UCUM unit; every stored value is in it.</summary>
    public string Unit { get; }

    /// <summary>Whether a reading counts what happened, as a sensor in a room does: a day is told by their sum, not by the last or the mean of them.</summary>
    public bool IsCounted => Unit == "{events}";

    /// <summary>Lowest plausible value in <see cref="Unit"/>, inclusive.</summary>
    public double Low { get; }

    /// <summary>Highest plausible value in <see cref="Unit"/>, inclusive.</summary>
    public double High { get; }

    /// <summary>Where the limits come from.</summary>
    public string RangeSource { get; }

    /// <summary>The canonical unit first, then the others.</summary>
    public IReadOnlyList<UnitConversion> AcceptedUnits { get; }

    /// <summary>The conversion from <paramref name="unit"/> (UCUM, or a listed alias); false when the unit measures something else.</summary>
    public bool TryGetUnit(string unit, out UnitConversion conversion) => _byUnit.TryGetValue(unit, out conversion);

    /// <summary>The same, for a unit as it stands in a message.</summary>
    internal bool TryGetUnit(ReadOnlySpan<byte> utf8Unit, out UnitConversion conversion)
    {
        foreach (var (unit, known) in _byUtf8Unit)
        {
            if (utf8Unit.SequenceEqual(unit))
            {
                conversion = known;
                return true;
            }
        }

        conversion = default;
        return false;
    }

    /// <summary>Whether a value in the canonical unit lies within the hard limits; NaN does not.</summary>
    public bool IsPlausible(double value) => value >= Low && value <= High;

    /// <inheritdoc />
    public override string ToString() => $"{Display} ({Code})";
}

/// <summary>An exact conversion to the canonical unit: (value − subtract) × multiply ÷ divide, in this order.</summary>
/// <param name="Unit">UCUM unit converted from.</param>
/// <param name="Subtract">Zero point of the unit.</param>
/// <param name="Multiply">Numerator of the factor.</param>
/// <param name="Divide">Denominator of the factor.</param>
public readonly record struct UnitConversion(string Unit, double Subtract, double Multiply, double Divide)
{
    /// <summary>The value in the canonical unit.</summary>
    public double ToCanonical(double value) => (value - Subtract) * Multiply / Divide;

    /// <summary>The inverse of <see cref="ToCanonical"/>.</summary>
    public double FromCanonical(double value) => (value * Divide / Multiply) + Subtract;
}
