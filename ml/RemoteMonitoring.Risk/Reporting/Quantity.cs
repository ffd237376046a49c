using System.Globalization;

namespace RemoteMonitoring.Risk.Reporting;

/// <summary>Numbers and units as people read them.</summary>
public static class Quantity
{
    /// <summary>No more digits than matter: whole from 100 on, two significant ones where the value is small; a true minus sign, and none before zero.</summary>
    public static string Number(double value)
    {
        var size = Math.Abs(value);
        var digits = size switch { >= 100 => "0", >= 10 => "0.#", >= 0.1 or 0 => "0.##", >= 0.01 => "0.###", _ => "0.####" };
        var text = size.ToString(digits, CultureInfo.InvariantCulture);
        return value < 0 && text != "0" ? "−" + text : text;
    }

    /// <summary>A number with its unit, given in UCUM.</summary>
    public static string With(double value, string ucum) => $"{Number(value)} {Unit(ucum)}".TrimEnd();

    /// <summary>A UCUM unit as people read it; empty where there is none to say.</summary>
    public static string Unit(string ucum) => ucum switch
    {
        "[pH]" or "1" or "{score}" or "{steps}/d" => "",
        _ => ucum
            .Replace("mm[Hg]", "mmHg", StringComparison.Ordinal)
            .Replace("Cel", "°C", StringComparison.Ordinal)
            .Replace("{", "", StringComparison.Ordinal)
            .Replace("}", "", StringComparison.Ordinal),
    };
}
