namespace RemoteMonitoring.Storage.Documents;

/// <summary>A JSON document of a container, found by partition key and id. Any text may be either, 1 to 250 characters of it.</summary>
public sealed record Document
{
    /// <summary>Partition key: the patient, the care team, or the run.</summary>
    public required string PartitionKey { get; init; }

    /// <summary>Id within the partition; from content, so that writing again changes nothing.</summary>
    public required string Id { get; init; }

    /// <summary>The JSON text, an object. A store may hand it back with other white space and number forms: compare it as JSON.</summary>
    public required string Body { get; init; }

    /// <summary>When it may be forgotten, Unix microseconds; null to keep it.</summary>
    public long? Expires { get; init; }

    /// <summary>
    /// Which writing of the document this is, as its store calls it: no two that say different things have the same, not even when
    /// it was deleted in between; an upsert of what is there already may keep it. Null where it was not read from a store.
    /// </summary>
    public string? ETag { get; init; }

    /// <summary>Which call left it so, by the name that the call gave itself, so that one whose reply was lost knows its own writing again; null where it gave none. It is read, never written.</summary>
    public string? Write { get; init; }
}

/// <summary>Where a document is in its container.</summary>
/// <param name="PartitionKey">Partition key.</param>
/// <param name="Id">Id within the partition.</param>
public readonly record struct DocumentKey(string PartitionKey, string Id);

/// <summary>Some documents of a container, and where to go on.</summary>
/// <param name="Documents">Any number, also none.</param>
/// <param name="Next">What to ask the same store for the next page by; null after the last.</param>
public sealed record DocumentPage(IReadOnlyList<Document> Documents, string? Next);

/// <summary>A change of one member of a document's body.</summary>
/// <param name="Path">JSON pointer (<c>/status</c>, <c>/last/seen</c>) through objects; all members on the way but the last must be there.</param>
/// <param name="Json">The value to set as JSON text; what was there is replaced.</param>
public sealed record DocumentChange(string Path, string Json);

/// <summary>The kinds of operation of a transaction on a partition.</summary>
public enum DocumentOperationKind
{
    /// <summary>Write, whether it is there or not.</summary>
    Upsert,

    /// <summary>Write; fails the transaction when it is there.</summary>
    Create,

    /// <summary>Write; fails the transaction when it is not there, or under another ETag.</summary>
    Replace,

    /// <summary>Forget; fails the transaction when it is not there, or, if an ETag is given, under another.</summary>
    Delete,
}

/// <summary>An operation of a transaction on a partition.</summary>
public sealed record DocumentOperation
{
    private DocumentOperation(DocumentOperationKind kind, string id, Document? document, string? eTag) => (Kind, Id, Document, ETag) = (kind, id, document, eTag);

    /// <summary>Kind.</summary>
    public DocumentOperationKind Kind { get; }

    /// <summary>Id of the document.</summary>
    public string Id { get; }

    /// <summary>The document to write; null to delete.</summary>
    public Document? Document { get; }

    /// <summary>The ETag it must have; null for any.</summary>
    public string? ETag { get; }

    /// <summary>Write it, whether it is there or not.</summary>
    public static DocumentOperation Upsert(Document document) => new(DocumentOperationKind.Upsert, document.Id, document, null);

    /// <summary>Write it where it is not there.</summary>
    public static DocumentOperation Create(Document document) => new(DocumentOperationKind.Create, document.Id, document, null);

    /// <summary>Write it over the writing whose <see cref="Document.ETag"/> it carries.</summary>
    public static DocumentOperation Replace(Document document) =>
        new(DocumentOperationKind.Replace, document.Id, document, document.ETag ?? throw new ArgumentException("A document to replace carries the ETag that it was read with.", nameof(document)));

    /// <summary>Forget it.</summary>
    public static DocumentOperation Delete(string id, string? eTag = null) => new(DocumentOperationKind.Delete, id, null, eTag);
}

/// <summary>The containers of the document store.</summary>
public static class Containers
{
    /// <summary>Hot window of device messages, by patient.</summary>
    public const string Telemetry = "telemetry";

    /// <summary>The roster's latest word on each patient, by patient.</summary>
    public const string Patients = "patients";

    /// <summary>Estimates of device clocks, by device.</summary>
    public const string Devices = "devices";

    /// <summary>Risk predictions, by patient.</summary>
    public const string Predictions = "predictions";

    /// <summary>Ranked lists, by care team.</summary>
    public const string Worklists = "worklists";

    /// <summary>How far ingestion has landed, by hub.</summary>
    public const string Ingestion = "ingestion";

    /// <summary>Runs, by workflow.</summary>
    public const string Runs = "runs";

    /// <summary>Readings beyond a patient's personal limits, by UTC day of landing.</summary>
    public const string Urgent = "urgent";

    /// <summary>How named users of a local home sign in, by user.</summary>
    public const string Logins = "logins";

    /// <summary>Begins the id of a document of <see cref="Logins"/> that says whose glass a user broke; the patient's name in addresses follows.</summary>
    public static string GlassPrefix { get; } = "glass-";

    /// <summary>Who looked at or did what, by UTC day; written once.</summary>
    public const string Audit = "audit";

    /// <summary>All of them.</summary>
    public static IReadOnlyList<string> All { get; } = [Telemetry, Patients, Devices, Ingestion, Predictions, Worklists, Runs, Urgent, Logins, Audit];
}
