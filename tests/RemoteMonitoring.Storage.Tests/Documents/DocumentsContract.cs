using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Documents;

/// <summary>What every document store keeps. A class derives for each implementation and says how to open one.</summary>
public abstract class DocumentsContract
{
    /// <summary>An instant far ahead, so that a store with a clock of its own has forgotten nothing yet.</summary>
    private const long Later = 2_500_000_000_000_000;
    private const long Hour = 3_600_000_000;

    /// <summary>Opens the one store of the running test; asked again, another instance of the same store.</summary>
    protected abstract DocumentStore Open();

    [Fact]
    public async Task Writing_a_document_twice_writes_it_once()
    {
        await using var documents = Open();
        var batch = new[] { Doc("p1", "a"), Doc("p1", "b", """{"name":"Łódź 𝄞","list":[1,null,{"x":0.5}]}""", Later), Doc("p2", "a", """{"v":3}""") };
        Assert.Equal(3, await documents.UpsertAsync("c", batch, default));
        Assert.Equal(3, await documents.UpsertAsync("c", batch, default));
        Assert.Equal(0, await documents.UpsertAsync("c", [], default));
        Assert.Equal(3, await documents.CountAsync("c", default));
        Same(batch, await All(documents, "c"));
    }

    [Fact]
    public async Task The_later_document_of_a_key_replaces_the_earlier_one_with_its_expiry()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p1", "a", """{"v":1}""", Later)], default);
        await documents.UpsertAsync("c", [Doc("p1", "a", """{"v":2}"""), Doc("p1", "a", """{"v":3}""")], default);
        Same([Doc("p1", "a", """{"v":3}""")], [(await documents.FindAsync("c", "p1", "a", default))!]);
    }

    [Fact]
    public async Task Containers_and_partitions_are_apart()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p2", "b"), Doc("p1", "z"), Doc("p1", "a")], default);
        await documents.UpsertAsync("d", [Doc("p1", "a", """{"v":"other"}""")], default);
        Assert.Equal(["a", "z"], (await documents.ListAsync("c", "p1", default)).Select(d => d.Id));
        Assert.Equal(3, (await All(documents, "c")).Count);
        Same([Doc("p1", "a", """{"v":"other"}""")], [(await documents.FindAsync("d", "p1", "a", default))!]);
        Assert.Null(await documents.FindAsync("c", "p2", "a", default));
        Assert.Null(await documents.FindAsync("c", "P1", "a", default));
        Assert.Empty(await All(documents, "e"));
        Assert.Empty(await documents.ListAsync("c", "p3", default));
        Assert.Equal(0, await documents.CountAsync("e", default));
        AssertDeleted(3, await documents.DeleteAllAsync("c", default));
        Assert.Equal(0, await documents.CountAsync("c", default));
        Assert.Equal(1, await documents.CountAsync("d", default));
    }

    [Theory]
    [InlineData("a/b?c#d\\e")]
    [InlineData("with space, é and 𝄞")]
    [InlineData("100%")]
    [InlineData("'quoted' \"twice\"")]
    public async Task Any_text_may_be_an_id_or_a_partition(string name)
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc(name, name), Doc(name, name + "2"), Doc("p", name)], default);
        Same([Doc(name, name)], [(await documents.FindAsync("c", name, name, default))!]);
        Assert.Equal([name, name + "2"], (await documents.ListAsync("c", name, default)).Select(d => d.Id));
        Assert.NotNull(await documents.TryPatchAsync("c", name, name, [new("/v", "1")], null, default));
        AssertDeleted(1, await documents.DeleteAsync("c", [new(name, name)], default));
        Assert.Equal(2, await documents.CountAsync("c", default));
    }

    [Fact]
    public async Task A_partition_is_in_ordinal_order_of_ids()
    {
        await using var documents = Open();
        string[] ids = ["10", "9", "B", "Z", "a", "ab", "b", "é", "ﬃ", "𝄞"];
        await documents.UpsertAsync("c", [.. ids.Reverse().Select(id => Doc("p", id))], default);
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await documents.ListAsync("c", "p", default)).Select(d => d.Id));
    }

    [Fact]
    public async Task More_documents_than_a_page_are_each_seen_once_while_others_come_and_go()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [.. Enumerable.Range(0, 2_500).Select(i => Doc($"p{i % 7}", $"{i:D5}"))], default);
        var seen = new List<Document>();
        await foreach (var document in documents.ListAsync("c", default))
        {
            if (seen.Count is 10 or 1_500)
            {
                await documents.UpsertAsync("c", [Doc("new", $"{seen.Count}")], default);
            }

            seen.Add(document);
        }

        Assert.Equal(2_500, seen.Where(d => d.PartitionKey != "new").DistinctBy(d => d.Id).Count());
        Assert.Equal(seen.Count, seen.DistinctBy(d => (d.PartitionKey, d.Id)).Count());
        Assert.Equal(2_502, await documents.CountAsync("c", default));
    }

    [Theory]
    [InlineData(-1, 0)]
    [InlineData(0, 1)]
    [InlineData(2, 2)]
    public async Task What_expired_at_or_before_now_is_forgotten_and_what_never_expires_stays(int hours, int forgotten)
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a", expires: Later), Doc("p", "b", expires: Later + Hour), Doc("p", "c")], default);
        await documents.UpsertAsync("d", [Doc("p", "a", expires: Later)], default);
        AssertDeleted(forgotten, await documents.DeleteExpiredAsync("c", Later + (hours * Hour), default));
        Assert.Equal(3 - forgotten, await documents.CountAsync("c", default));
        Assert.Equal(1, await documents.CountAsync("d", default));
    }

    [Fact]
    public async Task A_document_is_created_once()
    {
        await using var documents = Open();
        var eTag = await documents.TryCreateAsync("c", Doc("p", "a", """{"v":1}"""), default);
        Assert.Null(await documents.TryCreateAsync("c", Doc("p", "a", """{"v":2}"""), default));
        var found = await documents.FindAsync("c", "p", "a", default);
        Assert.Equal(eTag, found!.ETag);
        Same([Doc("p", "a", """{"v":1}""")], [found]);
    }

    [Fact]
    public async Task Of_creators_that_race_exactly_one_creates()
    {
        await using var one = Open();
        await using var two = Open();
        for (var round = 0; round < 10; round++)
        {
            var created = await Task.WhenAll(Enumerable.Range(0, 8).Select(i =>
                Task.Run(() => (i % 2 == 0 ? one : two).TryCreateAsync("c", Doc("p", $"r{round}", $$"""{"v":{{i}}}"""), default))));
            var winner = Array.FindIndex(created, e => e is not null);
            Assert.Single(created, e => e is not null);
            Same([Doc("p", $"r{round}", $$"""{"v":{{winner}}}""")], [(await two.FindAsync("c", "p", $"r{round}", default))!]);
        }
    }

    [Fact]
    public async Task A_replacement_stands_only_on_the_writing_it_was_read_from()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a", """{"v":1}""")], default);
        var read = (await documents.FindAsync("c", "p", "a", default))!;
        var next = await documents.TryReplaceAsync("c", read with { Body = """{"v":2}""" }, default);
        Assert.NotNull(next);
        Assert.NotEqual(read.ETag, next);
        Assert.Null(await documents.TryReplaceAsync("c", read with { Body = """{"v":3}""" }, default));
        Assert.NotNull(await documents.TryReplaceAsync("c", read with { Body = """{"v":4}""", ETag = next }, default));
        Same([Doc("p", "a", """{"v":4}""")], [(await documents.FindAsync("c", "p", "a", default))!]);
        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryReplaceAsync("c", read with { ETag = null }, default));
    }

    [Fact]
    public async Task A_document_that_was_deleted_and_made_anew_is_another_writing()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a")], default);
        var read = (await documents.FindAsync("c", "p", "a", default))!;
        await documents.DeleteAsync("c", [new("p", "a")], default);
        Assert.Null(await documents.TryReplaceAsync("c", read, default));
        await documents.UpsertAsync("c", [Doc("p", "a")], default);
        Assert.Null(await documents.TryReplaceAsync("c", read, default));
        var upserted = (await documents.FindAsync("c", "p", "a", default))!;
        await documents.UpsertAsync("c", [Doc("p", "a", """{"v":1}""")], default);
        await documents.UpsertAsync("c", [Doc("p", "a")], default);
        Assert.Null(await documents.TryReplaceAsync("c", upserted, default));
        var kept = (await documents.FindAsync("c", "p", "a", default))!;
        await documents.UpsertAsync("c", [Doc("p", "a", expires: Later)], default);
        Assert.Null(await documents.TryReplaceAsync("c", kept, default));
    }

    [Fact]
    public async Task A_call_that_names_itself_is_named_in_what_it_wrote_until_another_writes()
    {
        await using var documents = Open();
        async Task<string?> WriteOf(string id) => (await documents.FindAsync("c", "p", id, default))!.Write;
        var eTag = await documents.TryCreateAsync("c", Doc("p", "a"), "w1", default);
        Assert.Equal("w1", await WriteOf("a"));
        eTag = await documents.TryReplaceAsync("c", Doc("p", "a", """{"v":2}""") with { ETag = eTag, Write = "another" }, "w2", default);
        Assert.Equal("w2", await WriteOf("a"));
        Assert.NotNull(await documents.TryPatchAsync("c", "p", "a", [new("/v", "3")], eTag, "w3", default));
        Assert.Equal("w3", await WriteOf("a"));
        Assert.True(await documents.TryCommitAsync("c", "p", [DocumentOperation.Upsert(Doc("p", "a")), DocumentOperation.Create(Doc("p", "b"))], "w4", default));
        Assert.Equal(["w4", "w4"], (await documents.ListAsync("c", "p", default)).Select(d => d.Write));
        await documents.TryPatchAsync("c", "p", "a", [new("/v", "5")], null, default);
        Assert.NotEqual("w4", await WriteOf("a"));
        await documents.UpsertAsync("c", [Doc("p", "b", """{"v":6}""")], default);
        Assert.NotEqual("w4", await WriteOf("b"));
    }

    [Fact]
    public async Task Counters_that_race_by_replacement_lose_no_count()
    {
        await using var one = Open();
        await using var two = Open();
        await one.UpsertAsync("c", [Doc("p", "n", """{"n":0}""")], default);
        await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(async () =>
        {
            var documents = i % 2 == 0 ? one : two;
            for (var done = 0; done < 10;)
            {
                var read = (await documents.FindAsync("c", "p", "n", default))!;
                var n = JsonNode.Parse(read.Body)!["n"]!.GetValue<int>();
                done += await documents.TryReplaceAsync("c", read with { Body = $$"""{"n":{{n + 1}}}""" }, default) is null ? 0 : 1;
            }
        })));
        AssertCounted(40, JsonNode.Parse((await one.FindAsync("c", "p", "n", default))!.Body)!["n"]!.GetValue<int>());
    }

    [Fact]
    public async Task A_patch_sets_what_it_names_and_leaves_the_rest()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a", """{"status":"open","last":{"seen":1,"by":"x"},"keep":[1,2]}""", Later)], default);
        var eTag = await documents.TryPatchAsync("c", "p", "a", [new("/status", "\"done\""), new("/last/seen", "2"), new("/note", "{\"a/b\":null}"), new("/last/new~1name", "true")], null, default);
        var found = (await documents.FindAsync("c", "p", "a", default))!;
        Same([Doc("p", "a", """{"status":"done","last":{"seen":2,"by":"x","new/name":true},"keep":[1,2],"note":{"a/b":null}}""", Later)], [found]);
        Assert.Equal(eTag, found.ETag);
        Assert.Null(await documents.TryPatchAsync("c", "p", "b", [new("/x", "1")], null, default));
        Assert.Null(await documents.TryPatchAsync("c", "p", "a", [new("/status", "\"lost\"")], "another", default));
        Assert.NotNull(await documents.TryPatchAsync("c", "p", "a", [new("/status", "\"again\"")], eTag, default));
        Assert.Null(await documents.TryPatchAsync("c", "p", "a", [new("/status", "\"lost\"")], eTag, default));
        Assert.Contains("again", (await documents.FindAsync("c", "p", "a", default))!.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_patch_that_cannot_be_done_changes_nothing()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a", """{"status":"open"}""")], default);
        foreach (var path in new[] { "/nowhere/x", "/status/x" })
        {
            await Assert.ThrowsAsync<LakeException>(() => documents.TryPatchAsync("c", "p", "a", [new("/status", "1"), new(path, "1")], null, default));
        }

        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryPatchAsync("c", "p", "a", [], null, default));
        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryPatchAsync("c", "p", "a", [new("status", "1")], null, default));
        await Assert.ThrowsAsync<ArgumentException>(() =>
            documents.TryPatchAsync("c", "p", "a", [.. Enumerable.Range(0, DocumentStore.MostChanges + 1).Select(i => new DocumentChange($"/m{i}", "1"))], null, default));
        Same([Doc("p", "a", """{"status":"open"}""")], [(await documents.FindAsync("c", "p", "a", default))!]);
    }

    [Fact]
    public async Task Patches_of_different_members_that_race_all_stand()
    {
        await using var one = Open();
        await using var two = Open();
        await one.UpsertAsync("c", [Doc("p", "a")], default);
        await Task.WhenAll(Enumerable.Range(0, 20).Select(i => Task.Run(() => (i % 2 == 0 ? one : two).TryPatchAsync("c", "p", "a", [new($"/m{i}", $"{i}")], null, default))));
        var body = JsonNode.Parse((await one.FindAsync("c", "p", "a", default))!.Body)!;
        Assert.Equal(Enumerable.Range(0, 20), Enumerable.Range(0, 20).Select(i => body[$"m{i}"]!.GetValue<int>()));
    }

    [Fact]
    public async Task A_transaction_does_all_its_operations()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "replaced"), Doc("p", "deleted"), Doc("p", "deleted by etag"), Doc("p", "upserted")], default);
        var read = (await documents.ListAsync("c", "p", default)).ToDictionary(d => d.Id);
        Assert.True(await documents.TryCommitAsync("c", "p",
        [
            DocumentOperation.Create(Doc("p", "created", """{"v":1}""", Later)),
            DocumentOperation.Replace(read["replaced"] with { Body = """{"v":2}""" }),
            DocumentOperation.Upsert(Doc("p", "upserted", """{"v":3}""")),
            DocumentOperation.Delete("deleted"),
            DocumentOperation.Delete("deleted by etag", read["deleted by etag"].ETag),
        ], default));
        Same([Doc("p", "created", """{"v":1}""", Later), Doc("p", "replaced", """{"v":2}"""), Doc("p", "upserted", """{"v":3}""")], await documents.ListAsync("c", "p", default));
        Assert.True(await documents.TryCommitAsync("c", "p", [], default));
        Assert.True(await documents.TryCommitAsync("c", "q", [.. Enumerable.Range(0, 100).Select(i => DocumentOperation.Create(Doc("q", $"{i}")))], default));
        Assert.Equal(103, await documents.CountAsync("c", default));
    }

    [Theory]
    [InlineData("create of what is there")]
    [InlineData("replace under an old ETag")]
    [InlineData("replace of what is gone")]
    [InlineData("delete under an old ETag")]
    [InlineData("delete of what is not there")]
    public async Task A_transaction_with_one_operation_that_fails_does_nothing(string failing)
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p", "a"), Doc("p", "gone")], default);
        var old = (await documents.FindAsync("c", "p", "a", default))!;
        var gone = (await documents.FindAsync("c", "p", "gone", default))!;
        await documents.DeleteAsync("c", [new("p", "gone")], default);
        await documents.UpsertAsync("c", [Doc("p", "a", """{"v":1}"""), Doc("p", "b")], default);
        var operation = failing switch
        {
            "create of what is there" => DocumentOperation.Create(Doc("p", "a")),
            "replace under an old ETag" => DocumentOperation.Replace(old),
            "replace of what is gone" => DocumentOperation.Replace(gone),
            "delete under an old ETag" => DocumentOperation.Delete("a", old.ETag),
            _ => DocumentOperation.Delete("never"),
        };
        Assert.False(await documents.TryCommitAsync("c", "p", [DocumentOperation.Upsert(Doc("p", "new")), DocumentOperation.Delete("b"), operation, DocumentOperation.Upsert(Doc("p", "new2"))], default));
        Same([Doc("p", "a", """{"v":1}"""), Doc("p", "b")], await documents.ListAsync("c", "p", default));
    }

    [Fact]
    public async Task What_is_no_transaction_is_refused()
    {
        await using var documents = Open();
        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryCommitAsync("c", "p", [.. Enumerable.Range(0, 101).Select(i => DocumentOperation.Upsert(Doc("p", $"{i}")))], default));
        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryCommitAsync("c", "p", [DocumentOperation.Upsert(Doc("q", "a"))], default));
        await Assert.ThrowsAsync<ArgumentException>(() => documents.TryCommitAsync("c", "p", [DocumentOperation.Upsert(Doc("p", "a")), DocumentOperation.Delete("a")], default));
        Assert.Throws<ArgumentException>(() => DocumentOperation.Replace(Doc("p", "a")));
        Assert.Equal(0, await documents.CountAsync("c", default));
    }

    [Fact]
    public async Task What_is_deleted_is_gone_and_the_rest_stays()
    {
        await using var documents = Open();
        await documents.UpsertAsync("c", [Doc("p1", "a"), Doc("p1", "b"), Doc("p2", "a"), Doc("p2", "b"), Doc("p3", "a")], default);
        await documents.UpsertAsync("d", [Doc("p1", "a"), Doc("p2", "a")], default);
        AssertDeleted(2, await documents.DeleteAsync("c", [new("p1", "a"), new("p3", "a"), new("p3", "never"), new("p1", "a")], default));
        AssertDeleted(2, await documents.DeletePartitionAsync("c", "p2", default));
        AssertDeleted(0, await documents.DeletePartitionAsync("c", "p2", default));
        Same([Doc("p1", "b")], await All(documents, "c"));
        Assert.Equal(2, await documents.CountAsync("d", default));
    }

    [Fact]
    public async Task Documents_outlive_their_store_and_are_seen_by_another()
    {
        await using var other = Open();
        await using (var documents = Open())
        {
            await documents.UpsertAsync("c", [Doc("p", "a")], default);
        }

        Same([Doc("p", "a")], [(await other.FindAsync("c", "p", "a", default))!]);
        await using var again = Open();
        Assert.Equal(1, await again.CountAsync("c", default));
    }

    [Fact]
    public async Task Tasks_of_one_store_and_of_two_write_side_by_side()
    {
        await using var one = Open();
        await using var two = Open();
        await Task.WhenAll(Enumerable.Range(0, 8).Select(writer => Task.Run(async () =>
        {
            var documents = writer % 2 == 0 ? one : two;
            for (var i = 0; i < 10; i++)
            {
                await documents.UpsertAsync("c", [Doc($"p{writer}", $"{i}"), Doc("shared", $"{i}", $$"""{"by":{{writer}}}""")], default);
                Assert.Equal(i + 1, (await documents.ListAsync("c", $"p{writer}", default)).Count);
            }
        })));
        Assert.Equal(90, await one.CountAsync("c", default));
    }

    [Fact]
    public async Task A_cancelled_write_writes_nothing()
    {
        await using var documents = Open();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => documents.UpsertAsync("c", [Doc("p", "a")], new CancellationToken(true)));
        Assert.Equal(0, await documents.CountAsync("c", default));
        Assert.Equal(1, await documents.UpsertAsync("c", [Doc("p", "a")], default));
    }

    /// <summary>What a deletion may say where so many were deleted: that many.</summary>
    protected virtual void AssertDeleted(int expected, int told) => Assert.Equal(expected, told);

    /// <summary>What a counter may be at after so many counts that were told done: at that.</summary>
    protected virtual void AssertCounted(int expected, int counted) => Assert.Equal(expected, counted);

    protected static Document Doc(string partition, string id, string body = """{"v":0}""", long? expires = null) =>
        new() { PartitionKey = partition, Id = id, Body = body, Expires = expires };

    protected static async Task<IReadOnlyList<Document>> All(DocumentStore documents, string container) => await documents.ListAsync(container, default).ToArrayAsync();

    /// <summary>The same keys, bodies (as JSON) and expiries, in any order.</summary>
    protected static void Same(IEnumerable<Document> expected, IEnumerable<Document> actual)
    {
        static (Document Document, JsonNode? Body)[] Sorted(IEnumerable<Document> documents) =>
            [.. documents.OrderBy(d => d.PartitionKey, StringComparer.Ordinal).ThenBy(d => d.Id, StringComparer.Ordinal).Select(d => (d with { ETag = null, Write = null, Body = "" }, JsonNode.Parse(d.Body)))];
        var (wanted, found) = (Sorted(expected), Sorted(actual));
        Assert.Equal(wanted.Select(d => d.Document), found.Select(d => d.Document));
        Assert.All(wanted.Zip(found), pair => Assert.True(JsonNode.DeepEquals(pair.First.Body, pair.Second.Body), $"{pair.First.Body?.ToJsonString()} ≠ {pair.Second.Body?.ToJsonString()}"));
        Assert.All(actual, d => Assert.False(string.IsNullOrEmpty(d.ETag)));
    }
}
