using RemoteMonitoring.FlakyStores;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Tests.Retries;

[System.Diagnostics.CodeAnalysis.SuppressMessage("Design", "CA1001", Justification = "xunit calls DisposeAsync")]
public sealed class RetryingDocumentsTests : IAsyncLifetime
{
    private readonly string _folder = Directory.CreateTempSubdirectory("rmon-flaky-").FullName;
    private readonly Faults _faults = new(seed: 1, share: 0);
    private SqliteDocuments _store = null!;
    private RetryingDocuments _documents = null!;

    public Task InitializeAsync()
    {
        _store = new SqliteDocuments(Path.Combine(_folder, "documents.db"));
        _documents = new RetryingDocuments(new FlakyDocuments(_store, _faults), Brief.Retries);
        return Task.CompletedTask;
    }

    public async Task DisposeAsync()
    {
        await _documents.DisposeAsync();
        Directory.Delete(_folder, recursive: true);
    }

    [Fact]
    public async Task Conditional_calls_whose_replies_were_lost_know_their_own_writing()
    {
        Script(Suffered.ReplyLost, Suffered.Refused);
        var eTag = await _documents.TryCreateAsync("c", Doc("a"), default);
        Assert.Equal(await ETagOfAsync("a"), eTag);
        Script(Suffered.ReplyLost);
        eTag = await _documents.TryReplaceAsync("c", Doc("a", """{"v":2}""") with { ETag = eTag }, default);
        Assert.Equal(await ETagOfAsync("a"), eTag);
        Script(Suffered.ReplyLost);
        eTag = await _documents.TryPatchAsync("c", "p", "a", [new("/v", "3")], eTag, default);
        Assert.Equal(await ETagOfAsync("a"), eTag);
        Script(Suffered.ReplyLost);
        Assert.True(await _documents.TryCommitAsync("c", "p", [DocumentOperation.Delete("a", eTag), DocumentOperation.Create(Doc("b"))], default));
        Script(Suffered.Nothing, Suffered.ReplyLost);
        Assert.True(await _documents.TryCommitAsync("c", "p", [DocumentOperation.Delete("b")], default));
        Script(Suffered.Refused);
        Assert.False(await _documents.TryCommitAsync("c", "p", [DocumentOperation.Delete("b")], default));
    }

    [Fact]
    public async Task The_same_words_of_another_are_not_taken_for_its_own()
    {
        Script(Suffered.Refused);
        _faults.Meanwhile = () => _store.TryCreateAsync("c", Doc("a"), default);
        Assert.Null(await _documents.TryCreateAsync("c", Doc("a"), default));
        var read = (await _store.FindAsync("c", "p", "a", default))!;
        Script(Suffered.Refused);
        _faults.Meanwhile = () => _store.TryReplaceAsync("c", read with { Body = """{"v":1}""" }, default);
        Assert.Null(await _documents.TryReplaceAsync("c", read with { Body = """{"v":1}""" }, default));
    }

    [Fact]
    public async Task A_writing_that_another_wrote_over_before_it_was_looked_for_came_too_late()
    {
        var eTag = await _store.TryCreateAsync("c", Doc("a"), default);
        Script(Suffered.ReplyLost);
        _faults.Meanwhile = () => _store.UpsertAsync("c", [Doc("a", """{"v":"theirs"}""")], default);
        Assert.Null(await _documents.TryReplaceAsync("c", Doc("a", """{"v":1}""") with { ETag = eTag }, default));
        Assert.Contains("theirs", (await _store.FindAsync("c", "p", "a", default))!.Body, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_list_whose_pages_fail_on_its_way_shows_each_document_once()
    {
        await _store.UpsertAsync("c", [.. Enumerable.Range(0, 2_500).Select(i => Doc($"{i}"))], default);
        Script(Suffered.Nothing, Suffered.Refused, Suffered.ReplyLost, Suffered.Nothing, Suffered.ReplyLost);
        var shown = await _documents.ListAsync("c", default).Select(d => d.Id).ToListAsync();
        Assert.Equal(2_500, shown.Count);
        Assert.Equal(2_500, shown.Distinct().Count());
        Assert.Equal(2, _faults.Count(Suffered.ReplyLost));
    }

    private static Document Doc(string id, string body = """{"v":0}""") => new() { PartitionKey = "p", Id = id, Body = body };

    private async Task<string?> ETagOfAsync(string id) => (await _store.FindAsync("c", "p", id, default))!.ETag;

    private void Script(params Suffered[] next)
    {
        foreach (var one in next)
        {
            _faults.Next.Enqueue(one);
        }
    }
}
