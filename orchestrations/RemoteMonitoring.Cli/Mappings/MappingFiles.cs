using RemoteMonitoring.Ingestion.Landing;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Cli.Mappings;

/// <summary>What a user means by a mapping: a bundled one by name or label, or a document.</summary>
internal static class MappingFiles
{
    /// <summary>Reads a document; throws <see cref="UserException"/> naming file, mapping, field and mend.</summary>
    public static DeviceMapping Read(string file)
    {
        if (!File.Exists(file))
        {
            throw new UserException($"{file}: there is no such file, and no bundled mapping of that name; 'rmon mapping list' names them.");
        }

        try
        {
            return DeviceMapping.Parse(File.ReadAllBytes(file), VitalSignCatalog.Default);
        }
        catch (MappingException e)
        {
            throw new UserException($"{file}: {e.Message}");
        }
    }

    /// <summary>The set of a cohort with the mapping in it; one line where its name and version mean another document.</summary>
    public static MappingSet Try(string file, MappingHistory history, DeviceMapping mapping)
    {
        try
        {
            return HistoryCommands.Try(history, mapping);
        }
        catch (MappingException e)
        {
            throw new UserException($"{file}: {e.Message}");
        }
    }

    public static DeviceMapping Bundled(string name) => MappingSet.Bundled.Find(name)
        ?? throw new UserException($"there is no bundled mapping '{name}'; it is one of {string.Join(", ", MappingSet.Bundled.Mappings.Select(m => m.Label))}.");

    /// <summary>The mapping meant, and the set in which it is tried: the bundled ones, with it among them where it is a document.</summary>
    public static (DeviceMapping Mapping, MappingSet Set) Find(string nameOrFile)
    {
        if (MappingSet.Bundled.Find(nameOrFile) is { } bundled)
        {
            return (bundled, MappingSet.Bundled);
        }

        var mapping = Read(nameOrFile);
        try
        {
            return (mapping, MappingSet.Bundled.With(mapping));
        }
        catch (MappingException e)
        {
            throw new UserException($"{nameOrFile}: {e.Message}");
        }
    }
}
