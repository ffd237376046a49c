using System.Xml.Linq;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>Keys of sessions that several machines share.</summary>
public sealed class SessionKeyRingTests
{
    private static readonly byte[] s_key = [.. Enumerable.Range(0, 32).Select(i => (byte)i)];

    private static readonly XElement s_made = XElement.Parse("<key id=\"7\"><masterKey>very secret</masterKey></key>");

    [Fact]
    public async Task What_one_machine_made_another_opens_and_who_reads_the_documents_does_not()
    {
        await using var pages = await ServedPages.StartAsync();
        var documents = pages.Store.Documents;
        new SessionKeyRing(documents, s_key).StoreElement(s_made, "key-7");
        Assert.Equal(s_made.ToString(), Assert.Single(new SessionKeyRing(documents, s_key).GetAllElements()).ToString());
        var stored = Assert.Single(await documents.ListAsync(Containers.Logins, " session-keys", default));
        Assert.DoesNotContain("secret", stored.Body, StringComparison.Ordinal);
        Assert.Null(stored.Expires);
    }

    [Fact]
    public async Task What_was_sealed_with_another_key_or_for_another_name_or_changed_is_passed_over()
    {
        await using var pages = await ServedPages.StartAsync();
        var documents = pages.Store.Documents;
        var ring = new SessionKeyRing(documents, s_key);
        ring.StoreElement(s_made, "key-7");
        Assert.Empty(new SessionKeyRing(documents, s_key.Reverse().ToArray()).GetAllElements());
        var stored = Assert.Single(await documents.ListAsync(Containers.Logins, " session-keys", default));
        await documents.UpsertAsync(
            Containers.Logins,
            [stored with { Id = "key-8" }, stored with { Id = "key-9", Body = "{}" }, stored with { Id = "key-10", Body = """{"sealed":"AAAA"}""" }, stored with { Id = "key-11", Body = "no JSON" }],
            default);
        Assert.Single(ring.GetAllElements());
    }
}
