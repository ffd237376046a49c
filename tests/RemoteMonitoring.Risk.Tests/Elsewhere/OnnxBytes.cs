using System.Buffers.Binary;
using System.Text;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

/// <summary>ONNX files written by hand, message by message (onnx.proto3): logistic regressions in the shapes that exporters leave them in.</summary>
internal static class OnnxBytes
{
    /// <summary>One input [rows × features]; answers with probabilities [rows × 1] under <c>p</c>, or two of them a row.</summary>
    internal static byte[] Logistic(float[] weights, float bias, bool twoClasses = false, string input = "x", long? fixedRows = null)
    {
        byte[][] nodes =
        [
            Node("MatMul", [input, "w"], "m"), Node("Add", ["m", "b"], "z"), Node("Sigmoid", ["z"], twoClasses ? "one" : "p"),
            .. twoClasses ? [Node("Sub", ["ones", "one"], "zero"), Node("Concat", ["zero", "one"], "p", Axis(1))] : Array.Empty<byte[]>(),
        ];
        byte[][] constants = [Tensor("w", [weights.Length, 1], weights), Tensor("b", [1], [bias]), Tensor("ones", [1], [1])];
        return Model(nodes, constants, [Value(input, fixedRows, weights.Length)], [Value("p", fixedRows, twoClasses ? 2 : 1)]);
    }

    /// <summary>An input [rows × 1] for each feature; answers with log-odds under <c>z</c>.</summary>
    internal static byte[] ByFeature(string[] names, float[] weights, float bias) => Model(
        [Node("Concat", names, "x", Axis(1)), Node("MatMul", ["x", "w"], "m"), Node("Add", ["m", "b"], "z")],
        [Tensor("w", [weights.Length, 1], weights), Tensor("b", [1], [bias])],
        [.. names.Select(n => Value(n, null, 1))],
        [Value("z", null, 1)]);

    private static byte[] Model(byte[][] nodes, byte[][] constants, byte[][] inputs, byte[][] outputs)
    {
        byte[] graph = [.. nodes.SelectMany(n => Field(1, n)), .. Field(2, "g"), .. constants.SelectMany(c => Field(5, c)), .. inputs.SelectMany(i => Field(11, i)), .. outputs.SelectMany(o => Field(12, o))];
        return [.. Field(1, 8), .. Field(7, graph), .. Field(8, Field(2, 13))];
    }

    private static byte[] Node(string op, string[] inputs, string output, byte[]? attribute = null) =>
        [.. inputs.SelectMany(i => Field(1, i)), .. Field(2, output), .. Field(4, op), .. attribute is null ? [] : Field(5, attribute)];

    private static byte[] Axis(long axis) => [.. Field(1, "axis"), .. Field(3, axis), .. Field(20, 2)];

    private static byte[] Tensor(string name, long[] dims, float[] values)
    {
        var raw = new byte[values.Length * 4];
        for (var i = 0; i < values.Length; i++)
        {
            BinaryPrimitives.WriteSingleLittleEndian(raw.AsSpan(i * 4), values[i]);
        }

        return [.. dims.SelectMany(d => Field(1, d)), .. Field(2, 1), .. Field(8, name), .. Field(9, raw)];
    }

    private static byte[] Value(string name, long? rows, long columns)
    {
        byte[] shape = [.. Field(1, rows is { } fixedRows ? Field(1, fixedRows) : Field(2, "n")), .. Field(1, Field(1, columns))];
        return [.. Field(1, name), .. Field(2, Field(1, [.. Field(1, 1), .. Field(2, shape)]))];
    }

    private static byte[] Field(int number, long value) => [.. Varint((ulong)(number << 3)), .. Varint((ulong)value)];

    private static byte[] Field(int number, string text) => Field(number, Encoding.UTF8.GetBytes(text));

    private static byte[] Field(int number, byte[] bytes) => [.. Varint((ulong)((number << 3) | 2)), .. Varint((ulong)bytes.Length), .. bytes];

    private static List<byte> Varint(ulong value)
    {
        var bytes = new List<byte>();
        while (value >= 0x80)
        {
            bytes.Add((byte)(value | 0x80));
            value >>= 7;
        }

        bytes.Add((byte)value);
        return bytes;
    }
}
