namespace RemoteMonitoring.Workflows.Service;

/// <summary>How what was measured stands to what is wanted. What is not known is neither met nor missed.</summary>
public enum ServiceState
{
    /// <summary>As wanted.</summary>
    Met,

    /// <summary>Not as wanted.</summary>
    NotMet,

    /// <summary>It should be known by now, and is not.</summary>
    Unknown,

    /// <summary>There is nothing to measure yet, or not here.</summary>
    NotYet,
}

/// <summary>What a service is to come up to.</summary>
/// <param name="Name">Stable name: letters, digits and hyphens.</param>
/// <param name="Wanted">What is wanted, in a few words.</param>
/// <param name="Instrument">Name of the gauge that has the figure.</param>
/// <param name="Unit">UCUM unit of the figure.</param>
/// <param name="Means">What the figure is.</param>
/// <param name="Runbook">Heading in <c>pipelines/README.md</c> that says what to do.</param>
public sealed record ServiceObjective(string Name, string Wanted, string Instrument, string Unit, string Means, string Runbook);

/// <summary>An objective as it stands now. Nobody is named in it.</summary>
/// <param name="Objective">Which.</param>
/// <param name="Model">Name of the model, which is that of its task; null where it is of the cohort.</param>
/// <param name="State">How it stands.</param>
/// <param name="Value">The figure, in the objective's unit; null where it is not known.</param>
/// <param name="Measured">The same for people.</param>
/// <param name="Advice">What to do, in a sentence; null where nothing is to be done.</param>
public sealed record ServiceLevel(ServiceObjective Objective, string? Model, ServiceState State, double? Value, string Measured, string? Advice);
