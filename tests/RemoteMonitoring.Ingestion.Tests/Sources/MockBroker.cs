using System.Diagnostics;
using System.Reflection;
using System.Runtime.InteropServices;
using System.Text;
using Confluent.Kafka;

namespace RemoteMonitoring.Ingestion.Tests.Sources;

/// <summary>Kinds of requests, by Kafka's numbers.</summary>
internal enum KafkaRequest : short
{
    Fetch = 1,
    ListOffsets = 2,
    Metadata = 3,
    OffsetCommit = 8,
    FindCoordinator = 10,
    JoinGroup = 11,
    Heartbeat = 12,
}

/// <summary>
/// The client library's own broker, with a producer to it, and the faults that it can be told to answer with. Those are part of the library
/// and not of its .NET interface, so they are called by their names.
/// </summary>
internal sealed class MockBroker : IDisposable
{
    public const string Topic = "telemetry";

    private readonly IProducer<Null, byte[]> _producer = new ProducerBuilder<Null, byte[]>(
        new Dictionary<string, string> { ["bootstrap.servers"] = "none:1", ["test.mock.num.brokers"] = "1" }).Build();

    private readonly nint _cluster;
    private readonly nint _library;
    private readonly int _id;

    public MockBroker()
    {
        // The one of several builds that suits this system, and is in this process by now.
        using var process = Process.GetCurrentProcess();
        _library = NativeLibrary.Load(process.Modules.Cast<ProcessModule>().First(m => m.ModuleName.Contains("librdkafka", StringComparison.Ordinal)).FileName);
        var handle = (SafeHandle)typeof(Handle).GetProperty("LibrdkafkaHandle", BindingFlags.Instance | BindingFlags.NonPublic)!.GetValue(_producer.Handle)!;
        _cluster = Native<FindCluster>("rd_kafka_handle_mock_cluster")(handle.DangerousGetHandle());
        Native<SetDelay>("rd_kafka_mock_group_initial_rebalance_delay_ms")(_cluster, 0);
        using var admin = new DependentAdminClientBuilder(_producer.Handle).Build();
        var broker = admin.GetMetadata(TimeSpan.FromSeconds(20)).Brokers.Single();
        (Port, _id) = (broker.Port, broker.BrokerId);
    }

    private delegate nint FindCluster(nint client);

    private delegate int SetBroker(nint cluster, int broker);

    private delegate void SetDelay(nint cluster, int milliseconds);

    private delegate void SetTopic(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int error);

    private delegate void PushErrors(nint cluster, short request, nuint count, int[] errors);

    private delegate int DeleteRecords(nint cluster, [MarshalAs(UnmanagedType.LPUTF8Str)] string topic, int partition, long before);

    public int Port { get; }

    public void Dispose() => _producer.Dispose();

    /// <summary>The next requests of a kind meet these, one each; <see cref="ErrorCode.Local_Transport"/> ends the connection.</summary>
    public void Meet(KafkaRequest request, params ErrorCode[] errors) =>
        Native<PushErrors>("rd_kafka_mock_push_request_errors_array")(_cluster, (short)request, (nuint)errors.Length, [.. errors.Select(e => (int)e)]);

    public void Down() => Assert.Equal(0, Native<SetBroker>("rd_kafka_mock_broker_set_down")(_cluster, _id));

    public void Up() => Assert.Equal(0, Native<SetBroker>("rd_kafka_mock_broker_set_up")(_cluster, _id));

    /// <summary>What is said of the topic to who asks for it, until it is <see cref="ErrorCode.NoError"/>.</summary>
    public void SaysOfTopic(ErrorCode error) => Native<SetTopic>("rd_kafka_mock_topic_set_error")(_cluster, Topic, (int)error);

    /// <summary>Forgets what is before an offset, as after a retention.</summary>
    public void Forget(int partition, long before) => Assert.Equal(0, Native<DeleteRecords>("rd_kafka_mock_partition_delete_records")(_cluster, Topic, partition, before));

    public async Task ProduceAsync(int partition, int count, int from = 0)
    {
        for (var i = from; i < from + count; i++)
        {
            await _producer.ProduceAsync(new TopicPartition(Topic, partition), new Message<Null, byte[]>
            {
                Value = Encoding.UTF8.GetBytes("{\"filler\":\"" + new string('x', 500) + "\"}"),
                Headers = [new Header("iothub-connection-device-id", "cuff-1"u8.ToArray()), new Header("message-id", Encoding.UTF8.GetBytes($"m{i}"))],
            });
        }
    }

    private T Native<T>(string name)
        where T : Delegate => Marshal.GetDelegateForFunctionPointer<T>(NativeLibrary.GetExport(_library, name));
}
