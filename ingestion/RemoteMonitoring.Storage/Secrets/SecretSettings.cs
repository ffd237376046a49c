using System.Collections.Concurrent;
using System.Diagnostics.Metrics;
using Azure.Core;
using Azure.Identity;
using Azure.Security.KeyVault.Secrets;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Secrets;

/// <summary>
/// Settings that are secrets and may be replaced while the program runs: the secret itself, or the URL of a Key Vault secret. A URL that names no
/// version is read again after <see cref="RefreshAfter"/>, when somebody asks, and at once (but not within <see cref="LeastBetween"/> of the last time)
/// when the secret was refused. Where it cannot be read again the last good one stays; that is said once, and counted. Where there is no good one, the
/// failure stands for a minute for all who ask: nobody waits in turn for a vault that gives no answer. Safe for use by many threads.
/// </summary>
/// <remarks>
/// The keys of a home (<see cref="AzureHome"/>) are none of these, and are read once, when it is opened: what is kept by one key cannot be read or
/// recognised by another, so that a program which took another in its stride would do harm.
/// </remarks>
/// <param name="variable">Finds a setting.</param>
/// <param name="time">Time.</param>
/// <param name="credential">Who asks Key Vault; null for <see cref="DefaultAzureCredential"/>.</param>
/// <param name="options">How Key Vault is asked; null for the client's own way.</param>
public sealed class SecretSettings(Func<string, string?> variable, TimeProvider time, TokenCredential? credential = null, SecretClientOptions? options = null)
{
    /// <summary>Name of the counter of secrets that could not be read again; its tag <c>setting</c> is the setting's name.</summary>
    public const string FailuresCount = "remotemonitoring.secrets.refresh.failures";

    /// <summary>How long a secret of Key Vault is taken for the latest: 5 minutes.</summary>
    public static readonly TimeSpan RefreshAfter = TimeSpan.FromMinutes(5);

    /// <summary>Whoever is refused asks Key Vault no more often than this: 10 seconds.</summary>
    public static readonly TimeSpan LeastBetween = TimeSpan.FromSeconds(10);

    /// <summary>A secret that could not be had is not asked for again before this: 1 minute.</summary>
    public static readonly TimeSpan AfterFailure = TimeSpan.FromMinutes(1);

    /// <summary>How long whoever has a good secret waits for a newer one.</summary>
    private static readonly TimeSpan s_patience = TimeSpan.FromSeconds(10);

    /// <summary>How long whoever has none waits for the first.</summary>
    private static readonly TimeSpan s_firstPatience = TimeSpan.FromSeconds(30);

    private readonly ConcurrentDictionary<string, Kept> _kept = new(StringComparer.Ordinal);
    private readonly Lazy<TokenCredential> _credential = new(() => credential ?? new DefaultAzureCredential());
    private Action<string> _say = _ => { };
    private Counter<long>? _failures;

    /// <summary>Those of this process's environment, which all in it share as they share the environment.</summary>
    public static SecretSettings OfProcess { get; } = new(Environment.GetEnvironmentVariable, TimeProvider.System);

    /// <summary>Who is told, in a line that holds no secret, when one can no longer be read again and when it can; and where that is counted.</summary>
    public void Report(Action<string> say, IMeterFactory meters)
    {
        _failures = meters.Create("RemoteMonitoring.Secrets").CreateCounter<long>(FailuresCount, "{failure}", "Secrets that could not be read again from Key Vault; the last good one is in use.");
        _say = say;
    }

    /// <summary>The setting as it is set, secret or URL; null where it is not.</summary>
    public string? Set(string setting) => variable(setting) is { } text && !string.IsNullOrWhiteSpace(text) ? text : null;

    /// <summary>The secret, null where the setting is not set. One that cannot be had, or has a fault, and was not had before throws <see cref="LakeException"/>.</summary>
    /// <param name="setting">Name of the setting.</param>
    /// <param name="fault">Says what is wrong with a secret, in words that follow its setting's name and do not show it; null for nothing.</param>
    /// <param name="cancellationToken">Cancels.</param>
    public Task<string?> FindAsync(string setting, Func<string, string?>? fault, CancellationToken cancellationToken) => ReadAsync(setting, fault, isRefused: false, waits: false, cancellationToken);

    /// <summary>The same, waiting.</summary>
    public string? Find(string setting, Func<string, string?>? fault, CancellationToken cancellationToken) => ReadAsync(setting, fault, isRefused: false, waits: true, cancellationToken).GetAwaiter().GetResult();

    /// <summary>Another secret than the one that was refused, null where there is none: it may have been replaced since it was read.</summary>
    public async Task<string?> FindOtherAsync(string setting, string refused, Func<string, string?>? fault, CancellationToken cancellationToken) =>
        await ReadAsync(setting, fault, isRefused: true, waits: false, cancellationToken) is { } now && now != refused ? now : null;

    /// <summary>The same, waiting.</summary>
    public string? FindOther(string setting, string refused, Func<string, string?>? fault, CancellationToken cancellationToken) =>
        ReadAsync(setting, fault, isRefused: true, waits: true, cancellationToken).GetAwaiter().GetResult() is { } now && now != refused ? now : null;

    private async Task<string?> ReadAsync(string setting, Func<string, string?>? fault, bool isRefused, bool waits, CancellationToken cancellationToken)
    {
        if (Set(setting) is not { } text)
        {
            return null;
        }

        if (KeyVaultSecret.Find(text, setting) is not { } secret)
        {
            return Sound(text, setting, fault);
        }

        var kept = _kept.GetOrAdd(setting, static _ => new Kept());
        if (kept.Value is not { } good)
        {
            ThrowIfFailed(kept);
            await TakeTurnAsync(kept, waits, cancellationToken);
        }
        else if (!IsDue(kept, secret, isRefused) || !kept.Turn.Wait(TimeSpan.Zero, CancellationToken.None))
        {
            return good;
        }

        try
        {
            if (kept.Value is null)
            {
                ThrowIfFailed(kept); // while it waited for its turn
            }

            return kept.Value is { } read && !IsDue(kept, secret, isRefused) ? read : await ReadAsync(kept, secret, setting, fault, waits, cancellationToken);
        }
        finally
        {
            kept.Turn.Release();
        }
    }

    private async Task<string> ReadAsync(Kept kept, KeyVaultSecret secret, string setting, Func<string, string?>? fault, bool waits, CancellationToken cancellationToken)
    {
        var before = kept.Value;
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        patience.CancelAfter(before is null ? s_firstPatience : s_patience);

        try
        {
            var value = Sound(await secret.ReadAsync(setting, _credential.Value, options, waits, patience.Token), setting, fault);
            if (kept.Fails)
            {
                _say($"{setting}: the secret at {secret} can be read again.");
            }

            (kept.Fails, kept.Failure, kept.Value) = (false, null, value);
            return value;
        }
        catch (Exception e) when (before is null && IsFailure(e, cancellationToken))
        {
            kept.Failure = e as LakeException ?? new LakeException($"{setting}: the secret at {secret} cannot be had (no answer in {s_firstPatience.TotalSeconds:0} s)", e) { IsTransient = true };
            throw Again(kept.Failure);
        }
        catch (Exception e) when (before is not null && IsFailure(e, cancellationToken))
        {
            _failures?.Add(1, KeyValuePair.Create<string, object?>("setting", setting));
            if (!kept.Fails)
            {
                _say($"{(e is LakeException ? e.Message : $"{setting}: the secret at {secret} cannot be had (no answer in {s_patience.TotalSeconds:0} s)")}; the last good one stays in use.");
            }

            kept.Fails = true;
            return before;
        }
        finally
        {
            // Who stops asking has not tried.
            kept.Tried = cancellationToken.IsCancellationRequested ? kept.Tried : time.GetTimestamp();
        }
    }

    private bool IsDue(Kept kept, KeyVaultSecret secret, bool isRefused) => !secret.IsOfAVersion
        && time.GetElapsedTime(kept.Tried) >= (isRefused ? LeastBetween : kept.Fails ? AfterFailure : RefreshAfter);

    private static bool IsFailure(Exception e, CancellationToken cancellationToken) => e is LakeException || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested);

    private void ThrowIfFailed(Kept kept)
    {
        if (kept.Failure is { } failure && time.GetElapsedTime(kept.Tried) < AfterFailure)
        {
            throw Again(failure);
        }
    }

    /// <summary>The same fault for another who asks: an exception is thrown once.</summary>
    private static LakeException Again(LakeException failure) => new(failure.Message, failure) { IsTransient = failure.IsTransient };

    private static async Task TakeTurnAsync(Kept kept, bool waits, CancellationToken cancellationToken)
    {
        if (waits)
        {
            kept.Turn.Wait(cancellationToken);
        }
        else
        {
            await kept.Turn.WaitAsync(cancellationToken);
        }
    }

    /// <summary>The secret itself, without the end of line that a file or a pipe left on it.</summary>
    private static string Sound(string text, string setting, Func<string, string?>? fault)
    {
        var secret = text.TrimEnd('\r', '\n');
        return (secret.Length == 0 ? "is an empty secret" : fault?.Invoke(secret)) is { } problem ? throw new LakeException($"{setting} {problem}") : secret;
    }

    private sealed class Kept
    {
        private volatile string? _value;
        private volatile LakeException? _failure;
        private long _tried;

        public SemaphoreSlim Turn { get; } = new(1);

        public string? Value { get => _value; set => _value = value; }

        public long Tried { get => Volatile.Read(ref _tried); set => Volatile.Write(ref _tried, value); }

        /// <summary>Why there is no secret yet; null where there is one, or nobody has asked.</summary>
        public LakeException? Failure { get => _failure; set => _failure = value; }

        public bool Fails { get; set; }
    }
}
