using System.Text.RegularExpressions;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

/// <summary>A relationship: many rows of one table to one of another, whose filter it passes on.</summary>
internal sealed record ModelRelationship(string FromTable, string FromColumn, string ToTable, string ToColumn);

/// <summary>The semantic model as its files say.</summary>
internal sealed partial class SemanticModel
{
    public const string Folder = "pipelines/powerbi/RemoteMonitoring.SemanticModel/definition";

    private SemanticModel(IReadOnlyList<TmdlObject> files)
    {
        All = files;
        Tables = files.SelectMany(f => f.Of("table")).ToDictionary(t => t.Name, StringComparer.Ordinal);
        Relationships = [.. files.SelectMany(f => f.Of("relationship")).Select(r => new ModelRelationship(
            r["fromColumn"]!.Split('.')[0], r["fromColumn"]!.Split('.')[1], r["toColumn"]!.Split('.')[0], r["toColumn"]!.Split('.')[1]))];
        Role = files.SelectMany(f => f.Of("role")).Single();
        Measures = Tables.Values.SelectMany(t => t.Of("measure").Select(m => (Table: t.Name, Measure: m))).ToDictionary(m => m.Measure.Name, m => m, StringComparer.Ordinal);
    }

    public IReadOnlyList<TmdlObject> All { get; }

    public IReadOnlyDictionary<string, TmdlObject> Tables { get; }

    public IReadOnlyList<ModelRelationship> Relationships { get; }

    public TmdlObject Role { get; }

    public IReadOnlyDictionary<string, (string Table, TmdlObject Measure)> Measures { get; }

    public static SemanticModel Read() => new(
        [.. Directory.EnumerateFiles(Repository.PathOf(Folder), "*.tmdl", SearchOption.AllDirectories).Order(StringComparer.Ordinal).Select(path => Tmdl.Parse(File.ReadAllText(path), Path.GetRelativePath(Repository.Root, path)))]);

    public IEnumerable<string> ColumnsOf(string table) => Tables[table].Of("column").Select(c => c.Name);

    /// <summary>The columns of tables and the measures that a DAX expression names.</summary>
    public static (IReadOnlyList<(string Table, string Column)> Columns, IReadOnlyList<string> Measures) NamedIn(string dax)
    {
        var code = Literal().Replace(dax, "\"\"");
        return ([.. Column().Matches(code).Select(m => (m.Groups[1].Value, m.Groups[2].Value))], [.. Measure().Matches(code).Select(m => m.Groups[1].Value)]);
    }

    [GeneratedRegex("\"[^\"]*\"")]
    private static partial Regex Literal();

    [GeneratedRegex(@"([A-Za-z_]+)\[([^\]]+)\]")]
    private static partial Regex Column();

    [GeneratedRegex(@"(?<![A-Za-z_'])\[([^\]]+)\]")]
    private static partial Regex Measure();
}
