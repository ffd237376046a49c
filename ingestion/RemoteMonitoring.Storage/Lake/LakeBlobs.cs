using System.Buffers.Binary;
using System.Security.Cryptography;
using Azure;
using Azure.Core;
using Azure.Storage.Blobs;
using Azure.Storage.Blobs.Models;
using Azure.Storage.Blobs.Specialized;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Lake;

/// <summary>
/// A lake in a folder of a blob container (Data Lake Storage Gen2 too, through its blob endpoint). What is busy or does not
/// answer is asked again with growing pauses, or those that the service names; then it throws. A file that this class says it
/// created is its own writing, whatever replies were lost on the way.
/// </summary>
/// <remarks>
/// "Its bytes too" of a deletion includes snapshots, and holds where the account keeps no versions and has no soft delete.
/// A deletion whose reply was lost may answer false.
/// </remarks>
public sealed class LakeBlobs : Lake
{
    private const int BlockBytes = 16 << 20;
    private const int MostReadsOfAChangingBlob = 5;

    /// <summary>Metadata of a blob: which call wrote it, so that the call knows its own writing again.</summary>
    private const string Creation = "creation";

    private readonly BlobContainerClient _container;
    private readonly string _folder;
    private readonly int _mostInOnePut;

    /// <summary>The lake below <paramref name="folder"/> of a container that is there; the empty folder is all of it.</summary>
    /// <param name="container">The container, with its retries: see <see cref="Options"/>.</param>
    /// <param name="folder">Folder, without slashes at its ends.</param>
    /// <param name="mostInOnePut">Bytes; a larger file goes up in blocks, and becomes visible when the last is there.</param>
    public LakeBlobs(BlobContainerClient container, string folder = "", int mostInOnePut = 64 << 20)
    {
        _container = container;
        _folder = folder.Length == 0 ? "" : folder + "/";
        _mostInOnePut = mostInOnePut;
    }

    /// <summary>A lake at the URL of a container, <c>https://ACCOUNT.blob.core.windows.net/CONTAINER</c>.</summary>
    /// <param name="container">The URL; one with a shared access signature needs no credential.</param>
    /// <param name="credential">Who asks.</param>
    /// <param name="folder">Folder, without slashes at its ends.</param>
    public static LakeBlobs At(Uri container, TokenCredential credential, string folder = "") => new(
        container.Query.Contains("sig=", StringComparison.Ordinal) ? new BlobContainerClient(container, Options()) : new BlobContainerClient(container, credential, Options()),
        folder);

    /// <summary>A lake in a container of the account that a connection string names.</summary>
    public static LakeBlobs WithConnectionString(string connectionString, string container, string folder = "") =>
        new(new BlobContainerClient(connectionString, container, Options()), folder);

    /// <summary>Six further tries on 408, 429, 500, 502, 503, 504 and broken connections: after half a second, doubling, or as the service says.</summary>
    public static BlobClientOptions Options() => new(BlobClientOptions.ServiceVersion.V2026_02_06)
    {
        Retry =
        {
            Mode = RetryMode.Exponential,
            MaxRetries = 6,
            Delay = TimeSpan.FromSeconds(0.5),
            MaxDelay = TimeSpan.FromSeconds(30),
            NetworkTimeout = TimeSpan.FromSeconds(100),
        },
    };

    /// <summary>Makes the container where it is not there.</summary>
    public async Task EnsureCreatedAsync(CancellationToken cancellationToken)
    {
        try
        {
            // Asked first: who may write there may often not make one.
            if (!await _container.ExistsAsync(cancellationToken))
            {
                await _container.CreateIfNotExistsAsync(cancellationToken: cancellationToken);
            }
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault("", "cannot be opened or made", e);
        }
    }

    /// <summary>The names of the folders right below this one that hold files, in ordinal order.</summary>
    public async Task<IReadOnlyList<string>> FoldersAsync(CancellationToken cancellationToken)
    {
        try
        {
            var folders = new List<string>();
            await foreach (var item in _container.GetBlobsByHierarchyAsync(BlobTraits.None, BlobStates.None, "/", _folder, cancellationToken))
            {
                if (item.IsPrefix)
                {
                    folders.Add(item.Prefix[_folder.Length..].TrimEnd('/'));
                }
            }

            folders.Sort(StringComparer.Ordinal);
            return folders;
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault("", "cannot be listed", e);
        }
    }

    /// <inheritdoc />
    public override string NameOf(string path) =>
        (path.Length + _folder.Length == 0 ? _container.Uri : _container.GetBlobClient((_folder + path).TrimEnd('/')).Uri).GetLeftPart(UriPartial.Path);

    /// <inheritdoc />
    public override async Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        // A large file is not sent up to be refused.
        if (content.Length > _mostInOnePut && await ExistsAsync(path, cancellationToken))
        {
            return false;
        }

        return await WriteAsync(path, content, new BlobRequestConditions { IfNoneMatch = ETag.All }, cancellationToken);
    }

    /// <summary>
    /// As of any lake. It is written over what is there when it begins: when somebody else replaces that before this is done,
    /// theirs stands, as if they had come right after. So no repeated request brings old bytes back.
    /// </summary>
    /// <inheritdoc />
    public override async Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        var there = await PropertiesAsync(path, cancellationToken);
        await WriteAsync(path, content, there is null ? new BlobRequestConditions { IfNoneMatch = ETag.All } : new BlobRequestConditions { IfMatch = there.ETag }, cancellationToken);
    }

    /// <inheritdoc />
    public override async Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) =>
        await PropertiesAsync(path, cancellationToken) is { } properties && !IsFolder(properties.Metadata);

    /// <inheritdoc />
    public override async Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken)
    {
        for (var reads = 1; ; reads++)
        {
            try
            {
                var answer = await Blob(path).DownloadContentAsync(cancellationToken);
                return IsFolder(answer.Value.Details.Metadata) ? null : answer.Value.Content.ToArray();
            }
            catch (RequestFailedException e) when (BlobFault.IsAbsent(e))
            {
                return null;
            }
            catch (RequestFailedException e) when (BlobFault.IsConflict(e) && reads < MostReadsOfAChangingBlob)
            {
                // Replaced while a broken download was taken up again: from the start.
            }
            catch (Exception e) when (BlobFault.Is(e, cancellationToken))
            {
                throw Fault(path, "cannot be read", e);
            }
        }
    }

    /// <inheritdoc />
    public override async Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await BlobReadStream.OpenAsync(Blob(path), e => Fault(path, "cannot be read", e), cancellationToken) ?? throw Missing(path);
        }
        catch (RequestFailedException e) when (BlobFault.IsAbsent(e))
        {
            throw Missing(path);
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault(path, "cannot be read", e);
        }
    }

    /// <inheritdoc />
    public override async Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken)
    {
        try
        {
            var paths = new List<string>();
            // Metadata tells the folders of a hierarchical namespace, which are listed as blobs too.
            await foreach (var blob in _container.GetBlobsAsync(BlobTraits.Metadata, BlobStates.None, _folder + (folder.Length == 0 ? "" : folder + "/"), cancellationToken))
            {
                var path = blob.Name[_folder.Length..];
                if (path[0] != '.' && !path.Contains("/.", StringComparison.Ordinal) && !IsFolder(blob.Metadata))
                {
                    paths.Add(path);
                }
            }

            paths.Sort(StringComparer.Ordinal);
            return paths;
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault(folder, "cannot be listed", e);
        }
    }

    /// <inheritdoc />
    public override async Task<bool> DeleteAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await Blob(path).DeleteIfExistsAsync(DeleteSnapshotsOption.IncludeSnapshots, cancellationToken: cancellationToken);
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault(path, "cannot be deleted", e);
        }
    }

    /// <summary>Writes a blob under a condition; false when another's is there, or was in the meantime.</summary>
    private async Task<bool> WriteAsync(string path, ReadOnlyMemory<byte> content, BlobRequestConditions conditions, CancellationToken cancellationToken)
    {
        var creation = RandomNumberGenerator.GetBytes(16);
        var metadata = new Dictionary<string, string> { [Creation] = Convert.ToHexStringLower(creation) };
        try
        {
            var blob = _container.GetBlockBlobClient(_folder + path);
            if (content.Length <= _mostInOnePut)
            {
                await blob.UploadAsync(
                    BinaryData.FromBytes(content).ToStream(),
                    new BlobUploadOptions { Conditions = conditions, Metadata = metadata, TransferOptions = new() { InitialTransferSize = _mostInOnePut } },
                    cancellationToken);
            }
            else
            {
                await UploadInBlocksAsync(blob, content, creation, new CommitBlockListOptions { Conditions = conditions, Metadata = metadata }, cancellationToken);
            }

            return true;
        }
        catch (RequestFailedException e) when (BlobFault.IsConflict(e))
        {
            return await IsOwnAsync(path, metadata, cancellationToken);
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            // It may have been done, and only the replies have been lost, to the last.
            if (BlobFault.IsUnknown(e) && await IsOwnAfterFaultAsync(path, metadata, cancellationToken))
            {
                return true;
            }

            throw Fault(path, "cannot be written", e);
        }
    }

    /// <summary>Blocks have names of this call's own: of two that write at the same time neither takes the other's.</summary>
    private static async Task UploadInBlocksAsync(
        BlockBlobClient blob, ReadOnlyMemory<byte> content, byte[] creation, CommitBlockListOptions options, CancellationToken cancellationToken)
    {
        var blocks = new List<string>();
        byte[] id = [.. creation, 0, 0, 0, 0];
        for (var at = 0; at < content.Length; at += BlockBytes)
        {
            BinaryPrimitives.WriteInt32BigEndian(id.AsSpan(creation.Length), blocks.Count);
            blocks.Add(Convert.ToBase64String(id));
            var bytes = content.Slice(at, Math.Min(BlockBytes, content.Length - at));
            await blob.StageBlockAsync(blocks[^1], BinaryData.FromBytes(bytes).ToStream(), cancellationToken: cancellationToken);
        }

        await blob.CommitBlockListAsync(blocks, options, cancellationToken);
    }

    private async Task<bool> IsOwnAsync(string path, Dictionary<string, string> metadata, CancellationToken cancellationToken) =>
        await PropertiesAsync(path, cancellationToken) is { } there && there.Metadata.TryGetValue(Creation, out var creation) && creation == metadata[Creation];

    private async Task<bool> IsOwnAfterFaultAsync(string path, Dictionary<string, string> metadata, CancellationToken cancellationToken)
    {
        try
        {
            return await IsOwnAsync(path, metadata, cancellationToken);
        }
        catch (LakeException)
        {
            // The fault before it says what is wrong.
            return false;
        }
    }

    private async Task<BlobProperties?> PropertiesAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return await Blob(path).GetPropertiesAsync(cancellationToken: cancellationToken);
        }
        catch (RequestFailedException e) when (BlobFault.IsAbsent(e))
        {
            return null;
        }
        catch (Exception e) when (BlobFault.Is(e, cancellationToken))
        {
            throw Fault(path, "cannot be reached", e);
        }
    }

    private BlobClient Blob(string path) => _container.GetBlobClient(_folder + path);

    private LakeException Fault(string path, string what, Exception e) => new($"{NameOf(path)}: {what} ({BlobFault.Cause(e)})", e) { IsTransient = TransientFault.IsOfService(e) };

    private static bool IsFolder(IDictionary<string, string> metadata) =>
        metadata.TryGetValue("hdi_isfolder", out var isFolder) && string.Equals(isFolder, "true", StringComparison.OrdinalIgnoreCase);
}
