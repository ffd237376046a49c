using System.Globalization;
using System.Text.Json;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Compaction;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Engine.Embedded;

namespace RemoteMonitoring.Workflows.Backup;

/// <summary>A kind of thing in a home that has versions of its own.</summary>
/// <param name="What">Which.</param>
/// <param name="Found">How many there are of each version; version 0 is one that says none.</param>
/// <param name="Current">The version that this program writes, and the newest it reads; null where it is not known here.</param>
public sealed record FoundFormat(string What, IReadOnlyDictionary<long, int> Found, long? Current);

/// <summary>Which versions the things in a cohort's folder have.</summary>
public static class HomeFormats
{
    /// <summary>Looks; nothing is changed, and what cannot be read counts as version 0.</summary>
    public static async Task<IReadOnlyList<FoundFormat>> FindAsync(CohortStore store, CancellationToken cancellationToken)
    {
        var formats = new List<FoundFormat> { One("home", HomeFormat.VersionOf(store.Folder)!.Value, HomeFormat.Current.Version) };
        foreach (var file in Directory.EnumerateFiles(store.Folder, "*.db").Order(StringComparer.Ordinal))
        {
            formats.Add(One(Path.GetFileName(file), Ask(file, "PRAGMA user_version"), Path.GetFileName(file) switch
            {
                LocalDocuments.File or LocalDocuments.AccessFile => SqliteDocuments.SchemaVersion,
                WorkflowCatalog.Journal => JournalFile.SchemaVersion,
                _ => null,
            }));
        }

        if (File.Exists(GatewayHome.Of(store).LogFile))
        {
            formats.Add(One("the hub's log", Ask(GatewayHome.Of(store).LogFile, "SELECT value FROM log WHERE name = 'schema_version'"), GatewayLog.SchemaVersion));
        }

        formats.Add(await OfAsync("observations manifests", [LakePaths.ObservationsManifest, .. await store.Lake.ListAsync(LakePaths.ObservationsManifests, cancellationToken)], ObservationsManifest.CurrentSchemaVersion));
        formats.Add(await OfAsync("models", (await store.Lake.ListAsync("models", cancellationToken)).Where(p => p.EndsWith("/" + ModelFiles.DocumentName, StringComparison.Ordinal)), ModelDocument.CurrentSchemaVersion));
        formats.Add(await OfAsync("decisions about models", (await store.Lake.ListAsync("models", cancellationToken)).Where(LakePaths.IsDecision), Registry.Decision.CurrentSchemaVersion));
        formats.Add(await OfAsync("shadow entries", (await store.Lake.ListAsync("ledger", cancellationToken)).Where(LakePaths.IsLedgerShadow), ShadowEntry.CurrentSchemaVersion));
        formats.Add(await OfAsync("ledger entries", (await store.Lake.ListAsync("ledger", cancellationToken)).Where(LakePaths.IsLedgerEntry), LedgerEntry.CurrentSchemaVersion));
        return [.. formats.Where(f => f.Found.Count > 0)];

        async Task<FoundFormat> OfAsync(string what, IEnumerable<string> paths, long current)
        {
            var versions = new List<long>();
            foreach (var path in paths)
            {
                if (await store.Lake.TryReadAsync(path, cancellationToken) is { } bytes)
                {
                    versions.Add(VersionOf(bytes));
                }
            }

            return new FoundFormat(what, new SortedDictionary<long, int>(versions.CountBy(v => v).ToDictionary()), current);
        }
    }

    private static FoundFormat One(string what, long version, long? current) => new(what, new Dictionary<long, int> { [version] = 1 }, current);

    private static long VersionOf(byte[] json)
    {
        try
        {
            using var document = JsonDocument.Parse(json);
            // Of a signed file what was signed has the version.
            var root = document.RootElement.TryGetProperty("decision", out var signed) ? signed : document.RootElement;
            return root.GetProperty("schemaVersion").GetInt64();
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException or FormatException)
        {
            return 0;
        }
    }

    private static long Ask(string file, string sql)
    {
        try
        {
            using var connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = file, Mode = SqliteOpenMode.ReadWrite, Pooling = false }.ToString());
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = sql;
            return Convert.ToInt64(command.ExecuteScalar(), CultureInfo.InvariantCulture);
        }
        catch (Exception e) when (e is SqliteException or FormatException)
        {
            return 0;
        }
    }
}
