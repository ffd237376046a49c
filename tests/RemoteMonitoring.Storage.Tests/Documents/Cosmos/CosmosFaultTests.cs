using System.Diagnostics;
using System.Text.Json.Nodes;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Documents.Cosmos;

/// <summary>What only Cosmos DB can do or suffer, by the double of its gateway: refusals, lost replies, expiry, pages, request units.</summary>
public sealed class CosmosFaultTests : IDisposable
{
    private const string Secret = "patient-4711";

    private readonly SetTime _time = new();
    private readonly GatewayDouble _gateway;

    public CosmosFaultTests() => _gateway = new GatewayDouble(_time);

    public void Dispose() => _gateway.Dispose();

    [Fact]
    public async Task A_creator_whose_reply_was_lost_knows_its_own_writing_and_of_all_that_race_one_is_told_its_etag()
    {
        await using var documents = await OpenAsync();
        for (var round = 0; round < 3; round++)
        {
            Lose("POST", 1);
            var created = await Task.WhenAll(Enumerable.Range(0, 4).Select(i => Task.Run(() => documents.TryCreateAsync("c", Doc($"r{round}", $$"""{"v":{{i}}}"""), default))));
            var winner = Assert.Single(created, e => e is not null);
            var found = (await documents.FindAsync("c", Secret, $"r{round}", default))!;
            Assert.Equal(winner, found.ETag);
            Assert.Equal(Array.IndexOf(created, winner), JsonNode.Parse(found.Body)!["v"]!.GetValue<int>());
        }
    }

    [Fact]
    public async Task A_replacement_a_patch_and_a_transaction_whose_replies_were_lost_are_known_again()
    {
        await using var documents = await OpenAsync();
        var eTag = await documents.TryCreateAsync("c", Doc("a"), default);
        Lose("PUT", 1);
        eTag = await documents.TryReplaceAsync("c", Doc("a", """{"v":2}""") with { ETag = eTag }, default);
        Assert.NotNull(eTag);
        Lose("PATCH", 1);
        eTag = await documents.TryPatchAsync("c", Secret, "a", [new("/w", "3")], eTag, default);
        Assert.NotNull(eTag);
        Lose("POST", 1);
        Assert.True(await documents.TryCommitAsync("c", Secret, [DocumentOperation.Create(Doc("b")), DocumentOperation.Delete("a", eTag)], default));
        Lose("POST", 1);
        Assert.True(await documents.TryCommitAsync("c", Secret, [DocumentOperation.Delete("b")], default));
        Assert.False(await documents.TryCommitAsync("c", Secret, [DocumentOperation.Delete("b")], default));
        await documents.UpsertAsync("c", [Doc("d")], default);
        Lose("DELETE", 1);
        Assert.Equal(1, await documents.DeleteAsync("c", [new(Secret, "d"), new(Secret, "never")], default));
        Assert.Empty(_gateway.Raw("c"));
    }

    [Fact]
    public async Task A_writer_that_hears_no_reply_looks_whether_its_writing_is_there()
    {
        await using var documents = await OpenAsync();
        _gateway.Faults = r => r.Method == HttpMethod.Post ? GatewayFault.LoseReply : GatewayFault.None;
        Assert.NotNull(await documents.TryCreateAsync("c", Doc("a"), default));
        _gateway.Faults = r => r.Method == HttpMethod.Post ? GatewayFault.Unavailable : GatewayFault.None;
        var fault = await Assert.ThrowsAsync<LakeException>(() => documents.TryCreateAsync("c", Doc("b"), default));
        fault.SaysInOneLine(documents.Name);
        Assert.True(fault.IsTransient);
        Assert.Single(_gateway.Raw("c"));
    }

    [Fact]
    public async Task A_repeated_create_is_not_taken_for_its_own_where_anothers_is_there()
    {
        await using var documents = await OpenAsync();
        await documents.UpsertAsync("c", [Doc("a", """{"v":"other"}""")], default);
        Lose("POST", 1);
        Assert.Null(await documents.TryCreateAsync("c", Doc("a"), default));
        Assert.Equal("other", _gateway.Raw("c").Single()["body"]!["v"]!.GetValue<string>());
    }

    [Fact]
    public async Task A_storm_of_429_is_waited_out_as_long_as_the_service_says()
    {
        await using var documents = await OpenAsync();
        var left = 3;
        _gateway.RetryAfter = 100;
        _gateway.Faults = _ => left-- > 0 ? GatewayFault.TooMany : GatewayFault.None;
        var waited = Stopwatch.StartNew();
        Assert.NotNull(await documents.TryCreateAsync("c", Doc("a"), default));
        Assert.True(waited.ElapsedMilliseconds >= 290, $"{waited.Elapsed}");
        left = 3;
        Assert.Equal(200, await documents.UpsertAsync("c", [.. Enumerable.Range(0, 200).Select(i => Doc($"{i}"))], default));
        Assert.Equal(201, await documents.CountAsync("c", default));
    }

    [Theory]
    [InlineData(GatewayFault.TooMany, "too busy")]
    [InlineData(GatewayFault.Unavailable, "no answer in time")]
    [InlineData(GatewayFault.Forbidden, "Cosmos DB Built-in Data Contributor")]
    [InlineData(GatewayFault.LoseReply, "")]
    internal async Task A_storm_that_does_not_end_is_one_line_that_names_no_document(GatewayFault fault, string says)
    {
        await using var documents = await OpenAsync();
        await documents.UpsertAsync("c", [Doc("a")], default);
        var read = (await documents.FindAsync("c", Secret, "a", default))!;
        _gateway.Faults = _ => fault;
        var calls = new Func<Task>[]
        {
            () => documents.UpsertAsync("c", [Doc("a")], default), () => documents.UpsertAsync("c", [.. Enumerable.Range(0, 30).Select(i => Doc($"{i}"))], default),
            () => documents.TryCreateAsync("c", Doc("b"), default), () => documents.TryReplaceAsync("c", read, default),
            () => documents.TryPatchAsync("c", Secret, "a", [new("/v", "1")], null, default), () => documents.TryCommitAsync("c", Secret, [DocumentOperation.Upsert(Doc("a"))], default),
            () => documents.FindAsync("c", Secret, "a", default), () => documents.ListAsync("c", Secret, default), () => documents.ListAsync("c", default).CountAsync().AsTask(),
            () => documents.CountAsync("c", default), () => documents.DeleteAsync("c", [new(Secret, "a")], default), () => documents.DeleteExpiredAsync("c", 1, default),
        };
        await Task.WhenAll(calls.Select(async call =>
        {
            var e = await Assert.ThrowsAsync<LakeException>(call);
            e.SaysInOneLine(documents.Name);
            Assert.Contains(says, e.Message, StringComparison.Ordinal);
            Assert.DoesNotContain(Secret, e.ToString(), StringComparison.Ordinal);
        }));
    }

    [Fact]
    public async Task Pages_that_fail_are_asked_for_again_and_each_document_is_seen_once()
    {
        await using var documents = await OpenAsync();
        await documents.UpsertAsync("c", [.. Enumerable.Range(0, 1_000).Select(i => Doc($"{i}"))], default);
        Assert.True(_gateway.Requests.Count(r => r == "POST batch") is > 0 and < 100, string.Join(" ", _gateway.Requests.CountBy(r => r)));
        var gets = 0;
        _gateway.Faults = r => r.Method == HttpMethod.Get && gets++ % 2 == 0 ? GatewayFault.LoseReply : GatewayFault.None;
        var all = await documents.ListAsync("c", default).ToListAsync();
        Assert.Equal(1_000, all.DistinctBy(d => d.Id).Count());
        Assert.Equal(1_000, all.Count);
        _gateway.Faults = _ => GatewayFault.None;
        Assert.Equal(1_000, await documents.DeletePartitionAsync("c", Secret, default));
    }

    [Fact]
    public async Task The_service_forgets_a_document_when_it_expires_also_one_that_was_patched_meanwhile()
    {
        await using var documents = await OpenAsync();
        var expires = (_time.Now.ToUnixTimeSeconds() + 100) * 1_000_000;
        await documents.UpsertAsync("c", [Doc("a") with { Expires = expires }, Doc("kept")], default);
        Assert.Equal(100, _gateway.Raw("c")[0]["ttl"]!.GetValue<int>());
        _time.Now += TimeSpan.FromSeconds(60);
        Assert.NotNull(await documents.TryPatchAsync("c", Secret, "a", [new("/v", "1")], null, default));
        Assert.Equal(expires, (await documents.FindAsync("c", Secret, "a", default))!.Expires);
        _time.Now += TimeSpan.FromSeconds(39);
        Assert.Equal(2, await documents.CountAsync("c", default));
        _time.Now += TimeSpan.FromSeconds(1);
        Assert.Null(await documents.FindAsync("c", Secret, "a", default));
        Assert.NotNull(await documents.TryCreateAsync("c", Doc("a"), default));
    }

    [Fact]
    public async Task A_patch_of_more_members_than_the_service_takes_at_once_or_of_names_with_signs_is_made_by_replacement()
    {
        await using var documents = await OpenAsync();
        await documents.UpsertAsync("c", [Doc("a")], default);
        Assert.NotNull(await documents.TryPatchAsync("c", Secret, "a", [.. Enumerable.Range(0, 10).Select(i => new DocumentChange($"/m{i}", $"{i}"))], null, default));
        Assert.NotNull(await documents.TryPatchAsync("c", Secret, "a", [new("/a~1b", "1"), new("/0", "2")], null, default));
        var body = _gateway.Raw("c").Single()["body"]!;
        Assert.Equal(9, body["m9"]!.GetValue<int>());
        Assert.Equal(1, body["a/b"]!.GetValue<int>());
        Assert.Equal(2, body["0"]!.GetValue<int>());
        Assert.Equal(2, _gateway.Requests.Count(r => r == "PUT"));
    }

    [Fact]
    public async Task A_patch_that_meets_a_member_that_has_just_become_no_object_changes_nothing()
    {
        await using var documents = await OpenAsync();
        await using var other = CosmosDocumentsTests.Through(_gateway, _time);
        await documents.UpsertAsync("c", [Doc("a", """{"last":{"seen":1}}""")], default);
        var patches = 0;
        _gateway.Faults = r =>
        {
            if (r.Method == HttpMethod.Patch && patches++ == 0)
            {
                other.UpsertAsync("c", [Doc("a", """{"last":[1]}""")], default).GetAwaiter().GetResult();
            }

            return GatewayFault.None;
        };
        await Assert.ThrowsAsync<LakeException>(() => documents.TryPatchAsync("c", Secret, "a", [new("/last/seen", "2")], null, default));
        Assert.Equal("""{"last":[1]}""", _gateway.Raw("c").Single()["body"]!.ToJsonString());
    }

    [Fact]
    public async Task Any_id_of_250_characters_is_one_that_the_service_takes()
    {
        await using var documents = await OpenAsync();
        string[] ids = [new('/', 250), new('~', 250), new('漢', 250), string.Concat(Enumerable.Repeat("𝄞", 125)), "~2F", "/", " a ", "a\u0001"];
        await documents.UpsertAsync("c", [.. ids.Select(id => Doc(id))], default);
        Assert.Equal(ids.Order(StringComparer.Ordinal), (await documents.ListAsync("c", Secret, default)).Select(d => d.Id));
        foreach (var id in ids)
        {
            Assert.NotNull(await documents.FindAsync("c", Secret, id, default));
        }

        Assert.Equal(ids.Length, await documents.DeleteAsync("c", [.. ids.Select(id => new DocumentKey(Secret, id))], default));
    }

    [Fact]
    public async Task Request_units_are_those_of_all_replies()
    {
        await using var documents = await OpenAsync();
        await documents.CountAsync("c", default);
        var before = documents.RequestUnits;
        await documents.UpsertAsync("c", [Doc("a"), Doc("b")], default);
        Assert.Equal(11, documents.RequestUnits - before, 3);
        await documents.UpsertAsync("c", [.. Enumerable.Range(0, 100).Select(i => Doc($"{i}"))], default);
        Assert.Equal(11 + 550, documents.RequestUnits - before, 3);
        Assert.True(await documents.TryCommitAsync("c", Secret, [DocumentOperation.Upsert(Doc("a"))], default));
        Assert.Equal(11 + 550 + 5.5, documents.RequestUnits - before, 3);
    }

    [Fact]
    public async Task Containers_are_made_with_expiry_and_without_indexes_that_no_query_asks_for()
    {
        await using var documents = await OpenAsync();
        await documents.EnsureCreatedAsync(["c", "d"], default);
        var made = _gateway.Made["c"];
        Assert.Equal("""["/pk"]""", made["partitionKey"]!["paths"]!.ToJsonString());
        Assert.Equal(2, made["partitionKey"]!["version"]!.GetValue<int>());
        Assert.Equal(-1, made["defaultTtl"]!.GetValue<int>());
        Assert.Equal(["/pk/?", "/expires/?"], made["indexingPolicy"]!["includedPaths"]!.AsArray().Select(p => p!["path"]!.GetValue<string>()));
        Assert.Contains("/*", made["indexingPolicy"]!["excludedPaths"]!.AsArray().Select(p => p!["path"]!.GetValue<string>()));
    }

    [Fact]
    public async Task A_container_that_is_not_there_or_was_made_for_something_else_is_one_line()
    {
        await using var documents = await OpenAsync();
        (await Assert.ThrowsAsync<LakeException>(() => documents.CountAsync("nothing", default))).SaysInOneLine("no such database or container");
        _gateway.Plant("rmon-test", new JsonObject { ["id"] = "theirs", ["partitionKey"] = new JsonObject { ["paths"] = new JsonArray("/tenant") } });
        (await Assert.ThrowsAsync<LakeException>(() => documents.FindAsync("theirs", "p", "a", default))).SaysInOneLine("its partition key must be /pk");
    }

    private static Document Doc(string id, string body = """{"v":0}""") => new() { PartitionKey = Secret, Id = id, Body = body };

    /// <summary>The next replies to requests of this method are lost after they were done.</summary>
    private void Lose(string method, int count) => _gateway.Faults = r => r.Method.Method == method && Interlocked.Decrement(ref count) >= 0 ? GatewayFault.LoseReply : GatewayFault.None;

    private async Task<CosmosDocuments> OpenAsync()
    {
        var documents = CosmosDocumentsTests.Through(_gateway, _time);
        await documents.EnsureCreatedAsync(["c"], default);
        return documents;
    }

    /// <summary>Pauses are the system's; the time of day is the test's.</summary>
    private sealed class SetTime : TimeProvider
    {
        public DateTimeOffset Now { get; set; } = new(2026, 1, 31, 12, 0, 0, TimeSpan.Zero);

        public override DateTimeOffset GetUtcNow() => Now;
    }
}
