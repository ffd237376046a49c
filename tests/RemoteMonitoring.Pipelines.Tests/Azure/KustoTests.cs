using System.Text.Json;
using System.Text.Json.Nodes;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>The queries of alerts and workbook by Kusto's own grammar and types, over the columns that Azure Monitor documents. What they find is seen on Azure alone.</summary>
public sealed class KustoTests
{
    // https://learn.microsoft.com/azure/azure-monitor/reference/tables/{appmetrics,azurediagnostics} and .../app/data-model-complete; of AzureDiagnostics
    // those that Logic Apps and Key Vault write.
    private static readonly JsonObject s_tables = new()
    {
        ["AppMetrics"] = "TimeGenerated:datetime, Name:string, ItemCount:int, Min:real, Max:real, Sum:real, Properties:dynamic, AppRoleName:string, AppRoleInstance:string",
        ["customMetrics"] = "timestamp:datetime, name:string, value:real, valueCount:int, valueMin:real, valueMax:real, valueSum:real, customDimensions:dynamic, cloud_RoleName:string, cloud_RoleInstance:string",
        ["AzureDiagnostics"] = "TimeGenerated:datetime, ResourceProvider:string, OperationName:string, status_s:string, resource_actionName_s:string, httpStatusCode_d:real",
    };

    [Theory]
    [InlineData("alerts.json")]
    [InlineData("workbook.json")]
    public async Task Every_query_is_right_by_the_grammar_and_the_types_of_its_columns_and_gives_rows_of_something(string file)
    {
        var queries = Queries(JsonNode.Parse(Repository.Read($"pipelines/azure/{file}"))!).ToArray();
        Assert.NotEmpty(queries);
        var verdicts = await AnalyseAsync(queries);
        Assert.Equal(queries, verdicts.Select(v => v["query"]!.GetValue<string>()));
        Assert.All(verdicts, v => Assert.True(v["errors"]!.AsArray().Count == 0, v.ToJsonString()));
        Assert.All(verdicts, v => Assert.NotEmpty(v["columns"]!.AsArray()));
    }

    [Theory]
    [InlineData("AppMetrics | where Nam == 'x'")]
    [InlineData("AppMetrics | where Name == 'x' | sumarize sum(Sum)")]
    [InlineData("AppMetrics | summarize sum(Name)")]
    [InlineData("AppMetrics | summarize least = min(Min) by Name | where Min > 0")]
    public async Task A_query_that_is_wrong_is_told_apart(string query) => Assert.NotEmpty(Assert.Single(await AnalyseAsync([query]))["errors"]!.AsArray());

    private static async Task<JsonNode[]> AnalyseAsync(string[] queries)
    {
        using var asked = new TempFile();
        await File.WriteAllTextAsync(asked.Path, new JsonObject { ["tables"] = s_tables.DeepClone(), ["queries"] = JsonSerializer.SerializeToNode(queries) }.ToJsonString());
        return await NodeChecks.RunAsync("analyse.cjs", [asked.Path]);
    }

    private static IEnumerable<string> Queries(JsonNode? node) => node switch
    {
        JsonObject json => json.SelectMany(p => p is { Key: "query", Value: JsonValue query } ? [query.GetValue<string>()] : Queries(p.Value)),
        JsonArray list => list.SelectMany(Queries),
        _ => [],
    };
}
