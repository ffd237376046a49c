using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>A device of the gateway, without its keys.</summary>
/// <param name="DeviceId">Its id; exact in case.</param>
/// <param name="Created">When it was added.</param>
/// <param name="Revoked">When it was revoked; null while it may connect.</param>
/// <param name="Rotating">Since when its key is being replaced; null where it is not.</param>
public sealed record RegisteredDevice(string DeviceId, DateTimeOffset Created, DateTimeOffset? Revoked, DateTimeOffset? Rotating);

/// <summary>The two symmetric keys of a device, so that one can be replaced at a time. Either signs its tokens, but only the primary is ever handed out.</summary>
public sealed record DeviceKeys(byte[] Primary, byte[] Secondary)
{
    /// <summary>Whether a key is one of the two.</summary>
    public bool Has(ReadOnlySpan<byte> key) => CryptographicOperations.FixedTimeEquals(key, Primary) || CryptographicOperations.FixedTimeEquals(key, Secondary);
}

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
            command.ExecuteNonQuery();
            return AddRotating();
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

    /// <summary>
    /// Begins to replace the key of a device: it gets a new primary key, and the one that it had is good beside it until <see cref="FinishRotation"/>. That is its
    /// primary: a secondary is given to nobody, and is only ever the primary of before.
    /// </summary>
    /// <returns>False where there is no such device, it was revoked, or its key is being replaced already.</returns>
    public bool BeginRotation(string deviceId) => Update(
        "UPDATE devices SET secondary_key = primary_key, primary_key = $key, rotating = $now WHERE device_id = $id AND revoked IS NULL AND rotating IS NULL", deviceId);

    /// <summary>Withdraws the key that a device had before: connections by it are closed, and no other is let in.</summary>
    /// <returns>False where there is no such device, it was revoked, or its key is not being replaced.</returns>
    public bool FinishRotation(string deviceId) => Update(
        "UPDATE devices SET secondary_key = $key, rotating = NULL WHERE device_id = $id AND revoked IS NULL AND rotating IS NOT NULL", deviceId);

    /// <summary>The keys of all devices that may connect.</summary>
    public IReadOnlyDictionary<string, DeviceKeys> Keys() => Try(() =>
    {
        using var command = Command("SELECT device_id, primary_key, secondary_key FROM devices WHERE revoked IS NULL");
        using var reader = command.ExecuteReader();
        var keys = new Dictionary<string, DeviceKeys>(StringComparer.Ordinal);
        while (reader.Read())
        {
            keys.Add(reader.GetString(0), new DeviceKeys((byte[])reader[1], (byte[])reader[2]));
        }

        return keys;
    });

    /// <summary>All devices, by id.</summary>
    public IReadOnlyList<RegisteredDevice> List() => Try(() =>
    {
        using var command = Command("SELECT device_id, created, revoked, rotating FROM devices ORDER BY device_id");
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
        reader.IsDBNull(2) ? new DeviceKeys((byte[])reader[4], (byte[])reader[5]) : null);

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
        using var command = Command("SELECT device_id, created, revoked, rotating, primary_key, secondary_key FROM devices WHERE device_id = $id");
        command.Parameters.AddWithValue("$id", deviceId);
        using var reader = command.ExecuteReader();
        return reader.Read() ? read(reader) : null;
    });

    private static RegisteredDevice Device(SqliteDataReader reader) => new(
        reader.GetString(0),
        DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(1)),
        reader.IsDBNull(2) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(2)),
        reader.IsDBNull(3) ? null : DateTimeOffset.FromUnixTimeMilliseconds(reader.GetInt64(3)));

    /// <summary>Files of earlier versions have no such column; of two processes that open one at once the first adds it.</summary>
    private int AddRotating()
    {
        using var transaction = _connection.BeginTransaction(deferred: false);
        using var has = Command("SELECT count(*) FROM pragma_table_info('devices') WHERE name = 'rotating'");
        has.Transaction = transaction;
        if ((long)has.ExecuteScalar()! == 0)
        {
            using var add = Command("ALTER TABLE devices ADD COLUMN rotating INTEGER");
            add.Transaction = transaction;
            add.ExecuteNonQuery();
        }

        transaction.Commit();
        return 0;
    }

    private bool Update(string sql, string deviceId) => Try(() =>
    {
        using var command = Command(sql);
        command.Parameters.AddWithValue("$id", deviceId);
        command.Parameters.AddWithValue("$key", RandomNumberGenerator.GetBytes(KeyBytes));
        command.Parameters.AddWithValue("$now", _time.GetUtcNow().ToUnixTimeMilliseconds());
        return command.ExecuteNonQuery() == 1;
    });

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
