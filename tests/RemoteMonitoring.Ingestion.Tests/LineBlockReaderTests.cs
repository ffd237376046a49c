using System.Text;
using CsCheck;
using RemoteMonitoring.Ingestion.Landing;

namespace RemoteMonitoring.Ingestion.Tests;

public sealed class LineBlockReaderTests
{
    [Theory]
    [InlineData("", "")]
    [InlineData("\n\r\n  \n", "")]
    [InlineData("a\nb\n", "1:a 2:b")]
    [InlineData("a\r\nb\r\n", "1:a 2:b")]
    [InlineData("\n\na\n\r\n \nb", "3:a 6:b?")]
    [InlineData("a", "1:a?")]
    [InlineData("a\r", "1:a?")]
    public async Task Lines_come_with_their_numbers_and_whether_they_ended(string text, string expected) =>
        Assert.Equal(expected, string.Join(' ', (await Read(Encoding.UTF8.GetBytes(text), [1])).Select(l => $"{l.Number}:{l.Text}{(l.Ended ? "" : "?")}")));

    [Fact]
    public async Task Lines_longer_than_the_buffer_come_whole()
    {
        var lines = new[] { new string('a', 300_000), "b", new string('c', 700_000), new string('d', LineBlockReader.MaxLineBytes) };
        foreach (var chunk in new[] { 1_000, 65_536, 5_000_000 })
        {
            Assert.Equal(lines, (await Read(Encoding.UTF8.GetBytes(string.Join('\n', lines) + "\n"), [chunk])).Select(l => l.Text));
        }
    }

    [Theory]
    [InlineData(1_000, true)]
    [InlineData(1_000, false)]
    [InlineData(10_000_000, true)]
    [InlineData(10_000_000, false)]
    public async Task A_line_longer_than_the_longest_is_refused_by_number_wherever_reads_end(int chunk, bool ended)
    {
        var text = "a\n\n" + new string('b', LineBlockReader.MaxLineBytes + 1) + (ended ? "\nc\n" : "");
        var e = await Assert.ThrowsAsync<InvalidDataException>(() => Read(Encoding.UTF8.GetBytes(text), [chunk]));
        Assert.StartsWith("line 3 is longer", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public Task Reading_in_any_chunks_equals_splitting_the_text()
    {
        var piece = Gen.OneOf(Gen.OneOf("\n", "\r\n", "", " ", "\r", "a\rb", "\n\n"), Gen.Char['a', 'z'].Select(c => new string(c, 3)), Gen.Int[1, 400_000].Select(n => new string('x', n)));
        return Gen.Select(piece.Array[0, 25], Gen.Int[1, 300_000].Array[1, 8]).SampleAsync(async (pieces, chunks) =>
        {
            var text = string.Concat(pieces);
            var split = text.Split('\n');
            if (split.Any(l => l.Length > LineBlockReader.MaxLineBytes))
            {
                return;
            }

            var expected = split.Select((line, i) => (Number: i + 1L, Text: line.EndsWith('\r') ? line[..^1] : line, Ended: i < split.Length - 1))
                .Where(l => l.Text.Trim(' ').Length > 0);
            Assert.Equal(expected, await Read(Encoding.UTF8.GetBytes(text), chunks));
        }, iter: 60, threads: 1);
    }

    private static async Task<List<(long Number, string Text, bool Ended)>> Read(byte[] bytes, int[] chunks)
    {
        var lines = new List<(long, string, bool)>();
        using var input = new ChunkedStream(bytes, chunks);
        var reader = new LineBlockReader(input);
        var block = new LineBlock();
        while (await reader.ReadAsync(block, 7, 1_000_000, default))
        {
            Assert.True(block.Ended || block.Count == 1);
            lines.AddRange(Enumerable.Range(0, block.Count).Select(i => (block.NumberOf(i), Encoding.UTF8.GetString(block[i].Span), block.Ended)));
        }

        Assert.False(await reader.ReadAsync(block, 7, 1_000_000, default));
        return lines;
    }

    /// <summary>Hands its bytes out in reads of at most these sizes, round and round.</summary>
    private sealed class ChunkedStream(byte[] bytes, int[] chunks) : MemoryStream(bytes)
    {
        private int _reads;

        public override ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default) =>
            base.ReadAsync(buffer[..Math.Min(buffer.Length, chunks[_reads++ % chunks.Length])], cancellationToken);
    }
}
