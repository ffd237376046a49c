using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Storage.Tests.Documents;

public sealed class LocalDocumentsTests : DocumentsContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-local-documents-").FullName;

    [Fact]
    public async Task Who_looked_at_what_waits_for_no_writer_of_other_documents()
    {
        await using var documents = Open();
        await using var writer = new SqliteConnection($"Data Source={Path.Combine(_folder, LocalDocuments.File)};Pooling=False");
        await writer.OpenAsync();
        using (var command = writer.CreateCommand())
        {
            command.CommandText = "BEGIN IMMEDIATE";
            command.ExecuteNonQuery();
            var night = Task.Run(() => documents.UpsertAsync(Containers.Predictions, [new Document { PartitionKey = "p", Id = "1", Body = "{}" }], default));
            await Task.Run(() => documents.UpsertAsync(Containers.Audit, [new Document { PartitionKey = "2026-01-01", Id = "1", Body = "{}" }], default)).WaitAsync(TimeSpan.FromSeconds(10));
            Assert.False(night.IsCompleted); // it waits for the writer, for longer than that
            command.CommandText = "COMMIT";
            command.ExecuteNonQuery();
            await night;
        }

        await using var access = new SqliteDocuments(Path.Combine(_folder, LocalDocuments.AccessFile));
        await using var rest = new SqliteDocuments(Path.Combine(_folder, LocalDocuments.File));
        Assert.Equal((1, 0), (await access.CountAsync(Containers.Audit, default), await access.CountAsync(Containers.Predictions, default)));
        Assert.Equal((0, 1), (await rest.CountAsync(Containers.Audit, default), await rest.CountAsync(Containers.Predictions, default)));
    }

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override DocumentStore Open() => new LocalDocuments(_folder);
}
