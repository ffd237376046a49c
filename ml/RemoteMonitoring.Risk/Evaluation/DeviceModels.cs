using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Risk.Evaluation;

/// <summary>Which device models a patient had at an instant, by the assignments as they were known then.</summary>
public sealed class DeviceModels
{
    private readonly AssignmentIndex _index;
    private readonly ILookup<string, string> _devices;
    private readonly Dictionary<string, string> _model;

    /// <summary>Indexes the assignments, which come in the order they were stated.</summary>
    public DeviceModels(IReadOnlyList<DeviceAssignment> assignments)
    {
        _index = new AssignmentIndex(assignments);
        _devices = assignments.Select(a => (a.PatientId, a.DeviceId)).Distinct().ToLookup(a => a.PatientId, a => a.DeviceId, StringComparer.Ordinal);
        _model = assignments.Where(a => !string.IsNullOrWhiteSpace(a.DeviceModel)).GroupBy(a => a.DeviceId, StringComparer.Ordinal)
            .ToDictionary(g => g.Key, g => g.MaxBy(a => a.Known)!.DeviceModel!.Trim(), StringComparer.Ordinal);
    }

    /// <summary>The models in ordinal order, each once; none where none is on record. A device without a model is none.</summary>
    public IReadOnlyList<string> At(string patientId, long asOf, long knownBy) => _model.Count == 0
        ? []
        : [.. _devices[patientId].Where(d => _model.ContainsKey(d) && Holder(d, asOf, knownBy) == patientId).Select(d => _model[d]).Distinct(StringComparer.Ordinal).Order(StringComparer.Ordinal)];

    private string? Holder(string deviceId, long asOf, long knownBy)
    {
        foreach (var segment in _index.History(deviceId, asOf, out _))
        {
            if (segment.KnownFrom <= knownBy && knownBy < segment.KnownTo)
            {
                return segment.PatientId;
            }
        }

        return null;
    }
}
