using Microsoft.Azure.Cosmos;
using Microsoft.Azure.Cosmos.Serialization.HybridRow;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.IO;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.Layouts;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.RecordIO;
using Microsoft.Azure.Cosmos.Serialization.HybridRow.Schemas;

namespace RemoteMonitoring.Storage.Tests.Documents.Cosmos;

/// <summary>One operation of a batch, as the client sends it.</summary>
internal sealed record BatchOperation
{
    public BatchOperationKind Kind { get; set; }
    public string? PartitionKey { get; set; }
    public string? Id { get; set; }
    public byte[] Body { get; set; } = [];
    public string? IfMatch { get; set; }
}

/// <summary>The service's numbers of operations.</summary>
internal enum BatchOperationKind
{
    Create = 0,
    Read = 2,
    Delete = 4,
    Replace = 5,
    Upsert = 20,
}

/// <summary>What came of it.</summary>
internal sealed record BatchResult(int Status, string? ETag, double Charge);

/// <summary>Bodies of batch requests and replies: HybridRow records of the schemas that the client carries with it.</summary>
internal static class BatchCodec
{
    private static readonly Namespace s_schemas = ReadSchemas();
    private static readonly LayoutResolverNamespace s_resolver = new(s_schemas);
    private static readonly Layout s_result = s_resolver.Resolve(s_schemas.Schemas.Single(s => s.Name == "BatchResult").SchemaId);

    public static async Task<List<BatchOperation>> DecodeAsync(Stream body)
    {
        var operations = new List<BatchOperation>();
        var result = await body.ReadRecordIOAsync(
            (ReadOnlyMemory<byte> record) =>
            {
                operations.Add(Decode(record));
                return Result.Success;
            },
            (ReadOnlyMemory<byte> _) => Result.Success,
            // With no bytes to begin with, it reads nothing and calls it the end.
            new MemorySpanResizer<byte>(1 << 16));
        Assert.Equal(Result.Success, result);
        return operations;
    }

    public static async Task<byte[]> EncodeAsync(IReadOnlyList<BatchResult> results)
    {
        var body = new MemoryStream();
        var result = await body.WriteRecordIOAsync(
            default(Segment),
            (long index, out ReadOnlyMemory<byte> buffer) =>
            {
                buffer = index < results.Count ? Encode(results[(int)index]) : default;
                return Result.Success;
            },
            new MemorySpanResizer<byte>(1 << 16));
        Assert.Equal(Result.Success, result);
        return body.ToArray();
    }

    private static BatchOperation Decode(ReadOnlyMemory<byte> record)
    {
        var row = new RowBuffer(record.Length);
        Assert.True(row.ReadFrom(record.Span, HybridRowVersion.V1, s_resolver));
        var reader = new RowReader(ref row);
        var operation = new BatchOperation();
        while (reader.Read())
        {
            if (!reader.HasValue)
            {
                continue;
            }

            switch (reader.Path.ToString())
            {
                case "operationType":
                    reader.ReadInt32(out var kind);
                    operation.Kind = (BatchOperationKind)kind;
                    break;
                case "partitionKey":
                    reader.ReadString(out string partitionKey);
                    operation.PartitionKey = partitionKey;
                    break;
                case "id":
                    reader.ReadString(out string id);
                    operation.Id = id;
                    break;
                case "resourceBody":
                    reader.ReadBinary(out byte[] body);
                    operation.Body = body;
                    break;
                case "ifMatch":
                    reader.ReadString(out string ifMatch);
                    operation.IfMatch = ifMatch;
                    break;
                default:
                    break;
            }
        }

        return operation;
    }

    private static byte[] Encode(BatchResult result)
    {
        var row = new RowBuffer(1_024);
        row.InitLayout(HybridRowVersion.V1, s_result, s_resolver);
        var written = RowWriter.WriteBuffer(ref row, result, (ref RowWriter writer, TypeArgument _, BatchResult r) =>
        {
            writer.WriteInt32("statusCode", r.Status);
            if (r.ETag is not null)
            {
                writer.WriteString("eTag", r.ETag);
            }

            return writer.WriteFloat64("requestCharge", r.Charge);
        });
        Assert.Equal(Result.Success, written);
        return row.ToArray();
    }

    private static Namespace ReadSchemas()
    {
        using var schemas = new StreamReader(typeof(CosmosClient).Assembly.GetManifestResourceStream("Microsoft.Azure.Cosmos.Batch.HybridRowBatchSchemas.json")!);
        return Namespace.Parse(schemas.ReadToEnd());
    }
}
