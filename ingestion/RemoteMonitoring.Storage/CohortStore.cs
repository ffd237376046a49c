using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Storage;

/// <summary>
/// One cohort's data: a lake, its reference log, and documents. In a local home they are <c>{home}/{cohort}/lake</c> and
/// <c>{home}/{cohort}/documents.db</c>, with <c>access.db</c> beside it. Patient ids, teams and streams are names within their cohort.
/// </summary>
public sealed class CohortStore : IAsyncDisposable
{
    private readonly ErasureKey? _erasureKey;

    /// <summary>A cohort of these stores; the documents are closed with it.</summary>
    /// <param name="cohort">Name of the cohort.</param>
    /// <param name="lake">Its lake.</param>
    /// <param name="documents">Its documents.</param>
    /// <param name="folder">Folder of this machine that is the cohort's own.</param>
    /// <param name="erasureKey">The key of its erasures, from where secrets are kept; null to have it in the folder.</param>
    public CohortStore(string cohort, Lake.Lake lake, DocumentStore documents, string folder, ErasureKey? erasureKey = null)
    {
        Cohort = cohort;
        Lake = lake;
        Documents = documents;
        Folder = folder;
        _erasureKey = erasureKey;
        Reference = new ReferenceLog(lake, () => _erasureKey ?? ErasureKey.Find(ErasureKeyFile));
    }

    /// <summary>Name of the cohort.</summary>
    public string Cohort { get; }

    /// <summary>A folder of this machine for what is the cohort's: in a local home all of it, else what need not last.</summary>
    public string Folder { get; }

    /// <summary>Its lake.</summary>
    public Lake.Lake Lake { get; }

    /// <summary>Its reference log.</summary>
    public ReferenceLog Reference { get; }

    /// <summary>Its documents.</summary>
    public DocumentStore Documents { get; }

    /// <summary>Where the key of its erasures is, if it was given none.</summary>
    public string ErasureKeyFile => Path.Combine(Folder, "erasure.key");

    /// <summary>The key to erase with; in a local home it is made when first asked for.</summary>
    public ErasureKey MakeErasureKey() => _erasureKey ?? (KeepsKeyElsewhere
        ? throw new LakeException("Erasing in an Azure home needs a key that outlasts this machine: make 64 random hex digits a secret of Key Vault and name its URL in RMON_ERASURE_KEY.")
        : ErasureKey.FindOrMake(ErasureKeyFile));

    /// <summary>Where the key that decisions about models are signed with is, if it was given none.</summary>
    public string RegistryKeyFile => Path.Combine(Folder, "registry.key");

    /// <summary>The key to verify decisions about models with; null where there is none.</summary>
    public RegistryKey? FindRegistryKey() => GivenRegistryKey ?? (KeepsKeyElsewhere ? null : RegistryKey.Find(RegistryKeyFile));

    /// <summary>The key to sign decisions about models with; in a local home it is made when first asked for.</summary>
    public RegistryKey MakeRegistryKey()
    {
        CheckRegistryKey();
        return GivenRegistryKey ?? RegistryKey.FindOrMake(RegistryKeyFile);
    }

    /// <summary>Throws <see cref="LakeException"/> where there is no key to sign decisions with and none can be made.</summary>
    public void CheckRegistryKey()
    {
        if (GivenRegistryKey is null && KeepsKeyElsewhere)
        {
            throw new LakeException("Decisions about models in an Azure home are signed with a key that outlasts this machine: make 64 random hex digits a secret of Key Vault and name its URL in RMON_REGISTRY_KEY.");
        }
    }

    /// <summary>Where the key that patients are named by is, if it was given none.</summary>
    public string HandleKeyFile => Path.Combine(Folder, "worklist.key");

    /// <summary>The key to name patients by where their ids must not stand; in a local home it is made when first asked for.</summary>
    public HandleKey MakeHandleKey() => GivenHandleKey ?? (KeepsKeyElsewhere
        ? throw new LakeException("Naming patients in addresses in an Azure home needs a key that outlasts this machine: make 64 random hex digits a secret of Key Vault and name its URL in RMON_HANDLE_KEY.")
        : HandleKey.FindOrMake(HandleKeyFile));

    /// <summary>The same where it is there already; null where nobody has been named by one.</summary>
    public HandleKey? FindHandleKey() => GivenHandleKey ?? (!KeepsKeyElsewhere && File.Exists(HandleKeyFile) ? MakeHandleKey() : null);

    /// <summary>Whether its data is in an Azure home, and not on this machine.</summary>
    public bool IsInAzure => KeepsKeyElsewhere;

    private bool KeepsKeyElsewhere { get; init; }

    private RegistryKey? GivenRegistryKey { get; init; }

    private HandleKey? GivenHandleKey { get; init; }

    /// <summary>The same cohort over another lake and other documents, which are closed with it: what was erased stays erased there too.</summary>
    public CohortStore Over(Lake.Lake lake, DocumentStore documents) => new(Cohort, lake, documents, Folder, _erasureKey) { KeepsKeyElsewhere = KeepsKeyElsewhere, GivenRegistryKey = GivenRegistryKey, GivenHandleKey = GivenHandleKey };

    /// <summary>The cohorts of a local home, by name.</summary>
    public static IReadOnlyList<string> List(string home) => Directory.Exists(home)
        ? [.. Directory.EnumerateDirectories(home).Where(d => Directory.Exists(Path.Combine(d, "lake"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>
    /// Opens a cohort of a local home, making it where it is not there and bringing one of an older format up to date. A name that cannot
    /// be one folder, and a home of a newer format, throw <see cref="LakeException"/>.
    /// </summary>
    public static CohortStore Open(string home, string cohort)
    {
        CheckName(cohort);
        try
        {
            var folder = Path.Combine(Path.GetFullPath(home), cohort);
            HomeFormat.Current.Prepare(folder);
            return new CohortStore(cohort, new LakeDirectory(Path.Combine(folder, "lake")), new LocalDocuments(folder), folder);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{Path.Combine(home, cohort)}: cannot be used as a home ({e.Message})", e);
        }
    }

    /// <summary>
    /// Opens a cohort of an Azure home, making what is not there: it is a folder of the blob container, and a Cosmos DB database of its
    /// own. A wrong setting, a name that cannot be one folder, and what cannot be reached throw <see cref="LakeException"/>.
    /// </summary>
    public static async Task<CohortStore> OpenAsync(AzureHome home, string cohort, CancellationToken cancellationToken)
    {
        CheckName(cohort);
        var lake = await home.LakeAsync(cohort, cancellationToken);
        await lake.EnsureCreatedAsync(cancellationToken);
        var documents = await home.DocumentsAsync(cohort, cancellationToken);
        try
        {
            await documents.EnsureCreatedAsync(Containers.All, cancellationToken);
            return new CohortStore(cohort, lake, documents, Path.Combine(Path.GetFullPath(home.Folder), cohort), await home.ErasureKeyAsync(cancellationToken))
            {
                KeepsKeyElsewhere = true,
                GivenRegistryKey = await home.RegistryKeyAsync(cancellationToken),
                GivenHandleKey = await home.HandleKeyAsync(cancellationToken),
            };
        }
        catch
        {
            await documents.DisposeAsync();
            throw;
        }
    }

    /// <summary>The cohorts of an Azure home, by name: those that have something in their lake.</summary>
    public static async Task<IReadOnlyList<string>> ListAsync(AzureHome home, CancellationToken cancellationToken)
    {
        var container = await home.LakeAsync("", cancellationToken);
        await container.EnsureCreatedAsync(cancellationToken);
        return [.. (await container.FoldersAsync(cancellationToken)).Where(LakePaths.IsName)];
    }

    /// <summary>The same cohort, whose stores are asked again when a fault may pass by itself; closing either closes the documents of both.</summary>
    public CohortStore WithRetries(RetryOptions options, TimeProvider? time = null) =>
        new(Cohort, new RetryingLake(Lake, options, time), new RetryingDocuments(Documents, options, time), Folder, _erasureKey) { KeepsKeyElsewhere = KeepsKeyElsewhere, GivenRegistryKey = GivenRegistryKey, GivenHandleKey = GivenHandleKey };

    /// <inheritdoc />
    public ValueTask DisposeAsync() => Documents.DisposeAsync();

    private static void CheckName(string cohort)
    {
        if (!LakePaths.IsName(cohort))
        {
            throw new LakeException($"'{cohort}' cannot be the name of a cohort: take letters, digits, '-', '_' and '.', at most 100, the first of them no '.'.");
        }
    }
}
