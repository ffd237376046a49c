using NodaTime;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tasks;

/// <summary>The tasks that come with the program.</summary>
public static class BundledTasks
{
    /// <summary>Hospital admission within seven days of a patient who is monitored at home.</summary>
    public static TaskDefinition AdmissionSevenDays { get; } = new()
    {
        Name = "admission-7d",
        Title = "Hospital admission in the next 7 days",
        OutcomeKinds = ["hospital-admission"],
        Grid = AsOfGrid.DailyLocalMidnight,
        Setting = CareSetting.Home,
        Horizon = Horizon.LocalDays(7),
        // Admissions are heard of through phone calls and discharge letters: of the simulated ones a third come later than two
        // days and one in twenty later than nine. A negative waits this long; a positive that comes later still waits for itself.
        ReportingDelay = Duration.FromDays(10),
        MinimumUnderMonitoring = Duration.FromDays(3),
        FeatureSet = "home",
        BaselineRule = BaselineRules.News2,
        Splits = [SplitKind.NewPatientsLater],
    };

    /// <summary>An alert on the next local day that the clinical monitoring team of TIHM would validate.</summary>
    public static TaskDefinition TihmAlertNextDay { get; } = new()
    {
        Name = "tihm-alert-next-day",
        Title = "Validated alert in the coming day",
        OutcomeKinds = ["clinical-alert"],
        Grid = AsOfGrid.DailyLocalMidnight,
        Setting = CareSetting.Home,
        Horizon = Horizon.LocalDays(1),
        // The team works through its alerts on the day they are raised.
        ReportingDelay = Duration.FromDays(1),
        MinimumUnderMonitoring = Duration.FromDays(1),
        FeatureSet = "home",
        BaselineRule = BaselineRules.TrailingSevenDays,
        Splits = [SplitKind.KnownPatientsLater, SplitKind.NewPatients],
    };

    /// <summary>Death before leaving hospital, told from the first 48 hours of an intensive-care stay.</summary>
    public static TaskDefinition InHospitalDeath { get; } = new()
    {
        Name = "in-hospital-death-48h",
        Title = "Death in hospital, from the first 48 hours of the stay",
        OutcomeKinds = ["in-hospital-death"],
        Grid = AsOfGrid.OnceAfterEnrolment,
        Setting = CareSetting.Hospital,
        AfterEnrolment = Duration.FromHours(48),
        Horizon = Horizon.RestOfStay,
        ReportingDelay = Duration.Zero,
        MinimumUnderMonitoring = Duration.FromHours(48),
        FeatureSet = "acute",
        BaselineRule = BaselineRules.News2,
        Splits = [SplitKind.NewPatients],
    };

    /// <summary>All of them.</summary>
    public static IReadOnlyList<TaskDefinition> All { get; } = [AdmissionSevenDays, TihmAlertNextDay, InHospitalDeath];

    /// <summary>The task of that name; throws saying which there are.</summary>
    public static TaskDefinition Named(string name) => All.FirstOrDefault(t => t.Name == name)
        ?? throw new ArgumentException($"There is no task '{name}'. Tasks: {string.Join(", ", All.Select(t => t.Name))}.", nameof(name));
}
