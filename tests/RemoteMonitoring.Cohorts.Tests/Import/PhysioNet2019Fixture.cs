using System.Formats.Tar;
using System.Globalization;
using System.IO.Compression;
using System.Text;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>Made-up stays in the file format of the PhysioNet/CinC Challenge 2019.</summary>
internal static class PhysioNet2019Fixture
{
    public static readonly string[] Names =
        ("HR|O2Sat|Temp|SBP|MAP|DBP|Resp|EtCO2|BaseExcess|HCO3|FiO2|pH|PaCO2|SaO2|AST|BUN|Alkalinephos|Calcium|Chloride|Creatinine|Bilirubin_direct|"
            + "Glucose|Lactate|Magnesium|Phosphate|Potassium|Bilirubin_total|TroponinI|Hct|Hgb|PTT|WBC|Fibrinogen|Platelets|Age|Gender|Unit1|Unit2|HospAdmTime|"
            + "ICULOS|SepsisLabel").Split('|');

    /// <summary>A row with some values; the others are NaN, the descriptors the usual ones.</summary>
    public static string Row(int hour, int label = 0, params (string Name, string Value)[] values)
    {
        var given = new Dictionary<string, string>
        {
            ["Age"] = "61.5",
            ["Gender"] = "0",
            ["Unit1"] = "1",
            ["Unit2"] = "0",
            ["HospAdmTime"] = "-12.25",
            ["ICULOS"] = hour.ToString(CultureInfo.InvariantCulture),
            ["SepsisLabel"] = label.ToString(CultureInfo.InvariantCulture),
        };
        foreach (var (name, value) in values)
        {
            given[name] = value;
        }

        return string.Join('|', Names.Select(n => given.GetValueOrDefault(n, "NaN"))) + "\n";
    }

    public static string Stay(params string[] rows) => string.Join('|', Names) + "\n" + string.Concat(rows);

    public static void WriteArchive(this TempFolder folder, string name, params (string Id, string Text)[] stays)
    {
        using var packed = new GZipStream(File.Create(Path.Combine(folder.Source, name)), CompressionLevel.Fastest);
        using var tar = new TarWriter(packed);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, "training_setA/"));
        foreach (var (id, text) in stays)
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"training_setA/{id}.psv") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }
    }
}
