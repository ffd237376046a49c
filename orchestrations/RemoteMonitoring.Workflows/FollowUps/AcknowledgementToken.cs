using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>What taking notice of a follow-up needs to say, so that it can be written down wherever the workflow runs.</summary>
/// <param name="FollowUp">Key of the follow-up.</param>
/// <param name="User">Name of the user who was told, or <see cref="AcknowledgementToken.Anybody"/>.</param>
/// <param name="CareTeamId">Team that was told.</param>
/// <param name="Patient">Handle of the patient.</param>
/// <param name="Expires">Until when it is good, in whole seconds.</param>
public sealed record Acknowledgement(string FollowUp, string User, string CareTeamId, string Patient, Instant Expires)
{
    /// <summary>The address below the pages, without the token.</summary>
    public string Path => string.Create(
        CultureInfo.InvariantCulture,
        $"follow-ups/{FollowUp}/acknowledge?user={Uri.EscapeDataString(User)}&team={Uri.EscapeDataString(CareTeamId)}&patient={Uri.EscapeDataString(Patient)}&expires={Expires.ToUnixTimeSeconds()}");
}

/// <summary>What lets whoever was told of a follow-up say that they have taken notice of it, and nothing else: good for one follow-up, one user and a time.</summary>
public sealed class AcknowledgementToken
{
    /// <summary>Stands for who was told where nobody is named.</summary>
    public const string Anybody = "webhook";

    private readonly byte[] _key;

    /// <summary>The tokens of a cohort.</summary>
    public AcknowledgementToken(CohortStore store) => _key = store.MakeHandleKey().For("acknowledge a follow-up");

    /// <summary>The token, 64 hex digits: over the address, whose parts are escaped and so cannot be taken for one another.</summary>
    public string Of(Acknowledgement of) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(of.Path)));

    /// <summary>Whether a token is of these, and not expired.</summary>
    public bool Verifies(string token, Acknowledgement of, Instant now) =>
        now < of.Expires && CryptographicOperations.FixedTimeEquals(Encoding.UTF8.GetBytes(token), Encoding.ASCII.GetBytes(Of(of)));

    /// <summary>The address below the pages where it is used, by POST.</summary>
    public string PathOf(Acknowledgement of) => $"{of.Path}&token={Of(of)}";
}
