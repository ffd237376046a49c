using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Documents;

public sealed class SqliteDocumentsTests : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-documents-").FullName;

    private string FilePath => Path.Combine(_folder, "home", "documents.db");

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public void Writing_a_document_twice_writes_it_once()
    {
        using var documents = new SqliteDocuments(FilePath);
        var batch = new[] { Doc("p1", "a", "{}"), Doc("p1", "b", "{\"name\":\"Łódź 𝄞\"}", 7), Doc("p2", "a", "3") };
        Assert.Equal(3, documents.Upsert("c", batch));
        Assert.Equal(3, documents.Upsert("c", batch));
        Assert.Equal(3, documents.Count("c"));
        Assert.Equal(batch, documents.List("c"));
    }

    [Fact]
    public void The_later_document_of_an_id_replaces_the_earlier_one_with_its_expiry()
    {
        using var documents = new SqliteDocuments(FilePath);
        documents.Upsert("c", [Doc("p1", "a", "1", 5), Doc("p1", "a", "2")]);
        Assert.Equal(Doc("p1", "a", "2"), documents.Find("c", "p1", "a"));
    }

    [Fact]
    public void Containers_and_partitions_are_apart()
    {
        using var documents = new SqliteDocuments(FilePath);
        documents.Upsert("c", [Doc("p2", "b", "2"), Doc("p1", "z", "1"), Doc("p1", "a", "0")]);
        documents.Upsert("d", [Doc("p1", "a", "other")]);
        Assert.Equal(["a", "z"], documents.List("c", "p1").Select(d => d.Id));
        Assert.Equal(["0", "1", "2"], documents.List("c").Select(d => d.Body));
        Assert.Equal("other", documents.Find("d", "p1", "a")!.Body);
        Assert.Null(documents.Find("c", "p2", "a"));
        Assert.Null(documents.Find("c", "P1", "a"));
        Assert.Empty(documents.List("e"));
        Assert.Equal(0, documents.Count("e"));
        Assert.Equal(3, documents.DeleteAll("c"));
        Assert.Equal(1, documents.Count("d"));
    }

    [Theory]
    [InlineData(99, 0)]
    [InlineData(100, 1)]
    [InlineData(201, 2)]
    public void What_expired_at_or_before_now_is_forgotten_and_what_never_expires_stays(long now, int forgotten)
    {
        using var documents = new SqliteDocuments(FilePath);
        documents.Upsert("c", [Doc("p", "a", "1", 100), Doc("p", "b", "1", 200), Doc("p", "c", "1")]);
        documents.Upsert("d", [Doc("p", "a", "1", 100)]);
        Assert.Equal(forgotten, documents.DeleteExpired("c", now));
        Assert.Equal(3 - forgotten, documents.Count("c"));
        Assert.Equal(1, documents.Count("d"));
    }

    [Fact]
    public void A_batch_that_fails_half_way_leaves_nothing()
    {
        using var documents = new SqliteDocuments(FilePath);
        Assert.Throws<InvalidDataException>(() => documents.Upsert("c", Failing()));
        Assert.Equal(0, documents.Count("c"));
        Assert.Equal(1, documents.Upsert("c", [Doc("p", "a", "1")]));

        static IEnumerable<Document> Failing()
        {
            yield return Doc("p", "a", "1");
            throw new InvalidDataException("half way");
        }
    }

    [Fact]
    public void Documents_outlive_their_store()
    {
        using (var documents = new SqliteDocuments(FilePath))
        {
            documents.Upsert("c", [Doc("p", "a", "1")]);
        }

        using var again = new SqliteDocuments(FilePath);
        Assert.Equal("1", again.Find("c", "p", "a")!.Body);
    }

    [Fact]
    public async Task Two_stores_of_one_file_write_side_by_side()
    {
        using (new SqliteDocuments(FilePath))
        {
        }

        await Task.WhenAll(Enumerable.Range(0, 2).Select(writer => Task.Run(() =>
        {
            using var documents = new SqliteDocuments(FilePath);
            for (var i = 0; i < 20; i++)
            {
                documents.Upsert("c", [Doc($"p{writer}", $"{i}", "1")]);
            }
        })));
        using var all = new SqliteDocuments(FilePath);
        Assert.Equal(40, all.Count("c"));
    }

    [Fact]
    public void A_file_that_is_no_database_is_one_line_that_names_it_and_stays_as_it_is()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(FilePath)!);
        var bytes = Enumerable.Range(0, 5_000).Select(i => (byte)i).ToArray();
        File.WriteAllBytes(FilePath, bytes);
        Assert.Throws<LakeException>(() => new SqliteDocuments(FilePath)).SaysInOneLine(FilePath);
        Assert.Equal(bytes, File.ReadAllBytes(FilePath));
    }

    [Fact]
    public void A_folder_in_the_place_of_the_file_is_one_line_that_names_it()
    {
        Directory.CreateDirectory(FilePath);
        Assert.Throws<LakeException>(() => new SqliteDocuments(FilePath)).SaysInOneLine(FilePath);
    }

    [Fact]
    public void A_database_that_is_damaged_inside_is_one_line_that_names_it()
    {
        using (var documents = new SqliteDocuments(FilePath))
        {
            documents.Upsert("c", Enumerable.Range(0, 2_000).Select(i => Doc("p", $"{i:D5}", new string('x', 200))));
        }

        using (var file = File.OpenWrite(FilePath))
        {
            file.Position = 8_192;
            file.Write([.. Enumerable.Repeat((byte)0xFF, 100_000)]);
        }

        using var damaged = new SqliteDocuments(FilePath);
        Assert.Throws<LakeException>(() => damaged.List("c")).SaysInOneLine(FilePath);
        Assert.Throws<LakeException>(() => damaged.Upsert("c", Enumerable.Range(0, 2_000).Select(i => Doc("p", $"{i:D5}", "y")))).SaysInOneLine(FilePath);
    }

    private static Document Doc(string partition, string id, string body, long? expires = null) =>
        new() { PartitionKey = partition, Id = id, Body = body, Expires = expires };
}
