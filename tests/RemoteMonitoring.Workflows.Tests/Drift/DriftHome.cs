using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.Drift;

/// <summary>
/// Forty-eight made-up patients, each with a device of model <c>A</c>. A third of them are admitted every ten days, after three days of falling SpO2. A model is trained after
/// thirty days, and then thirty more days land. Made once; each test works on its own copy.
/// </summary>
public sealed class DriftHome : IAsyncLifetime, IAsyncDisposable
{
    public const int Trained = 30;
    public const int End = 60;

    private const int Patients = 48;

    private readonly TempHome _home = new();

    /// <summary>A copy of the home with all of the days; the nights of those that are named have run.</summary>
    internal async Task<TempHome> CopyAsync(IEnumerable<int> nights, bool newDevices = false)
    {
        var home = TempHome.CopyOf(_home.Root);
        var manifest = await Days(Trained, End, newDevices).LandAsync(home, "later");
        foreach (var night in nights)
        {
            await DailyRiskRun.RunAsync(
                home.Store, manifest, new DailyRiskRequest { Task = TrainedHome.Task, AsOf = MadeUpFeed.At(night), Model = Model.Version }, default);
        }

        return home;
    }

    internal TrainedModel Model { get; private set; } = null!;

    public async Task InitializeAsync()
    {
        var feed = Days(0, Trained, false).Team("north", 5);
        for (var i = 0; i < Patients; i++)
        {
            feed.Patient(Id(i), enrolled: null).Census(Id(i), Telemetry.Reference.CensusKind.Enrolled, 0).Assigned($"d-{Id(i)}", Id(i), 0, null, model: "A");
        }

        (Model, _) = await TrainingStage.RunAsync(_home.Store, await feed.LandAsync(_home), TrainedHome.Task, TrainedHome.Quick, null, default);
        await _home.CloseStoreAsync();
    }

    public ValueTask DisposeAsync() => _home.DisposeAsync();

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    private static string Id(int number) => $"patient-{number:D2}";

    /// <summary>Readings and outcomes of some days; with new devices, three quarters of the patients have one of model <c>B</c> from day 46 on, which reads heart rates forty beats higher.</summary>
    private static MadeUpFeed Days(int from, int to, bool newDevices)
    {
        var feed = new MadeUpFeed();
        for (var i = 0; i < Patients; i++)
        {
            for (var day = from; day < to; day++)
            {
                // Each person has a day of admission in every ten, but two thirds are never admitted.
                var until = (i + 100 - day) % 10;
                var falls = i % 3 == 0 && until is >= 1 and <= 3;
                var isNew = newDevices && i % 4 != 0 && day >= 46;
                var device = isNew ? $"new-{Id(i)}" : $"d-{Id(i)}";
                feed.Reading(device, "spo2", (falls ? 88 : 95) + ((day + i) % 4), day + 0.3).Reading(device, "heart_rate", 60 + (i / 2) + ((day * 7) % 5) + (isNew ? 40 : 0), day + 0.3);
                if (i % 3 == 0 && until == 0)
                {
                    feed.Outcome(Id(i), day + 0.5);
                }
            }

            if (newDevices && i % 4 != 0)
            {
                feed.Assigned($"d-{Id(i)}", Id(i), 0, 46, 46, "A").Assigned($"new-{Id(i)}", Id(i), 46, null, model: "B");
            }
        }

        return feed;
    }
}
