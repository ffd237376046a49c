using System.Collections.Frozen;
using System.Security.Cryptography;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// What a password must be: long, and not what everybody tries first. No rule of letters and digits, and none of changing it by the calendar
/// (NIST SP 800-63B, 5.1.1.2).
/// </summary>
public static class PasswordRule
{
    /// <summary>Fewer characters can be tried through.</summary>
    public const int FewestCharacters = 12;

    /// <summary>More are refused: each sign-in has to hash them.</summary>
    public const int MostCharacters = 256;

    /// <summary>Of those that are tried first, the ones that are long enough; compared without case, and without what is put at the end.</summary>
    private static readonly FrozenSet<string> s_common = new[]
    {
        "password", "passwordpassword", "passw0rd", "p@ssword", "p@ssw0rd", "changeme", "changemenow", "letmein", "letmeinnow", "welcome", "welcomewelcome",
        "administrator", "adminadmin", "adminadminadmin", "qwertyuiop", "qwertyuiopas", "qwertyqwerty", "qwertzuiop", "asdfghjkl", "1q2w3e4r5t6y", "1qaz2wsx3edc", "q1w2e3r4t5y6",
        "iloveyou", "iloveyouiloveyou", "trustno", "monkeymonkey", "dragondragon", "sunshinesunshine", "footballfootball", "baseballbaseball", "princessprincess",
        "correcthorsebatterystaple", "remotemonitoring", "carecarecare", "nursenurse", "nursenursenurse", "hospital", "hospitalhospital", "mypassword", "secretsecret", "defaultpassword", "temporary", "testtesttest", "abcdefghijkl", "abcabcabcabc",
    }.ToFrozenSet(StringComparer.OrdinalIgnoreCase);

    private const string Letters = "abcdefghjkmnpqrstuvwxyz23456789";
    private const int Groups = 5;
    private const int GroupLength = 4;

    /// <summary>A password at random: 20 letters and digits that are not taken for each other, 99 bits.</summary>
    public static string Make() => string.Join('-', Enumerable.Range(0, Groups).Select(_ => RandomNumberGenerator.GetString(Letters, GroupLength)));

    /// <summary>Why a password is refused, in a line; null where it is not.</summary>
    public static string? Refusal(string password, string userName) =>
        password.Length < FewestCharacters ? $"A password has at least {FewestCharacters} characters; a few words with spaces between them are easy to keep."
        : password.Length > MostCharacters ? $"A password has at most {MostCharacters} characters."
        : password.Any(char.IsControl) ? "A password has no control characters."
        : password.Contains(userName, StringComparison.OrdinalIgnoreCase) ? "A password does not contain the user's name."
        : IsCommon(password) ? "That is one of the passwords that everybody tries first; take another."
        : null;

    private static bool IsCommon(string password)
    {
        var bare = password.TrimEnd("0123456789!?.#*-_ ".ToCharArray());
        return bare.Length == 0 || password.Distinct().Count() < 5 || s_common.Contains(bare) || s_common.Contains(password);
    }
}
