using System.Formats.Tar;
using System.IO.Compression;
using System.Text;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>Made-up stays in the file format of the PhysioNet/CinC Challenge 2012.</summary>
internal static class PhysioNet2012Fixture
{
    public const string OutcomesHeader = "RecordID,SAPS-I,SOFA,Length_of_stay,Survival,In-hospital_death\n";

    /// <summary>A stay with the usual descriptors, followed by <paramref name="rows"/>.</summary>
    public static string Stay(
        string id, string rows = "", string age = "61", string gender = "1", string height = "170.2", string icuType = "3", string weight = "80.5") =>
        $"Time,Parameter,Value\n00:00,RecordID,{id}\n00:00,Age,{age}\n00:00,Gender,{gender}\n00:00,Height,{height}\n00:00,ICUType,{icuType}\n00:00,Weight,{weight}\n{rows}";

    /// <summary>One outcome row for each stay; the severity scores and the length of stay are odd numbers that can be searched for.</summary>
    public static string Outcomes(params (string Id, int Survival, int Death)[] rows) =>
        OutcomesHeader + string.Concat(rows.Select(r => $"{r.Id},7777,8888,9999,{r.Survival},{r.Death}\n"));

    public static void WritePacked(this TempFolder folder, char set, string outcomes, params (string Id, string Text)[] stays)
    {
        folder.Write($"Outcomes-{set}.txt", outcomes);
        using var packed = new GZipStream(File.Create(Path.Combine(folder.Source, $"set-{set}.tar.gz")), CompressionLevel.Fastest);
        using var tar = new TarWriter(packed);
        tar.WriteEntry(new UstarTarEntry(TarEntryType.Directory, $"set-{set}/"));
        foreach (var (id, text) in stays)
        {
            tar.WriteEntry(new UstarTarEntry(TarEntryType.RegularFile, $"set-{set}/{id}.txt") { DataStream = new MemoryStream(Encoding.UTF8.GetBytes(text)) });
        }
    }

    public static void WriteUnpacked(this TempFolder folder, char set, string outcomes, params (string Id, string Text)[] stays)
    {
        folder.Write($"Outcomes-{set}.txt", outcomes);
        foreach (var (id, text) in stays)
        {
            folder.Write($"set-{set}/{id}.txt", text);
        }
    }
}
