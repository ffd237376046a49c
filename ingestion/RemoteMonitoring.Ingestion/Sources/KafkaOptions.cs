namespace RemoteMonitoring.Ingestion.Sources;

/// <summary>Where the Kafka endpoint of an Event Hub is, to which IoT Hub routes its messages, and how to be let in.</summary>
public sealed record KafkaOptions
{
    /// <summary>Host and port, for Event Hubs <c>NAMESPACE.servicebus.windows.net:9093</c>.</summary>
    public required string Servers { get; init; }

    /// <summary>Name of the Event Hub.</summary>
    public required string Topic { get; init; }

    /// <summary>Consumer group that the workers share; each partition is then one worker's. Default <c>rmon</c>.</summary>
    public string Group { get; init; } = "rmon";

    /// <summary>Name of the hub, as bronze has it: of letters, digits, <c>-</c>, <c>_</c> and <c>.</c>.</summary>
    public required string Hub { get; init; }

    /// <summary>Epoch of the stream, as bronze has it. Default <c>1</c>; another after the Event Hub was made anew.</summary>
    public string Epoch { get; init; } = "1";

    /// <summary>Connection string of the namespace; null to let managed identity in (OAUTHBEARER).</summary>
    public string? ConnectionString { get; init; }

    /// <summary>A worker that the broker has not heard of for so long loses its partitions to the others. Default 30 s.</summary>
    public TimeSpan SessionTimeout { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>Whether the endpoint asks for nothing, as a broker on this machine does. Never for Event Hubs.</summary>
    public bool Plaintext { get; init; }
}
