using System.Security.Cryptography;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.AspNetCore.Identity;
using NodaTime;
using RemoteMonitoring.Storage.Documents;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>How a user of a local home signs in: the hash of a password, and a stamp that every session carries.</summary>
public sealed record Login
{
    /// <summary>The version that this program writes.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Version of this record.</summary>
    public int SchemaVersion { get; init; } = CurrentSchemaVersion;

    /// <summary>Hash of the password, with its salt and cost; null for who signs in elsewhere.</summary>
    public string? PasswordHash { get; init; }

    /// <summary>Sessions that carry another have ended.</summary>
    public required string Stamp { get; init; }

    /// <summary>When the password or the stamp was changed.</summary>
    public required Instant Changed { get; init; }
}

/// <summary>
/// Logins, sessions that were ended, and glass that was broken: documents of the container <c>logins</c>, a partition for each user. No
/// patient is named in them.
/// </summary>
public sealed class LoginStore(DocumentStore documents, TimeProvider time)
{
    private const string LoginId = "login";
    private const string EndedPrefix = "ended-";

    private readonly PasswordHasher<string> _hasher = new();

    /// <summary>Of nobody's password: it takes as long to verify as a user's.</summary>
    private readonly string _nobody = new PasswordHasher<string>().HashPassword("", RandomNumberGenerator.GetHexString(32));

    /// <summary>The login of a user; null where they have none.</summary>
    public async Task<Login?> FindAsync(string userName, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Logins, PartitionOf(userName), LoginId, cancellationToken) is { } document ? Read(document) : null;

    /// <summary>Gives a user a password and ends their sessions; one that the rule refuses throws <see cref="ArgumentException"/>.</summary>
    public Task SetPasswordAsync(string userName, string password, CancellationToken cancellationToken) => PasswordRule.Refusal(password, userName) is { } refusal
        ? throw new ArgumentException(refusal, nameof(password))
        : WriteAsync(userName, _hasher.HashPassword(userName, password), cancellationToken);

    /// <summary>Ends all sessions of a user; the password stays.</summary>
    public async Task EndSessionsAsync(string userName, CancellationToken cancellationToken) =>
        await WriteAsync(userName, (await FindAsync(userName, cancellationToken))?.PasswordHash, cancellationToken);

    /// <summary>The login of a user whose password it is; else null, after as long a time, whether there is such a user or not.</summary>
    public async Task<Login?> VerifyAsync(string userName, string password, CancellationToken cancellationToken)
    {
        var login = await FindAsync(userName, cancellationToken);
        var result = _hasher.VerifyHashedPassword(userName, login?.PasswordHash ?? _nobody, password.Length > PasswordRule.MostCharacters ? "" : password);
        return login?.PasswordHash is not null && result != PasswordVerificationResult.Failed ? login : null;
    }

    /// <summary>Ends one session before its time.</summary>
    public Task EndSessionAsync(string userName, string session, TimeSpan kept, CancellationToken cancellationToken) =>
        documents.UpsertAsync(Containers.Logins, [Passing(userName, EndedPrefix + session, Now + Duration.FromTimeSpan(kept))], cancellationToken);

    /// <summary>Whether a session goes on: its stamp is the user's, and nobody has ended it.</summary>
    /// <param name="userName">Whose.</param>
    /// <param name="session">Which.</param>
    /// <param name="stamp">The stamp it began with; empty where the user had none.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public async Task<bool> GoesOnAsync(string userName, string session, string stamp, CancellationToken cancellationToken)
    {
        // Two looks, however many of the user's sessions have ended; the second only where the first does not settle it.
        var login = await FindAsync(userName, cancellationToken);
        return stamp == (login?.Stamp ?? "") && await documents.FindAsync(Containers.Logins, PartitionOf(userName), EndedPrefix + session, cancellationToken) is null;
    }

    /// <summary>Lets a user see a patient of another team for a while.</summary>
    /// <param name="userName">Who.</param>
    /// <param name="handle">Name of the patient in addresses, which without its key names nobody.</param>
    /// <param name="until">Until when, exclusive.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task BreakGlassAsync(string userName, string handle, Instant until, CancellationToken cancellationToken) =>
        documents.UpsertAsync(Containers.Logins, [Passing(userName, Containers.GlassPrefix + handle, until)], cancellationToken);

    /// <summary>Until when a user may see a patient whose glass they broke; null where they did not, or it is over.</summary>
    public async Task<Instant?> GlassIsBrokenUntilAsync(string userName, string handle, CancellationToken cancellationToken) =>
        await documents.FindAsync(Containers.Logins, PartitionOf(userName), Containers.GlassPrefix + handle, cancellationToken) is { Expires: { } expires } && UnixMicros.ToInstant(expires) is var until && Now < until
            ? until
            : null;

    private Instant Now => Instant.FromDateTimeOffset(time.GetUtcNow());

    private static string PartitionOf(string userName) => userName.ToLowerInvariant();

    private static Login Read(Document document) => JsonSerializer.Deserialize(document.Body, LoginJson.Default.Login)!;

    private static Document Passing(string userName, string id, Instant until) =>
        new() { PartitionKey = PartitionOf(userName), Id = id, Body = "{}", Expires = until.ToUnixMicros() };

    private Task<int> WriteAsync(string userName, string? hash, CancellationToken cancellationToken) => documents.UpsertAsync(
        Containers.Logins,
        [
            new Document
            {
                PartitionKey = PartitionOf(userName),
                Id = LoginId,
                Body = JsonSerializer.Serialize(new Login { PasswordHash = hash, Stamp = RandomNumberGenerator.GetHexString(32, lowercase: true), Changed = Now }, LoginJson.Default.Login),
            },
        ],
        cancellationToken);
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(Login))]
internal sealed partial class LoginJson : JsonSerializerContext;
