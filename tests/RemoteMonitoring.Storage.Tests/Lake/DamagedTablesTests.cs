using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class DamagedTablesTests : IDisposable
{
    private const string Name = "silver/x.parquet";
    private readonly TempLake _temp = new();

    public void Dispose() => _temp.Dispose();

    public static TheoryData<string> Damages { get; } = ["empty", "one byte", "magic only", "random", "half", "no footer", "footer only", "zeroed tail", "text", "second half zero", "huge footer length"];

    [Theory]
    [MemberData(nameof(Damages))]
    public async Task A_damaged_file_is_one_line_that_names_it(string damage)
    {
        var whole = ParquetTableTests.AllKinds().ToBytes();
        var half = whole.Length / 2;
        var random = new byte[10_000];
        new Random(7).NextBytes(random);
        var file = _temp.Plant(Name, damage switch
        {
            "empty" => [],
            "one byte" => [80],
            "magic only" => "PAR1"u8.ToArray(),
            "random" => random,
            "half" => whole[..half],
            "no footer" => whole[..^8],
            "footer only" => whole[half..],
            "zeroed tail" => [.. whole[..^100], .. new byte[100]],
            "text" => "{\"not\":\"parquet\"}\n"u8.ToArray(),
            "second half zero" => [.. whole[..half], .. new byte[whole.Length - half]],
            _ => [.. whole[..^8], 255, 255, 255, 127, .. "PAR1"u8],
        });
        foreach (var columns in new string[]?[] { null, [] })
        {
            var e = await Assert.ThrowsAsync<LakeException>(() => _temp.Lake.ReadTableAsync(Name, columns, default));
            e.SaysInOneLine(file);
        }
    }

    [Fact]
    public async Task A_file_cut_at_any_byte_is_one_line_that_names_it()
    {
        var whole = ParquetTableTests.AllKinds().ToBytes();
        for (var length = 0; length < whole.Length; length += 37)
        {
            var file = _temp.Plant(Name, whole[..length]);
            (await Assert.ThrowsAsync<LakeException>(() => _temp.Lake.ReadTableAsync(Name, null, default))).SaysInOneLine(file);
        }
    }

    [Fact]
    public async Task A_missing_column_is_named_with_the_file()
    {
        var file = _temp.Plant(Name, ParquetTableTests.AllKinds().ToBytes());
        var asked = await Assert.ThrowsAsync<LakeException>(() => _temp.Lake.ReadTableAsync(Name, ["int32", "pulse"], default));
        asked.SaysInOneLine(file);
        Assert.Contains("'pulse'", asked.Message, StringComparison.Ordinal);

        var table = await _temp.Lake.ReadTableAsync(Name, null, default);
        foreach (var column in new[] { "pulse", "text" })
        {
            var taken = Assert.Throws<LakeException>(() => table.Float64(column));
            taken.SaysInOneLine(file);
            Assert.Contains($"'{column}'", taken.Message, StringComparison.Ordinal);
        }
    }

    [Fact]
    public async Task A_code_of_another_version_is_named_with_the_file()
    {
        var readings = new ReadingBatch();
        var table = TelemetryTables.ToTable(readings, VitalSignCatalog.Default);
        var file = _temp.Plant(Name, new ParquetTable()
            .Text("device_id", ["d"]).Text("code", ["local:tomorrow"]).Float64("value", [1]).Time("effective_time", [0]).Time("enqueued_time", [0]).Time("known_from", [0])
            .Text("message_id", [null]).Int64("body_hash", [0]).Int64("offset", [0]).Int32("ordinal", [0]).Text("mapping", ["rmon/1"]).Boolean("taken_back", [false]).ToBytes());
        var read = await _temp.Lake.ReadTableAsync(Name, null, default);
        Assert.Equal(table.ColumnNames, read.ColumnNames);
        var e = Assert.Throws<LakeException>(() => TelemetryTables.AppendReadings(read, VitalSignCatalog.Default, readings));
        e.SaysInOneLine(file);
        Assert.Contains("local:tomorrow", e.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("12.5")]
    [InlineData("99999999999999999999")]
    public void A_footer_without_its_number_is_one_line(string? value)
    {
        var metadata = new Dictionary<string, string>();
        if (value is not null)
        {
            metadata[TelemetryTables.EndOffset] = value;
        }

        Assert.Throws<LakeException>(() => TelemetryTables.Number(metadata, TelemetryTables.EndOffset, "/home/x.parquet")).SaysInOneLine("/home/x.parquet");
    }
}
