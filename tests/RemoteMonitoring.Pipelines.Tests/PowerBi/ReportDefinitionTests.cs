using System.Text.Json;

namespace RemoteMonitoring.Pipelines.Tests.PowerBi;

/// <summary>The files of the report: each names its schema, and each field of a visual is in the semantic model.</summary>
public sealed class ReportDefinitionTests
{
    private const string Folder = "pipelines/powerbi/RemoteMonitoring.Report";

    private static readonly SemanticModel s_model = SemanticModel.Read();

    public static TheoryData<string> Visuals =>
        [.. Directory.EnumerateFiles(Repository.PathOf(Folder), "visual.json", SearchOption.AllDirectories).Select(p => Path.GetRelativePath(Repository.Root, p).Replace('\\', '/')).Order(StringComparer.Ordinal)];

    [Fact]
    public void The_project_names_the_report_and_the_report_the_model()
    {
        using var project = Read("pipelines/powerbi/RemoteMonitoring.pbip");
        Assert.Equal("RemoteMonitoring.Report", project.RootElement.GetProperty("artifacts")[0].GetProperty("report").GetProperty("path").GetString());
        using var report = Read($"{Folder}/definition.pbir");
        var model = report.RootElement.GetProperty("datasetReference").GetProperty("byPath").GetProperty("path").GetString()!;
        Assert.True(File.Exists(Path.Combine(Repository.PathOf(Folder), model, "definition.pbism")));
        Assert.True(Directory.Exists(Repository.PathOf(SemanticModel.Folder)));
    }

    [Fact]
    public void Every_file_of_the_definition_names_its_schema()
    {
        var files = Directory.EnumerateFiles(Repository.PathOf("pipelines/powerbi"), "*", SearchOption.AllDirectories).Where(p => Path.GetExtension(p) is ".json" or ".pbir" or ".pbism" or ".pbip" or ".platform").ToArray();
        Assert.True(files.Length > 20);
        Assert.All(files, path =>
        {
            using var document = JsonDocument.Parse(File.ReadAllText(path));
            Assert.StartsWith("https://developer.microsoft.com/json-schemas/fabric/", document.RootElement.GetProperty("$schema").GetString(), StringComparison.Ordinal);
        });
    }

    [Fact]
    public void There_are_the_three_pages_in_their_order()
    {
        using var pages = Read($"{Folder}/definition/pages/pages.json");
        var order = pages.RootElement.GetProperty("pageOrder").EnumerateArray().Select(p => p.GetString()!).ToArray();
        Assert.Equal(order.Order(StringComparer.Ordinal), Directory.GetDirectories(Repository.PathOf($"{Folder}/definition/pages")).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal));
        var titles = new List<string>();
        foreach (var page in order)
        {
            using var document = Read($"{Folder}/definition/pages/{page}/page.json");
            Assert.Equal(page, document.RootElement.GetProperty("name").GetString());
            titles.Add(document.RootElement.GetProperty("displayName").GetString()!);
        }

        Assert.Equal(["Prediction history", "Yield and calibration", "Alert burden and follow-up outcomes"], titles);
    }

    [Theory]
    [MemberData(nameof(Visuals))]
    public void Each_field_of_a_visual_is_in_the_model_and_it_lies_on_the_page(string path)
    {
        using var document = Read(path);
        var root = document.RootElement;
        Assert.Equal(path.Split('/')[^2], root.GetProperty("name").GetString());
        var at = root.GetProperty("position");
        Assert.InRange(at.GetProperty("x").GetInt32() + at.GetProperty("width").GetInt32(), 0, 1280);
        Assert.InRange(at.GetProperty("y").GetInt32() + at.GetProperty("height").GetInt32(), 0, 720);
        var visual = root.GetProperty("visual");
        if (visual.GetProperty("visualType").GetString() == "textbox")
        {
            return;
        }

        var fields = visual.GetProperty("query").GetProperty("queryState").EnumerateObject().SelectMany(r => r.Value.GetProperty("projections").EnumerateArray()).ToArray();
        Assert.NotEmpty(fields);
        Assert.Distinct(fields.Select(f => f.GetProperty("queryRef").GetString()));
        foreach (var projection in fields)
        {
            var field = Assert.Single(projection.GetProperty("field").EnumerateObject());
            var (entity, property) = (field.Value.GetProperty("Expression").GetProperty("SourceRef").GetProperty("Entity").GetString()!, field.Value.GetProperty("Property").GetString()!);
            Assert.Equal($"{entity}.{property}", projection.GetProperty("queryRef").GetString());
            Assert.Contains(property, field.Name == "Measure" ? s_model.Tables[entity].Of("measure").Select(m => m.Name) : field.Name == "Column" ? s_model.ColumnsOf(entity) : []);
        }

        // Read out to whoever does not see it.
        Assert.Contains("altText", visual.GetProperty("visualContainerObjects").GetProperty("general").GetRawText(), StringComparison.Ordinal);
    }

    private static JsonDocument Read(string path) => JsonDocument.Parse(Repository.Read(path));
}
