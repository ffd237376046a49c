namespace RemoteMonitoring.Risk.Drift;

/// <summary>Units that devices state a quantity in besides the one it is kept in, and how to get from one to the other.</summary>
internal static class OtherUnits
{
    // From the unit that is kept: value × scale + offset is what the other unit would read.
    private static readonly Dictionary<string, (string Unit, double Scale, double Offset)[]> s_others = new(StringComparer.Ordinal)
    {
        ["Cel"] = [("[degF]", 1.8, 32), ("K", 1, 273.15)],
        ["kg"] = [("[lb_av]", 2.2046226, 0), ("g", 1000, 0), ("[stone_av]", 0.1574730, 0)],
        ["mm[Hg]"] = [("kPa", 0.1333224, 0)],
        ["mg/dL"] = [("mmol/L", 1 / 18.016, 0)],
        ["mmol/L"] = [("mg/dL", 18.016, 0)],
        ["%"] = [("1", 0.01, 0)],
        ["cm"] = [("[in_i]", 1 / 2.54, 0), ("m", 0.01, 0)],
        ["L/min"] = [("L/s", 1 / 60.0, 0)],
    };

    /// <summary>
    /// Ways to take values for ones of another unit: its UCUM name, and what turns such a value into the unit that is kept. Differences have no offset,
    /// so where a unit has one both ways are given; a rate a day is of the quantity's units.
    /// </summary>
    internal static IEnumerable<(string Unit, Func<double, double> Back)> Of(string unit)
    {
        var rate = unit.EndsWith("/d", StringComparison.Ordinal) ? "/d" : "";
        if (!s_others.TryGetValue(unit[..^rate.Length], out var others))
        {
            yield break;
        }

        foreach (var (other, scale, offset) in others)
        {
            yield return (other + rate, value => (value - offset) / scale);
            if (offset != 0 && scale != 1)
            {
                yield return (other + rate, value => value / scale);
            }
        }
    }
}
