using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Xml.Linq;
using Microsoft.AspNetCore.DataProtection.Repositories;
using RemoteMonitoring.Storage.Documents;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// The keys that sessions are sealed with, where no machine outlasts them and several may serve: documents, each sealed by a key that is kept elsewhere, so
/// that whoever may read the documents can make no session. What cannot be opened is passed over: everybody signs in again.
/// </summary>
public sealed class SessionKeyRing(DocumentStore documents, ReadOnlyMemory<byte> key) : IXmlRepository
{
    /// <summary>No user has a name that begins with a space.</summary>
    private const string Partition = " session-keys";

    private static readonly int s_nonce = AesGcm.NonceByteSizes.MaxSize;
    private static readonly int s_tag = AesGcm.TagByteSizes.MaxSize;

    // The interface is not asynchronous. It is asked once a day, and when a key is made.
    /// <inheritdoc />
    public IReadOnlyCollection<XElement> GetAllElements() =>
        [.. Task.Run(() => documents.ListAsync(Containers.Logins, Partition, CancellationToken.None)).GetAwaiter().GetResult().Select(Open).OfType<XElement>()];

    /// <inheritdoc />
    public void StoreElement(XElement element, string friendlyName)
    {
        var body = $$"""{"sealed":"{{Convert.ToBase64String(Seal(friendlyName, Encoding.UTF8.GetBytes(element.ToString(SaveOptions.DisableFormatting))))}}"}""";
        Task.Run(() => documents.UpsertAsync(Containers.Logins, [new Document { PartitionKey = Partition, Id = friendlyName, Body = body }], CancellationToken.None)).GetAwaiter().GetResult();
    }

    /// <summary>Nonce, tag, and what was sealed for this name.</summary>
    private byte[] Seal(string name, byte[] plain)
    {
        var bytes = new byte[s_nonce + s_tag + plain.Length];
        RandomNumberGenerator.Fill(bytes.AsSpan(0, s_nonce));
        using var aes = new AesGcm(key.Span, s_tag);
        aes.Encrypt(bytes.AsSpan(0, s_nonce), plain, bytes.AsSpan(s_nonce + s_tag), bytes.AsSpan(s_nonce, s_tag), Encoding.UTF8.GetBytes(name));
        return bytes;
    }

    private XElement? Open(Document document)
    {
        try
        {
            using var body = JsonDocument.Parse(document.Body);
            var bytes = body.RootElement.GetProperty("sealed").GetBytesFromBase64();
            var plain = new byte[bytes.Length - s_nonce - s_tag];
            using var aes = new AesGcm(key.Span, s_tag);
            aes.Decrypt(bytes.AsSpan(0, s_nonce), bytes.AsSpan(s_nonce + s_tag), bytes.AsSpan(s_nonce, s_tag), plain, Encoding.UTF8.GetBytes(document.Id));
            return XElement.Parse(Encoding.UTF8.GetString(plain));
        }
        catch (Exception e) when (e is CryptographicException or JsonException or KeyNotFoundException or FormatException or InvalidOperationException or ArgumentException or OverflowException)
        {
            return null;
        }
    }
}
