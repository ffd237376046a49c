using System.Buffers;
using System.Buffers.Binary;
using System.IO.Hashing;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// Reads files that <see cref="ParquetEncoder"/> wrote, and none else: of the columns asked for the bytes that they are in, once,
/// each held against its hash before anything in it is believed.
/// </summary>
internal static class ParquetDecoder
{
    private const int TailBytes = 8;

    /// <summary>Reads a file, only the columns named, or all of them when none is; null where the encoder's marker is not on it.</summary>
    public static async Task<ParquetTable?> TryReadAsync(Stream input, IReadOnlyCollection<string>? columns, CancellationToken cancellationToken)
    {
        var header = new byte[ParquetEncoder.FirstHeaderBytes];
        var read = await input.ReadAtLeastAsync(header, header.Length, throwOnEndOfStream: false, cancellationToken);
        var marker = header.AsSpan(4, ParquetEncoder.Marker.Length);
        var first = marker.SequenceEqual(ParquetEncoder.FirstMarker);
        if (read < header.Length || !(first || marker.SequenceEqual(ParquetEncoder.Marker)))
        {
            return null;
        }

        // Of the first files the header has a hash of all pages; since then the footer has one of each chunk.
        var pagesStart = first ? ParquetEncoder.FirstHeaderBytes : ParquetEncoder.HeaderBytes;
        var tail = new byte[TailBytes];
        input.Position = input.Length - tail.Length;
        await input.ReadExactlyAsync(tail, cancellationToken);
        var footerLength = BinaryPrimitives.ReadInt32LittleEndian(tail);
        var pagesEnd = input.Length - tail.Length - footerLength;
        if (footerLength < 0 || pagesEnd < pagesStart || !header.AsSpan().StartsWith(ParquetEncoder.Magic))
        {
            throw Changed();
        }

        var footer = new byte[footerLength + tail.Length];
        input.Position = pagesEnd;
        await input.ReadExactlyAsync(footer, cancellationToken);
        Hold(footer, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(pagesStart - 8)));
        var layout = ParquetLayout.Read(footer.AsSpan(0, footerLength), pagesStart, pagesEnd);
        if (columns?.FirstOrDefault(c => layout.Columns.All(l => l.Name != c)) is { } missing)
        {
            throw new InvalidDataException($"the column '{missing}' is not in it");
        }

        if (first && columns is null or { Count: > 0 })
        {
            await HoldPagesAsync(input, pagesStart, pagesEnd, BinaryPrimitives.ReadUInt64LittleEndian(header.AsSpan(8)), cancellationToken);
        }

        var table = new ParquetTable { Metadata = layout.Metadata };
        await ReadColumnsAsync(input, layout, first, columns, table, cancellationToken);
        table.Rows = layout.Rows;
        return table;
    }

    private static async Task ReadColumnsAsync(Stream input, ParquetLayout layout, bool hashedBefore, IReadOnlyCollection<string>? columns, ParquetTable table, CancellationToken cancellationToken)
    {
        var wanted = new List<(int Column, object Rows)>();
        foreach (var (c, (name, kind)) in layout.Columns.Index())
        {
            if (columns is null || columns.Contains(name))
            {
                wanted.Add((c, Rows(kind, layout.Rows)));
                table.Add(new TableColumn(name, kind, wanted[^1].Rows, layout.Rows));
            }
        }

        var decoder = new ChunkDecoder();
        var buffer = Array.Empty<byte>();
        try
        {
            for (int g = 0, start = 0; g < layout.Groups.Count; start += layout.Groups[g++])
            {
                foreach (var (c, rows) in wanted)
                {
                    var (position, length, hash) = layout.Chunk(g, c);
                    if (buffer.Length < length)
                    {
                        ArrayPool<byte>.Shared.Return(buffer);
                        buffer = []; // given back once, also when there is no memory for the next
                        buffer = ArrayPool<byte>.Shared.Rent(length);
                    }

                    input.Position = position;
                    await input.ReadExactlyAsync(buffer.AsMemory(0, length), cancellationToken);
                    if (!hashedBefore)
                    {
                        Hold(buffer.AsSpan(0, length), hash);
                    }

                    Decode(decoder, buffer.AsSpan(0, length), layout.Columns[c].Kind, rows, start, layout.Groups[g]);
                }
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static object Rows(ColumnKind kind, int rows) => kind switch
    {
        ColumnKind.Text => new TextRows(rows),
        ColumnKind.Int64 or ColumnKind.Time => GC.AllocateUninitializedArray<long>(rows),
        ColumnKind.Int32 => GC.AllocateUninitializedArray<int>(rows),
        ColumnKind.Float64 => GC.AllocateUninitializedArray<double>(rows),
        ColumnKind.Bytes => new ReadOnlyMemory<byte>[rows],
        ColumnKind.Boolean => new bool[rows],
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    private static void Decode(ChunkDecoder decoder, ReadOnlySpan<byte> chunk, ColumnKind kind, object rows, int start, int count)
    {
        switch (kind)
        {
            case ColumnKind.Text:
                decoder.Text(chunk, count, (TextRows)rows);
                break;
            case ColumnKind.Int64:
                decoder.Numbers(chunk, ((long[])rows).AsSpan(start, count));
                break;
            case ColumnKind.Time:
                decoder.Times(chunk, ((long[])rows).AsSpan(start, count));
                break;
            case ColumnKind.Int32:
                decoder.Numbers(chunk, ((int[])rows).AsSpan(start, count));
                break;
            case ColumnKind.Float64:
                decoder.Numbers(chunk, ((double[])rows).AsSpan(start, count));
                break;
            case ColumnKind.Bytes:
                ChunkDecoder.Bytes(chunk, ((ReadOnlyMemory<byte>[])rows).AsSpan(start, count));
                break;
            default:
                decoder.Booleans(chunk, ((bool[])rows).AsSpan(start, count));
                break;
        }
    }

    private static void Hold(ReadOnlySpan<byte> bytes, ulong? hash)
    {
        if (XxHash3.HashToUInt64(bytes) != hash)
        {
            throw Changed();
        }
    }

    private static async Task HoldPagesAsync(Stream input, long start, long end, ulong expected, CancellationToken cancellationToken)
    {
        var hash = new XxHash3();
        var buffer = ArrayPool<byte>.Shared.Rent(1 << 18);
        input.Position = start;
        for (var left = end - start; left > 0;)
        {
            var part = buffer.AsMemory(0, (int)Math.Min(buffer.Length, left));
            await input.ReadExactlyAsync(part, cancellationToken);
            hash.Append(part.Span);
            left -= part.Length;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        _ = hash.GetCurrentHashAsUInt64() == expected ? 0 : throw Changed();
    }

    private static InvalidDataException Changed() => new("its bytes are not those that were written");
}
