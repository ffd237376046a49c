using System.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.ReportTables;
using RemoteMonitoring.Workflows.Tests.Drift;

namespace RemoteMonitoring.Workflows.Tests.ReportTables;

/// <summary>A copy of <see cref="DriftHome"/> with nights that ran, staff who acted, and exports of it.</summary>
internal sealed class ReportHome(TempHome home) : IAsyncDisposable
{
    public const string Called = "patient-00";

    public TempHome Home { get; } = home;

    public static async Task<ReportHome> MakeAsync(DriftHome made, params int[] nights) => new(await made.CopyAsync(nights));

    /// <summary>Exports as of a day.</summary>
    public Task<ReportOutcome> ExportAsync(double day, string? since = null) => ReportStage.RunAsync(Home.Store, MadeUpFeed.At(day), since, [TrainedHome.Task], null, default);

    public async Task<ReportManifest> ManifestAsync() => (await ReportManifest.TryReadAsync(Home.Lake, default))!;

    /// <summary>The rows of a table, all files of it together, as values by the name of the column.</summary>
    public async Task<IReadOnlyList<IReadOnlyDictionary<string, object?>>> RowsAsync(ReportTable table)
    {
        var rows = new List<IReadOnlyDictionary<string, object?>>();
        foreach (var file in (await ManifestAsync()).Files.Where(f => f.Table == table.Name))
        {
            var parquet = await Home.Lake.ReadVerifiedTableAsync(file.Path, file.Sha256, null, default);
            Assert.Equal(table.Columns.Select(c => c.Name), parquet.ColumnNames);
            Assert.Equal(table.Columns.Select(c => c.Kind), parquet.ColumnNames.Select(parquet.KindOf));
            Assert.Equal(file.Rows, parquet.Rows);
            var columns = parquet.ColumnNames.ToDictionary(n => n, parquet.Column, StringComparer.Ordinal);
            rows.AddRange(Enumerable.Range(0, parquet.Rows).Select(r => columns.ToDictionary(c => c.Key, c => c.Value.GetValue(r), StringComparer.Ordinal)));
        }

        return rows;
    }

    public async Task ActAsync(string patient, ActionKind kind, double day, string? undoes = null) => await StateAsync(
        ReferenceKinds.Actions,
        new WorklistAction { Id = Convert.ToHexStringLower(System.Security.Cryptography.SHA256.HashData(Encoding.UTF8.GetBytes($"{patient}{kind}{day}")).AsSpan(0, 16)), PatientId = patient, CareTeamId = "north", Kind = kind, By = "nurse-with-a-name", Note = "words-of-a-note", Undoes = undoes, Known = MadeUpFeed.At(day) });

    public Task StateAsync<T>(string kind, params T[] rows) =>
        Home.Store.Reference.AppendAsync(kind, Encoding.UTF8.GetBytes(string.Concat(rows.Select(r => ReferenceJson.ToLine(r) + "\n"))), default);

    public Task OutcomeAsync(string patient, double day, double known) =>
        StateAsync(ReferenceKinds.Outcomes, new Outcome { PatientId = patient, Kind = "hospital-admission", Effective = MadeUpFeed.At(day), Known = MadeUpFeed.At(known) });

    /// <summary>Hash of every file below <c>bi/</c> by its path; the manifest and the export's own row say when they were made.</summary>
    public async Task<SortedDictionary<string, string>> HashesAsync()
    {
        var hashes = await Home.HashesAsync("bi");
        hashes.Remove(LakePaths.ReportManifest);
        return hashes;
    }

    public ValueTask DisposeAsync() => Home.DisposeAsync();
}
