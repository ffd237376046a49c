using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>A device of the gateway, without its keys.</summary>
/// <param name="DeviceId">Its id; exact in case.</param>
/// <param name="Created">When it was added.</param>
/// <param name="Revoked">When it was revoked; null while it may connect.</param>
public sealed record RegisteredDevice(string DeviceId, DateTimeOffset Created, DateTimeOffset? Revoked);

/// <summary>The two symmetric keys of a device, either of which signs its tokens, so that one can be replaced at a time.</summary>
public sealed record DeviceKeys(byte[] Primary, byte[] Secondary);

/// <summary>
/// The devices that may connect to the gateway, and their keys, in one SQLite file that only its owner may read. Several
/// processes may share it: <see cref="Version"/> tells when another has changed it. Safe for use by many threads.
/// </summary>
public sealed class DeviceRegistry : IDisposable
{
    private const int KeyBytes = 32;
    private const int MostCharacters = 128;
    private static readonly SearchValues<char> s_idCharacters =
        SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._:@");

    private readonly Lock _gate = new();
    private readonly SqliteConnection _connection;
    private readonly string _file;
    private readonly TimeProvider _time;

    /// <summary>Opens the file, making it where it is not there.</summary>
    public DeviceRegistry(string file, TimeProvider time)
    {
        (_file, _time) = (Path.GetFullPath(file), time);
        PrivateFile.Create(_file);
        _connection = new SqliteConnection(new SqliteConnectionStringBuilder { DataSource = _file, DefaultTimeout = 30, Pooling = false }.ToString());
        Try(() =>
        {
            _connection.Open();
            using var command = Command("""
                PRAGMA synchronous = FULL;
                PRAGMA secure_delete = ON;
                CREATE TABLE IF NOT EXISTS devices (
                    device_id TEXT PRIMARY KEY,
                    primary_key BLOB NOT NULL,
                    secondary_key BLOB NOT NULL,
                    created INTEGER NOT NULL,
                    revoked INTEGER
                ) WITHOUT ROWID;
                """);
            return command.ExecuteNonQuery();
        });
    }

    /// <summary>Changes when the registry has been changed, by this process or another.</summary>
    public long Version => Try(() =>
    {
        // SQLite counts what other connections did, and what this one did, apart; both only grow.
        using var command = Command("SELECT total_changes() + (SELECT data_version FROM pragma_data_version)");
        return (long)command.ExecuteScalar()!;
    });

    /// <summary>Whether a device may be called so: 1 to 128 ASCII letters, digits and <c>- . _ : @</c>, which is part of what IoT Hub allows.</summary>
    public static bool IsDeviceId(string id) => id.Length is > 0 and <= MostCharacters && !id.AsSpan().ContainsAnyExcept(s_idCharacters);

    /// <summary>Adds devices, each with two random keys, all or none.</summary>
    /// <returns>How many are new; those that were there keep their keys and their state.</returns>
    public int Add(IEnumerable<string> deviceIds) => Try(() =>
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        using var command = Command("INSERT INTO devices (device_id, primary_key, secondary_key, created) VALUES ($id, $primary, $secondary, $now) ON CONFLICT (device_id) DO NOTHING");
        command.Transaction = transaction;
        var id = command.Parameters.Add("$id", SqliteType.Text);
        var primary = command.Parameters.Add("$primary", SqliteType.Blob);
        var secondary = command.Parameters.Add("$secondary", SqliteType.Blob);
        command.Parameters.AddWithValue("$now", _time.GetUtcNow().ToUnixTimeMilliseconds());
        var added = 0;
        foreach (var device in deviceIds)
        {
            if (!IsDeviceId(device))
            {
                throw new LakeException($"'{device}' cannot be the id of a device: take 1 to {MostCharacters} letters, digits, '-', '.', '_', ':' or '@'. Nothing was added.");
            }

            id.Value = device;
            primary.Value = RandomNumberGenerator.GetBytes(KeyBytes);
            secondary.Value = RandomNumberGenerator.GetBytes(KeyBytes);
            added += command.ExecuteNonQuery();
        }

        transaction.Commit();
        return added;
    });

    /// <summary>Revokes a device for good: its connection is closed and no other is let in.</summary>
    /// <returns>False where there is no such device, or it had been revoked.</returns>
    public bool Revoke(string deviceId) => Try(() =>
    {
        using var command = Command("UPDATE devices SET revoked = $now WHERE device_id = $id AND revoked IS NULL");
        command.Parameters.AddWithValue("$id", deviceId);
        command.Parameters.AddWithValue("$now", _time.GetUtcNow().ToUnixTimeMilliseconds());
        return command.ExecuteNonQuery() == 1;
    });

    /// <summary>All devices, by id.</summary>
    public IReadOnlyList<RegisteredDevice> List() => Try(() =>
    {
        using var command = Command("SELECT device_id, created, revoked FROM devices ORDER BY device_id");
        using var reader = command.ExecuteReader();
        var devices = new List<RegisteredDevice>();
        while (reader.Read())
        {
            devices.Add(Device(reader));
        }

        return devices;
    });

    /// <summary>A device, or null.</summary>
    public RegisteredDevice? Find(string deviceId) => Select(deviceId, Device);

    /// <summary>The keys of a device that may connect; null where there is none, or it was revoked.</summary>
    public DeviceKeys? KeysOf(string deviceId) => Select(deviceId, reader =>
        reader.IsDBNull(2) ? new DeviceKeys((byte[])reader[3], (byte[])reader[4]) : null);

    /// <inheritdoc />
    public void Dispose()
    {
        lock (_gate)
        {
            _connection.Dispose();
        }
    }

    private T? Select<T>(string deviceId, Func<SqliteDataReader, T?> read)
        where T : class => Try(() =>
    {
        using var command = Command("SELECT device_id, created, revoked, primary_key, secondary_key FROM devices WHERE device_id = $id");
        command.Parameters.AddWithValue("$id", deviceId);
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(reader) : null;
    });

    private static RegisteredDevice Device(SqliteDataReader reader) => new(
        reader.GetString(0),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)),
        reader.IsDBNull(2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)));

    private SqliteCommand Command(string sql)
    {
        var command = _connection.CreateCommand();
        command.CommandText = sql;
        return command;
    }

    private T Try<T>(Func<T> work)
    {
        lock (_gate)
        {
            try
            {
                return work();
            }
            catch (SqliteException e)
            {
                throw new LakeException($"{_file}: the device registry cannot be used ({GatewayLogFile.Cause(e)}).", e);
            }
        }
    }
}
