using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage;

/// <summary>
/// One cohort's data in a local home: <c>{home}/{cohort}/lake</c> and <c>{home}/{cohort}/documents.db</c>. Patient ids,
/// teams and streams are names within their cohort.
/// </summary>
public sealed class CohortStore : IDisposable
{
    private CohortStore(string cohort, string folder)
    {
        Cohort = cohort;
        Folder = folder;
        Lake = new LakeDirectory(Path.Combine(folder, "lake"));
        Reference = new ReferenceLog(Lake);
        Documents = new SqliteDocuments(Path.Combine(folder, "documents.db"));
    }

    /// <summary>Name of the cohort.</summary>
    public string Cohort { get; }

    /// <summary>Where it lies.</summary>
    public string Folder { get; }

    /// <summary>Its lake.</summary>
    public LakeDirectory Lake { get; }

    /// <summary>Its reference log.</summary>
    public ReferenceLog Reference { get; }

    /// <summary>Its documents.</summary>
    public SqliteDocuments Documents { get; }

    /// <summary>The cohorts of a home, by name.</summary>
    public static IReadOnlyList<string> List(string home) => Directory.Exists(home)
        ? [.. Directory.EnumerateDirectories(home).Where(d => Directory.Exists(Path.Combine(d, "lake"))).Select(d => Path.GetFileName(d)!).Order(StringComparer.Ordinal)]
        : [];

    /// <summary>Opens a cohort, making it where it is not there; a name that cannot be one folder throws <see cref="LakeException"/>.</summary>
    public static CohortStore Open(string home, string cohort)
    {
        if (!LakePaths.IsName(cohort))
        {
            throw new LakeException($"'{cohort}' cannot be the name of a cohort: take letters, digits, '-', '_' and '.', at most 100, the first of them no '.'.");
        }

        try
        {
            return new CohortStore(cohort, Path.Combine(Path.GetFullPath(home), cohort));
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{Path.Combine(home, cohort)}: cannot be used as a home ({e.Message})", e);
        }
    }

    /// <inheritdoc />
    public void Dispose() => Documents.Dispose();
}
