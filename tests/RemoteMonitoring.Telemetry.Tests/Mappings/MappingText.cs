using System.Text;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>Documents of mappings, made short.</summary>
internal static class MappingText
{
    /// <summary>A mapping of version 1 for bodies with a field <c>x</c>, with these rules.</summary>
    public static string WithRules(string rules, string time = "", string match = """{"shape": [["x"]]}""") =>
        $$"""{"schemaVersion": 1, "name": "trial", "version": 1, "description": "for tests", "match": {{match}}, {{(time.Length > 0 ? $"\"time\": {time}," : "")}} "readings": [{{rules}}]}""";

    public static DeviceMapping Parse(string document) => DeviceMapping.Parse(Encoding.UTF8.GetBytes(document), VitalSignCatalog.Default);

    /// <summary>The bundled mappings with one more.</summary>
    public static MappingSet SetWith(string document) => MappingSet.Bundled.With(Parse(document));
}
