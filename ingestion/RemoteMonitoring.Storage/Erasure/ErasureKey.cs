using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Erasure;

/// <summary>
/// The secret with which tombstones hash whom they are of. Made at random by the first erasure; without it nothing that was
/// erased can be recognised, so a lake that has tombstones cannot be used without it.
/// </summary>
public sealed class ErasureKey
{
    private const int Bytes = 32;

    private readonly byte[] _key;

    private ErasureKey(byte[] key)
    {
        _key = key;
        Id = Hash("key", "")[..16];
    }

    /// <summary>Tells this key from others.</summary>
    public string Id { get; }

    /// <summary>A key from where secrets are kept: 64 hex digits. Text that is none throws <see cref="LakeException"/>.</summary>
    public static ErasureKey Parse(string hex, string nameForPeople)
    {
        try
        {
            return Convert.FromHexString(hex.Trim()) is { Length: Bytes } key ? new ErasureKey(key) : throw new FormatException();
        }
        catch (FormatException e)
        {
            throw new LakeException($"{nameForPeople}: is no key of erasures (64 hex digits). Restore it: without it what was erased cannot be kept out.", e);
        }
    }

    /// <summary>The key in a file, or null where there is none.</summary>
    public static ErasureKey? Find(string file)
    {
        try
        {
            return File.Exists(file) ? Parse(File.ReadAllText(file), file) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>The key in a file, which is made where it is not there, durable and for its owner alone.</summary>
    public static ErasureKey FindOrMake(string file)
    {
        if (Find(file) is { } key)
        {
            return key;
        }

        var draft = file + "." + RandomNumberGenerator.GetHexString(8, lowercase: true);
        try
        {
            Durable.CreateDirectory(Path.GetDirectoryName(file)!);
            var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
            if (!OperatingSystem.IsWindows())
            {
                options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
            }

            using (var output = new FileStream(draft, options))
            {
                output.Write(Encoding.ASCII.GetBytes(Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(Bytes)) + "\n"));
                output.Flush(flushToDisk: true);
            }

            Durable.TryMoveToNewName(draft, file); // of two that make one the first wins
            Durable.SyncDirectory(Path.GetDirectoryName(file)!);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{file}: cannot be made ({e.Message})", e);
        }

        return Find(file)!;
    }

    /// <summary>A key for this moment only, to see what an erasure would do.</summary>
    public static ErasureKey Passing() => new(RandomNumberGenerator.GetBytes(Bytes));

    /// <summary>Keyed hash of a patient's id.</summary>
    public string OfPatient(string patientId) => Hash("patient", patientId);

    /// <summary>Keyed hash of a device's id.</summary>
    public string OfDevice(string deviceId) => Hash("device", deviceId);

    private string Hash(string kind, string id) => Convert.ToHexStringLower(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes($"{kind}\n{id}")));
}
