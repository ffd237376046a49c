namespace RemoteMonitoring.Pipelines.Tests;

/// <summary>A file for the length of a test.</summary>
internal sealed class TempFile : IDisposable
{
    public string Path { get; } = System.IO.Path.GetTempFileName();

    public void Dispose() => File.Delete(Path);
}
