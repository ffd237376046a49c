using System.Collections;
using System.Text;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Documents;

/// <summary>The contract, and what only a file can be or suffer.</summary>
public sealed class SqliteDocumentsTests : DocumentsContract, IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-documents-").FullName;

    private string FilePath => Path.Combine(_folder, "home", "documents.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    protected override DocumentStore Open() => new SqliteDocuments(FilePath);

    [Fact]
    public async Task It_is_named_by_its_file_and_costs_nothing()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a")], default);
        Assert.Equal(FilePath, documents.Name);
        Assert.Equal(0, documents.RequestUnits);
    }

    [Fact]
    public async Task A_batch_that_fails_half_way_leaves_nothing()
    {
        await using var documents = Open();
        await Assert.ThrowsAsync<InvalidDataException>(() => documents.UpsertAsync("c", new FailingHalfWay(), default));
        Assert.Equal(0, await documents.CountAsync("c", default));
        Assert.Equal(1, await documents.UpsertAsync("c", [Doc("p", "a")], default));
    }

    [Fact]
    public async Task Who_reads_does_not_wait_for_who_writes()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "there")], default);
        using var writing = new ManualResetEventSlim();
        using var read = new ManualResetEventSlim();
        var upsert = Task.Run(() => documents.UpsertAsync("c", new Drawn(Held()), default));
        writing.Wait();
        Assert.NotNull(await documents.FindAsync("c", "p", "there", default).WaitAsync(TimeSpan.FromSeconds(30)));
        Assert.Equal(1, await documents.CountAsync("c", default).WaitAsync(TimeSpan.FromSeconds(30)));
        read.Set();
        Assert.Equal(2, await upsert);
        Assert.Equal(3, await documents.CountAsync("c", default));

        IEnumerable<Document> Held()
        {
            yield return Doc("p", "a");
            writing.Set();
            read.Wait();
            yield return Doc("p", "b");
        }
    }

    [Fact]
    public async Task A_large_upsert_lets_others_write_in_between()
    {
        await using var documents = Open();
        using var writing = new ManualResetEventSlim();
        Task<string?>? other = null;
        var upsert = Task.Run(() => documents.UpsertAsync("c", new Drawn(UntilTheOtherHasWritten()), default));
        writing.Wait();
        Volatile.Write(ref other, documents.TryCreateAsync("c", Doc("q", "other"), default));
        var written = await upsert;
        Assert.NotNull(await other!);
        Assert.InRange(written, 1, MostDrawn - 1);
        Assert.Equal(written + 1, await documents.CountAsync("c", default));

        IEnumerable<Document> UntilTheOtherHasWritten()
        {
            for (var i = 0; i < MostDrawn && Volatile.Read(ref other) is not { IsCompleted: true }; i++)
            {
                yield return Doc("p", $"{i:D7}");
                writing.Set();
            }
        }
    }

    [Fact]
    public async Task The_journal_is_brought_into_the_file_beside_who_writes_and_does_not_grow_for_ever()
    {
        await using var documents = Open();
        var body = $"{{\"x\":\"{new string('x', 4000)}\"}}";
        for (var batch = 0; batch < 40; batch++)
        {
            await documents.UpsertAsync("c", [.. Enumerable.Range(0, 250).Select(i => Doc("p", $"{batch:D3}-{i:D3}", body))], default);
        }

        // Some 40 MB were written; those who write do it themselves at 64 MB of journal.
        Assert.InRange(new FileInfo(FilePath).Length, 1 << 20, long.MaxValue);
        Assert.Equal(10_000, await documents.CountAsync("c", default));
    }

    [Fact]
    public async Task Pages_of_large_documents_end_early_and_miss_none()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [.. Enumerable.Range(0, 12).Select(i => Doc("p", $"{i:D2}", $$"""{"x":"{{new string('x', 1 << 20)}}"}"""))], default);
        Assert.Equal(Enumerable.Range(0, 12).Select(i => $"{i:D2}"), (await All(documents, "c")).Select(d => d.Id));
    }

    [Fact]
    public async Task A_file_of_before_documents_had_versions_is_brought_up_to_date_in_place()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        await using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = """
                CREATE TABLE documents (
                    container TEXT NOT NULL,
                    partition_key TEXT NOT NULL,
                    id TEXT NOT NULL,
                    body TEXT NOT NULL,
                    expires INTEGER,
                    PRIMARY KEY (container, partition_key, id)
                ) WITHOUT ROWID;
                INSERT INTO documents VALUES ('c', 'p', 'a', '{"v":1}', 7), ('c', 'p', 'b', '{"v":2}', NULL);
                """;
            command.ExecuteNonQuery();
        }

        // Two at once: one brings it up to date, the other finds it so.
        var opened = await Task.WhenAll(Task.Run(Open), Task.Run(Open));
        foreach (var store in opened)
        {
            await store.DisposeAsync();
        }

        await using var documents = Open();
        Same([Doc("p", "a", """{"v":1}""", 7), Doc("p", "b", """{"v":2}""")], await All(documents, "c"));
        var old = (await documents.FindAsync("c", "p", "b", default))!;
        Assert.NotNull(await documents.TryReplaceAsync("c", old with { Body = """{"v":3}""" }, default));
        Assert.Null(await documents.TryReplaceAsync("c", old, default));
        Assert.Equal(1, await documents.DeleteExpiredAsync("c", 7, default));
    }

    [Fact]
    public async Task A_file_of_before_writings_had_names_is_brought_up_to_date_in_place()
    {
        await using (var documents = Open())
        {
            await documents.UpsertAsync("c", [Doc("p", "a")], default);
        }

        await using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "ALTER TABLE documents DROP COLUMN write; PRAGMA user_version = 2";
            command.ExecuteNonQuery();
        }

        await using var again = Open();
        var old = (await again.FindAsync("c", "p", "a", default))!;
        Same([Doc("p", "a")], [old]);
        Assert.NotNull(await again.TryReplaceAsync("c", old, "w", default));
        Assert.Equal("w", (await again.FindAsync("c", "p", "a", default))!.Write);
    }

    [Fact]
    public async Task A_file_of_a_later_version_is_refused_and_stays_as_it_is()
    {
        await using (Open())
        {
        }

        await using (var connection = new SqliteConnection($"Data Source={FilePath};Pooling=False"))
        {
            connection.Open();
            using var command = connection.CreateCommand();
            command.CommandText = "PRAGMA user_version = 4";
            command.ExecuteNonQuery();
        }

        var e = Assert.Throws<LakeException>(() => Open());
        e.SaysInOneLine(FilePath);
        Assert.Contains("later version", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_was_deleted_is_in_none_of_its_files_once_it_is_closed()
    {
        const string Secret = "a-name-that-nobody-else-has";
        await using (var documents = Open())
        {
            await documents.UpsertAsync("c", [.. Enumerable.Range(0, 500).Select(i => Doc("p", $"{i}", $$"""{"name":"{{Secret}}"}""")), Doc("p", "kept")], default);
            await documents.DeleteAsync("c", [.. Enumerable.Range(0, 400).Select(i => new DocumentKey("p", $"{i}"))], default);
            await documents.UpsertAsync("c", [.. Enumerable.Range(400, 50).Select(i => Doc("p", $"{i}"))], default);
            await documents.TryCommitAsync("c", "p", [.. Enumerable.Range(450, 50).Select(i => DocumentOperation.Delete($"{i}"))], default);
        }

        foreach (var file in Directory.EnumerateFiles(Path.GetDirectoryName(FilePath)!))
        {
            Assert.DoesNotContain(Secret, Encoding.Latin1.GetString(await File.ReadAllBytesAsync(file)), StringComparison.Ordinal);
        }
    }

    [Fact]
    public void A_file_that_is_no_database_is_one_line_that_names_it_and_stays_as_it_is()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var bytes = Enumerable.Range(0, 5_000).Select(i => (byte)i).ToArray();
        File.WriteAllBytes(FilePath, bytes);
        Assert.Throws<LakeException>(() => Open()).SaysInOneLine(FilePath);
        Assert.Equal(bytes, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_one_line_that_names_it()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Throws<LakeException>(() => Open()).SaysInOneLine(FilePath);
    }

    [Fact]
    public async Task A_database_that_is_damaged_inside_is_one_line_that_names_it()
    {
        var many = Enumerable.Range(0, 2_000).Select(i => Doc("p", $"{i:D5}", $"{{\"x\":\"{new string('x', 200)}\"}}")).ToArray();
        await using (var documents = Open())
        {
            await documents.UpsertAsync("c", many, default);
        }

        using (var file = File.OpenWrite(FilePath))
        {
            file.Position = 16_384;
            file.Write([.. Enumerable.Repeat((byte)0xFF, 100_000)]);
        }

        await using var damaged = Open();
        (await Assert.ThrowsAsync<LakeException>(() => All(damaged, "c"))).SaysInOneLine(FilePath);
        (await Assert.ThrowsAsync<LakeException>(() => damaged.UpsertAsync("c", many, default))).SaysInOneLine(FilePath);
    }

    /// <summary>More than are written before somebody's turn comes.</summary>
    private const int MostDrawn = 2_000_000;

    private sealed class Drawn(IEnumerable<Document> documents) : IReadOnlyCollection<Document>
    {
        public int Count => throw new NotSupportedException();

        public IEnumerator<Document> GetEnumerator() => documents.GetEnumerator();

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }

    private sealed class FailingHalfWay : IReadOnlyCollection<Document>
    {
        public int Count => 2;

        public IEnumerator<Document> GetEnumerator()
        {
            yield return Doc("p", "a");
            throw new InvalidDataException("half way");
        }

        IEnumerator IEnumerable.GetEnumerator() => GetEnumerator();
    }
}
