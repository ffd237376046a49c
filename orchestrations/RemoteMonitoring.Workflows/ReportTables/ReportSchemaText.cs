using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Workflows.ReportTables;

/// <summary>What the tables for reports mean, for people.</summary>
public static class ReportSchemaText
{
    /// <summary>The dictionary as Markdown.</summary>
    public static string ToMarkdown()
    {
        var text = new StringBuilder($"# The tables for reports, `{LakePaths.ReportFolder}`\n\n")
            .Append("Made by the program from its own schema (`rmon report dictionary`); a test holds this file against it. Times are UTC with microseconds, texts UTF-8. A text that may be unknown is null, a number NaN.\n")
            .Append("Files are named by the hash of their bytes; `manifest.json` says which are current, and is replaced atomically. Tables that are cut by time lie in folders such as `date=2025-06-30` or `month=2025-06`.\n");
        foreach (var table in ReportSchema.All)
        {
            text.Append($"\n## {table.Name}\n\n{table.Grain}\n\nKey: {string.Join(", ", table.Key.Select(k => $"`{k}`"))}. {(table.Cut switch { ReportCut.Day => "A file a day.", ReportCut.Month => "A file a month.", _ => "One file." })}\n\n")
                .Append("| column | type | may be unknown | meaning |\n|---|---|---|---|\n");
            foreach (var column in table.Columns)
            {
                text.Append($"| `{column.Name}` | {column.Kind switch { ColumnKind.Text => "text", ColumnKind.Int32 => "integer", ColumnKind.Float64 => "number", ColumnKind.Time => "time", ColumnKind.Boolean => "true or false", _ => throw new System.Diagnostics.UnreachableException() }} | {(column.MayBeUnknown ? "yes" : "")} | {column.Meaning} |\n");
            }
        }

        return text.ToString();
    }
}
