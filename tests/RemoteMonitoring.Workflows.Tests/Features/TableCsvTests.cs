using System.Globalization;
using System.Text;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Workflows.Features;

namespace RemoteMonitoring.Workflows.Tests.Features;

public sealed class TableCsvTests
{
    [Fact]
    public async Task Texts_are_quoted_times_end_in_Z_and_the_unknown_is_empty_in_any_culture()
    {
        var before = CultureInfo.CurrentCulture;
        try
        {
            var commas = (CultureInfo)CultureInfo.InvariantCulture.Clone();
            commas.NumberFormat.NumberDecimalSeparator = ",";
            CultureInfo.CurrentCulture = commas;
            var csv = await WriteAsync(new ParquetTable()
                .Text("id", ["plain", "a,b", "say \"no\"", "two\nlines", null])
                .Time("at", [0, 1_741_000_000_123_456, -1, 0, UnixMicros.Open])
                .Float64("value", [1.5, double.NaN, -0.1, 1e-300, 98.3])
                .Int32("n", [1, 2, 3, 4, -5])
                .Boolean("flag", [true, false, true, false, true]));
            Assert.Equal(
                "id,at,value,n,flag\r\n"
                + "plain,1970-01-01T00:00:00Z,1.5,1,true\r\n"
                + "\"a,b\",2025-03-03T11:06:40.123456Z,,2,false\r\n"
                + "\"say \"\"no\"\"\",1969-12-31T23:59:59.999999Z,-0.1,3,true\r\n"
                + "\"two\nlines\",1970-01-01T00:00:00Z,1E-300,4,false\r\n"
                + ",,98.3,-5,true\r\n",
                csv);
        }
        finally
        {
            CultureInfo.CurrentCulture = before;
        }
    }

    [Fact]
    public async Task Numbers_read_back_to_the_same_bits()
    {
        var random = new Random(7);
        double[] values = [.. Enumerable.Range(0, 2000).Select(_ => BitConverter.Int64BitsToDouble(random.NextInt64(long.MinValue, long.MaxValue))).Where(double.IsFinite), double.Epsilon, double.MaxValue, 1.0 / 3];
        var lines = (await WriteAsync(new ParquetTable().Float64("v", values))).Split("\r\n", StringSplitOptions.RemoveEmptyEntries);
        Assert.Equal(values, lines.Skip(1).Select(l => double.Parse(l, CultureInfo.InvariantCulture)));
    }

    [Fact]
    public async Task A_table_without_rows_is_its_header() =>
        Assert.Equal("a,b\r\n", await WriteAsync(new ParquetTable().Text("a", []).Float64("b", [])));

    private static async Task<string> WriteAsync(ParquetTable table)
    {
        using var file = new MemoryStream();
        await TableCsv.WriteAsync(table, file, CancellationToken.None);
        return Encoding.UTF8.GetString(file.ToArray());
    }
}
