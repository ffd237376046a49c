using System.IO.Compression;
using System.Text;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>A folder that is gone after the test.</summary>
public sealed class TempFolder : IDisposable
{
    public string Root { get; } = Directory.CreateTempSubdirectory("rmon-import-").FullName;

    /// <summary>Where the source files lie.</summary>
    public string Source => Directory.CreateDirectory(Path.Combine(Root, "source")).FullName;

    /// <summary>Where the feed goes; not there yet.</summary>
    public string Out => Path.Combine(Root, "feed");

    public void Write(string file, string text)
    {
        var path = Path.Combine(Source, file);
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        File.WriteAllText(path, text, new UTF8Encoding(false));
    }

    public void WriteGzip(string file, string text)
    {
        using var packed = new GZipStream(File.Create(Path.Combine(Source, file)), CompressionLevel.Fastest);
        packed.Write(Encoding.UTF8.GetBytes(text));
    }

    /// <summary>Cuts a file to a share of its length.</summary>
    public void CutShort(string file, double share)
    {
        var path = Path.Combine(Source, file);
        var bytes = File.ReadAllBytes(path);
        File.WriteAllBytes(path, bytes[..(int)(bytes.Length * share)]);
    }

    /// <summary>Whether neither the feed nor a part of it is there.</summary>
    public bool NothingWritten => Directory.GetFileSystemEntries(Root).All(e => e == Source);

    public void Dispose() => Directory.Delete(Root, recursive: true);
}
