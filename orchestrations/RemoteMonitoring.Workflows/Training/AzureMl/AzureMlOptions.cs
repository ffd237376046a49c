namespace RemoteMonitoring.Workflows.Training.AzureMl;

/// <summary>The Azure Machine Learning workspace that trains, as the environment names it.</summary>
public sealed record AzureMlOptions
{
    private static readonly string[] s_required =
        ["RMON_AZUREML_SUBSCRIPTION", "RMON_AZUREML_RESOURCE_GROUP", "RMON_AZUREML_WORKSPACE", "RMON_AZUREML_COMPUTE", "RMON_AZUREML_ENVIRONMENT", "RMON_AZUREML_DATASTORE"];

    /// <summary><c>RMON_AZUREML_SUBSCRIPTION</c>: id of the subscription.</summary>
    public required string Subscription { get; init; }

    /// <summary><c>RMON_AZUREML_RESOURCE_GROUP</c>: resource group of the workspace.</summary>
    public required string ResourceGroup { get; init; }

    /// <summary><c>RMON_AZUREML_WORKSPACE</c>: name of the workspace.</summary>
    public required string Workspace { get; init; }

    /// <summary><c>RMON_AZUREML_COMPUTE</c>: name of the compute cluster that runs jobs.</summary>
    public required string Compute { get; init; }

    /// <summary><c>RMON_AZUREML_ENVIRONMENT</c>: <c>NAME:VERSION</c> of the environment made from <c>pipelines/azureml</c>.</summary>
    public required string Environment { get; init; }

    /// <summary><c>RMON_AZUREML_DATASTORE</c>: name of the datastore of the home's blob container; jobs read and write the cohort's folder through it.</summary>
    public required string Datastore { get; init; }

    /// <summary><c>RMON_AZUREML_ENDPOINT</c>: Azure Resource Manager. Default: <c>https://management.azure.com</c>.</summary>
    public Uri Endpoint { get; init; } = new("https://management.azure.com");

    /// <summary>Longest time a job may take, kept by Azure ML itself. Default: 4 hours.</summary>
    public TimeSpan Timeout { get; init; } = TimeSpan.FromHours(4);

    /// <summary>Reads them; throws <see cref="ArgumentException"/> with one line that names every key that is missing or wrong.</summary>
    /// <param name="variable">Value of an environment variable, or null.</param>
    public static AzureMlOptions Read(Func<string, string?> variable)
    {
        if (Faults(variable) is [var fault, ..])
        {
            throw new ArgumentException(fault);
        }

        return new AzureMlOptions
        {
            Subscription = variable(s_required[0])!,
            ResourceGroup = variable(s_required[1])!,
            Workspace = variable(s_required[2])!,
            Compute = variable(s_required[3])!,
            Environment = variable(s_required[4])!,
            Datastore = variable(s_required[5])!,
            Endpoint = new Uri(EndpointOf(variable)),
        };
    }

    /// <summary>What is wrong with them, a line each, where any is set; none where nobody means to train there.</summary>
    public static IReadOnlyList<string> FaultsOf(Func<string, string?> variable) => s_required.All(key => string.IsNullOrWhiteSpace(variable(key))) ? [] : Faults(variable);

    private static List<string> Faults(Func<string, string?> variable)
    {
        var faults = new List<string>();
        var missing = s_required.Where(key => string.IsNullOrWhiteSpace(variable(key))).ToArray();
        if (missing.Length > 0)
        {
            faults.Add($"Training on Azure ML needs {string.Join(", ", missing)} in the environment; pipelines/azureml/README.md says what they are.");
        }

        if (variable(s_required[4]) is { } environment && !string.IsNullOrWhiteSpace(environment) && environment.Split(':') is not [{ Length: > 0 }, { Length: > 0 }])
        {
            faults.Add($"{s_required[4]} must be NAME:VERSION.");
        }

        if (!Uri.TryCreate(EndpointOf(variable), UriKind.Absolute, out var url) || !(url.Scheme == Uri.UriSchemeHttps || url.IsLoopback))
        {
            faults.Add("RMON_AZUREML_ENDPOINT must be an https address.");
        }

        return faults;
    }

    private static string EndpointOf(Func<string, string?> variable) => variable("RMON_AZUREML_ENDPOINT") is { Length: > 0 } stated ? stated : "https://management.azure.com";
}
