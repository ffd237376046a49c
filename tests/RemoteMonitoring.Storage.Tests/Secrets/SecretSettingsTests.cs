using System.Diagnostics.Metrics;
using System.Net;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Vault;

namespace RemoteMonitoring.Storage.Tests.Secrets;

/// <summary>Secrets that are replaced while a program runs, by the real client against a vault in this process.</summary>
public sealed class SecretSettingsTests : IDisposable
{
    private const string Name = "RMON_FOLLOW_UP_SECRET";

    private readonly FakeVault _vault = new("one");
    private readonly VaultClock _clock = new();
    private readonly List<string> _said = [];
    private readonly Meters _meters = new();
    private string? _set;

    public SecretSettingsTests() => _set = _vault.Url;

    public void Dispose()
    {
        _vault.Dispose();
        _meters.Dispose();
    }

    [Fact]
    public async Task A_secret_that_is_replaced_in_the_vault_is_found_within_minutes_and_is_not_asked_for_at_each_use()
    {
        var settings = Settings();
        Assert.Equal("one", await FindAsync(settings));
        _vault.Secret = "two\r\n";
        _clock.Pass(SecretSettings.RefreshAfter - TimeSpan.FromSeconds(1));
        Assert.Equal("one", await FindAsync(settings));
        Assert.Equal(1, _vault.Reads);
        _clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal("two", await FindAsync(settings));
        Assert.Equal("two", settings.Find(Name, null, default));
        Assert.Equal(2, _vault.Reads);
        Assert.Empty(_said);
    }

    [Fact]
    public async Task After_a_refusal_it_is_read_at_once_and_who_is_refused_again_and_again_does_not_ask_the_vault_each_time()
    {
        var settings = Settings();
        Assert.Equal("one", settings.Find(Name, null, default));
        _clock.Pass(SecretSettings.LeastBetween);
        Assert.Null(await settings.FindOtherAsync(Name, "one", null, default));
        _vault.Secret = "two";
        Assert.Null(settings.FindOther(Name, "one", null, default));
        Assert.Equal(2, _vault.Reads);
        _clock.Pass(SecretSettings.LeastBetween);
        Assert.Equal("two", settings.FindOther(Name, "one", null, default));
        Assert.Equal("two", await settings.FindOtherAsync(Name, "one", null, default));
        Assert.Equal(3, _vault.Reads);
    }

    [Fact]
    public async Task A_vault_that_is_away_leaves_the_last_good_secret_says_so_once_and_counts()
    {
        var settings = Settings();
        Assert.Equal("one", await FindAsync(settings));
        (_vault.Secret, _vault.Status) = ("two", HttpStatusCode.ServiceUnavailable);
        for (var i = 1; i <= 3; i++)
        {
            _clock.Pass(SecretSettings.RefreshAfter);
            Assert.Equal("one", i == 2 ? settings.Find(Name, null, default) : await FindAsync(settings));
            Assert.Equal("one", await FindAsync(settings));
            Assert.Equal(1 + i, _vault.Reads);
        }

        Assert.Equal($"{Name}: the secret at {_vault.Url} cannot be had (503: the service is too busy; run again later); the last good one stays in use.", Assert.Single(_said));
        Assert.Equal([(Name, 1L), (Name, 1L), (Name, 1L)], _meters.Counted);
        _vault.Status = HttpStatusCode.OK;
        _clock.Pass(TimeSpan.FromMinutes(1));
        Assert.Equal("two", await FindAsync(settings));
        Assert.Equal($"{Name}: the secret at {_vault.Url} can be read again.", _said[^1]);
        Assert.Equal(2, _said.Count);
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("short")]
    public async Task A_version_that_is_no_secret_takes_no_good_ones_place_and_is_not_shown(string version)
    {
        static string? Fault(string secret) => secret == "short" ? "is too short" : null;
        var settings = Settings();
        Assert.Equal("one", await settings.FindAsync(Name, Fault, default));
        _vault.Secret = version;
        _clock.Pass(SecretSettings.RefreshAfter);
        Assert.Equal("one", await settings.FindAsync(Name, Fault, default));
        Assert.StartsWith(Name + " is ", Assert.Single(_said), StringComparison.Ordinal);
        Assert.EndsWith("; the last good one stays in use.", _said[0], StringComparison.Ordinal);

        // And where there is no good one it is one line.
        (await Assert.ThrowsAsync<LakeException>(() => Settings().FindAsync(Name, Fault, default))).SaysInOneLine(Name);
    }

    [Fact]
    public async Task What_cannot_be_had_the_first_time_is_a_fault_and_after_a_minute_is_asked_for_again()
    {
        var settings = Settings();
        _vault.Status = HttpStatusCode.Forbidden;
        (await Assert.ThrowsAsync<LakeException>(() => FindAsync(settings))).SaysInOneLine("Key Vault Secrets User");
        _vault.Status = HttpStatusCode.OK;
        _clock.Pass(SecretSettings.AfterFailure - TimeSpan.FromSeconds(1));
        Assert.Contains("Key Vault Secrets User", Assert.Throws<LakeException>(() => settings.Find(Name, null, default)).Message, StringComparison.Ordinal);
        _clock.Pass(TimeSpan.FromSeconds(1));
        Assert.Equal("one", await FindAsync(settings));
        Assert.Empty(_said);
    }

    [Fact]
    public async Task Many_who_ask_while_the_vault_is_away_and_there_is_no_secret_yet_are_one_question_and_all_are_told_at_once()
    {
        var settings = Settings();
        _vault.Status = HttpStatusCode.ServiceUnavailable;
        var faults = await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() =>
            Assert.ThrowsAsync<LakeException>(() => i % 2 == 0 ? FindAsync(settings) : Task.FromResult(settings.Find(Name, null, default))))));
        Assert.Equal(1, _vault.Reads);
        Assert.All(faults, e => Assert.True(e.IsTransient));
        Assert.Single(faults.Select(e => e.Message).Distinct());
    }

    [Fact]
    public async Task A_version_that_is_named_stays_and_text_is_the_secret_itself()
    {
        _set = _vault.Url + "/0123";
        var settings = Settings();
        Assert.Equal("one", await FindAsync(settings));
        _vault.Secret = "two";
        _clock.Pass(TimeSpan.FromDays(1));
        Assert.Equal("one", await FindAsync(settings));
        Assert.Null(await settings.FindOtherAsync(Name, "one", null, default));
        Assert.Equal(1, _vault.Reads);

        foreach (var (set, secret) in new[] { ("plain\n", "plain"), ("https://vault.example/secrets/a", "https://vault.example/secrets/a"), (" ", null), (null, null) })
        {
            _set = set;
            Assert.Equal(secret, await FindAsync(Settings()));
        }
    }

    [Fact]
    public async Task Many_who_ask_at_once_are_one_question()
    {
        var settings = Settings();
        Assert.All(await Task.WhenAll(Enumerable.Range(0, 50).Select(_ => Task.Run(() => FindAsync(settings)))), s => Assert.Equal("one", s));
        Assert.Equal(1, _vault.Reads);
        _vault.Secret = "two";
        _clock.Pass(SecretSettings.RefreshAfter);
        await Task.WhenAll(Enumerable.Range(0, 50).Select(i => Task.Run(() => i % 2 == 0 ? FindAsync(settings) : Task.FromResult(settings.Find(Name, null, default)))));
        Assert.Equal(2, _vault.Reads);
        Assert.Equal("two", await FindAsync(settings));
    }

    [Fact]
    public async Task Who_stops_asking_stops_and_has_not_failed()
    {
        using var stop = new CancellationTokenSource();
        var settings = Settings();
        Assert.Equal("one", await FindAsync(settings));
        _clock.Pass(SecretSettings.RefreshAfter);
        await stop.CancelAsync();
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => settings.FindAsync(Name, null, stop.Token));
        Assert.Empty(_said);
        Assert.Empty(_meters.Counted);
        _vault.Secret = "two";
        Assert.Equal("two", await FindAsync(settings));
    }

    private SecretSettings Settings()
    {
        var settings = new SecretSettings(_ => _set, _clock, new FakeToken(), _vault.Options);
        settings.Report(_said.Add, _meters);
        return settings;
    }

    private static Task<string?> FindAsync(SecretSettings settings) => settings.FindAsync(Name, null, default);

    private sealed class Meters : IMeterFactory
    {
        private readonly MeterListener _listener = new();
        private readonly List<Meter> _meters = [];

        public Meters()
        {
            _listener.InstrumentPublished = (instrument, listener) =>
            {
                if (instrument.Name == SecretSettings.FailuresCount && instrument.Meter.Scope == this)
                {
                    listener.EnableMeasurementEvents(instrument);
                }
            };
            _listener.SetMeasurementEventCallback<long>((_, value, tags, _) => Counted.Add(((string)tags[0].Value!, value)));
            _listener.Start();
        }

        public List<(string Setting, long Value)> Counted { get; } = [];

        public Meter Create(MeterOptions options)
        {
            options.Scope = this;
            var meter = new Meter(options);
            _meters.Add(meter);
            return meter;
        }

        public void Dispose()
        {
            _meters.ForEach(m => m.Dispose());
            _listener.Dispose();
        }
    }
}
