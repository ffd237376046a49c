using RemoteMonitoring.Cohorts.Import;
using static RemoteMonitoring.Cohorts.Tests.Import.PhysioNet2019Fixture;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class PhysioNet2019DamagedFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    public static TheoryData<string, string, string> Damaged => new()
    {
        { "", "line 1", "header" },
        { "HR|O2Sat\n80|97\n", "line 1", "header" },
        { Stay(), "no row", "download" },
        { Stay(Row(1), "80|97\n"), "line 3", "41" },
        { Stay(Row(1), "\n"), "line 3", "41" },
        { Stay(Row(1), Row(2, 0, ("ICULOS", "NaN"))), "line 3", "ICULOS" },
        { Stay(Row(1), Row(2, 0, ("ICULOS", "2.5"))), "line 3", "ICULOS" },
        { Stay(Row(2), Row(2)), "line 3", "ICULOS" },
        { Stay(Row(0)), "line 2", "ICULOS" },
        { Stay(Row(1), Row(2, 2)), "line 3", "SepsisLabel" },
        { Stay(Row(1), Row(2, 0, ("SepsisLabel", "NaN"))), "line 3", "SepsisLabel" },
        { Stay(Row(1, 1), Row(2)), "line 3", "SepsisLabel" },
    };

    private void Fails(string path, params string[] words)
    {
        var error = Assert.Throws<ImportException>(() => PhysioNet2019Importer.Import(path, _folder.Out));
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.False(Directory.Exists(_folder.Out));
    }

    [Theory]
    [MemberData(nameof(Damaged))]
    public void A_malformed_file_is_refused_with_its_line(string text, string where, string what)
    {
        _folder.Write("p000007.psv", text);
        Fails(_folder.Source, "p000007.psv", where, what);
    }

    [Fact]
    public void A_path_that_is_not_there_is_named() => Fails(Path.Combine(_folder.Root, "nowhere"), "nowhere");

    [Fact]
    public void A_folder_without_stays_is_refused()
    {
        _folder.Write("readme.txt", "none here");
        Fails(_folder.Source, "*.psv", "download");
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.5)]
    [InlineData(0.999)]
    public void An_archive_cut_short_is_refused(double share)
    {
        _folder.WriteArchive("training_setA.tar.gz", [.. Enumerable.Range(0, 50).Select(i => ($"p{i:D6}", Stay(Row(1, 0, ("HR", $"{60 + i}")))))]);
        _folder.CutShort("training_setA.tar.gz", share);
        Fails(_folder.Source, "training_setA.tar.gz", "download it again");
    }

    [Fact]
    public void A_stay_that_is_there_twice_is_refused()
    {
        _folder.Write("a/p000001.psv", Stay(Row(1)));
        _folder.Write("b/p000001.psv", Stay(Row(1)));
        Fails(_folder.Source, "p000001.psv", "twice");
    }

    [Fact]
    public void A_cancelled_import_leaves_nothing()
    {
        _folder.Write("p000001.psv", Stay(Row(1)));
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => PhysioNet2019Importer.Import(_folder.Source, _folder.Out, null, cancelled.Token));
        Assert.True(_folder.NothingWritten);
    }
}
