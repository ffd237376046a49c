namespace RemoteMonitoring.Risk.Drift;

/// <summary>Vectors of a stretch of time, as columns: shape [columns × rows], NaN where unknown.</summary>
/// <param name="PatientId">Patient of each row.</param>
/// <param name="Devices">The device models that the patient had at the row's instant, one text for each combination; empty where none is on record.</param>
/// <param name="Values">[column][row], in the order of the set's columns.</param>
public sealed record DriftRows(string[] PatientId, string[] Devices, double[][] Values)
{
    /// <summary>Number of rows.</summary>
    public int Rows => PatientId.Length;

    /// <summary>Number of patients.</summary>
    public int Patients { get; } = PatientId.Distinct(StringComparer.Ordinal).Count();

    /// <summary>Share of the rows of each combination of device models that is on record, greatest first; empty where none is.</summary>
    public IReadOnlyList<DeviceShare> DeviceShares() =>
        [.. Devices.Where(d => d.Length > 0).CountBy(d => d).OrderByDescending(d => d.Value).ThenBy(d => d.Key, StringComparer.Ordinal).Select(d => new DeviceShare(d.Key, (double)d.Value / Rows))];
}

/// <summary>How many of the rows are of patients with these device models.</summary>
/// <param name="Devices">The models.</param>
/// <param name="Share">Share of all rows.</param>
public sealed record DeviceShare(string Devices, double Share);
