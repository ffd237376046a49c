using System.Security.Cryptography;
using System.Text;

namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// Identity of an imported stream: the first 12 hex digits of SHA-256 over importer, its version and the content of the
/// files. Importing the same files again gives the same stream, so landing it twice lands it once.
/// </summary>
internal static class ImportEpoch
{
    public static string Of(string importer, int version, IEnumerable<byte[]> contentHashes)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes(string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{importer}/{version}\n")));
        foreach (var content in contentHashes)
        {
            hash.AppendData(content);
        }

        return Convert.ToHexStringLower(hash.GetHashAndReset())[..12];
    }
}
