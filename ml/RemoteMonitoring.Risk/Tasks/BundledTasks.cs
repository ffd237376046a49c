namespace RemoteMonitoring.Risk.Tasks;

/// <summary>The tasks that come with the program, one file each.</summary>
public static class BundledTasks
{
    /// <summary>Hospital admission within seven days of a patient who is monitored at home.</summary>
    public static TaskDefinition AdmissionSevenDays { get; } = Bundled("admission-7d");

    /// <summary>An alert on the next local day that the clinical monitoring team of TIHM would validate.</summary>
    public static TaskDefinition TihmAlertNextDay { get; } = Bundled("tihm-alert-next-day");

    /// <summary>Death before leaving hospital, told from the first 48 hours of an intensive-care stay.</summary>
    public static TaskDefinition InHospitalDeath { get; } = Bundled("in-hospital-death-48h");

    /// <summary>All of them.</summary>
    public static IReadOnlyList<TaskDefinition> All { get; } =
    [
        AdmissionSevenDays, Bundled("admission-30d"), TihmAlertNextDay, Bundled("tihm-agitation-day"), InHospitalDeath, Bundled("sepsis-hourly"),
        Bundled("glucose-below-54"),
    ];

    /// <summary>The task of that name; throws saying which there are.</summary>
    public static TaskDefinition Named(string name) => All.FirstOrDefault(t => t.Name == name)
        ?? throw new ArgumentException($"There is no task '{name}'. Tasks: {string.Join(", ", All.Select(t => t.Name))}.", nameof(name));

    private static TaskDefinition Bundled(string name)
    {
        var file = $"{name}.json";
        using var stream = typeof(BundledTasks).Assembly.GetManifestResourceStream(file) ?? throw new InvalidOperationException($"The task '{name}' is not in the assembly.");
        var json = new byte[stream.Length];
        stream.ReadExactly(json);
        return TaskDefinition.Read(json, file);
    }
}
