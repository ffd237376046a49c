namespace RemoteMonitoring.Cli.Commands;

/// <summary>A file that is written for somebody: whole, or not at all.</summary>
internal static class ExportedFile
{
    public static async Task WriteAsync(string file, Func<Stream, Task> write)
    {
        var path = Path.GetFullPath(file);
        if (Path.GetDirectoryName(path) is { } folder && !Directory.Exists(folder))
        {
            throw new UserException($"{path}: cannot be written: there is no folder '{folder}'. Make it, or name another file.");
        }

        var partial = path + ".partial";
        try
        {
            await using (var output = File.Create(partial))
            {
                await write(output);
            }

            File.Move(partial, path, overwrite: true);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new UserException($"{path}: cannot be written ({e.Message})");
        }
        finally
        {
            File.Delete(partial);
        }
    }
}
