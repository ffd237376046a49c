using System.Globalization;
using System.Text;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>The users of a cohort: statements about them, of which the latest holds. Safe for several tasks and processes at once.</summary>
public sealed partial class MemberRegister(ReferenceLog log, TimeProvider time)
{
    /// <summary>What a user's name may be, for people.</summary>
    public const string NameRule = "letters, digits, '.', '_', '-', '+' and '@', 1 to 100 of them, the first a letter or digit";

    /// <summary>Tells a statement about a user from a later one, however soon that came.</summary>
    public static string VersionOf(Member member) => member.Known.ToUnixTimeTicks().ToString(CultureInfo.InvariantCulture);

    /// <summary>Whether a text can be a user's name: it stands in records and on pages.</summary>
    public static bool IsName(string text) => Name().IsMatch(text);

    /// <summary>The users as they stand, by name.</summary>
    public async Task<IReadOnlyList<Member>> ListAsync(CancellationToken cancellationToken) =>
        [.. (await ReadAsync(cancellationToken)).Members.Values.OrderBy(m => m.UserName, StringComparer.OrdinalIgnoreCase)];

    /// <summary>A user as they stand; null where there is none of that name.</summary>
    public async Task<Member?> FindAsync(string userName, CancellationToken cancellationToken) => (await ReadAsync(cancellationToken)).Members.GetValueOrDefault(userName);

    /// <summary>States how a user stands from now on.</summary>
    /// <param name="change">Makes the statement from the one that holds, null for none; null to state nothing. Its <see cref="Member.Known"/> is set here.</param>
    /// <param name="userName">Who.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>How they stand now; null where nothing was stated.</returns>
    public async Task<Member?> ChangeAsync(string userName, Func<Member?, Member?> change, CancellationToken cancellationToken)
    {
        while (true)
        {
            var (members, last) = await ReadAsync(cancellationToken);
            var before = members.GetValueOrDefault(userName);
            if (change(before) is not { } after)
            {
                return null;
            }

            var now = UnixMicros.ToInstant(Instant.FromDateTimeOffset(time.GetUtcNow()).ToUnixMicros());
            after = after with { Known = before is null ? now : Instant.Max(now, before.Known + Duration.FromNanoseconds(1000)) };
            if (await log.TryAppendAsync(ReferenceKinds.Members, last + 1, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(after) + "\n"), cancellationToken))
            {
                return after;
            }
        }
    }

    private async Task<(Dictionary<string, Member> Members, long Last)> ReadAsync(CancellationToken cancellationToken)
    {
        var (rows, last) = await log.ReadAfterAsync<Member>(ReferenceKinds.Members, 0, cancellationToken);
        var members = new Dictionary<string, Member>(StringComparer.OrdinalIgnoreCase);
        foreach (var row in rows)
        {
            if (!members.TryGetValue(row.UserName, out var before) || before.Known <= row.Known)
            {
                members[row.UserName] = row;
            }
        }

        return (members, last);
    }

    [GeneratedRegex(@"\A[A-Za-z0-9][A-Za-z0-9._@+-]{0,99}\z")]
    private static partial Regex Name();
}
