using RemoteMonitoring.Cohorts.Import;
using static RemoteMonitoring.Cohorts.Tests.Import.PhysioNet2012Fixture;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class PhysioNet2012DamagedFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    private void Fails(params string[] words)
    {
        var source = _folder.Source;
        var error = Assert.Throws<ImportException>(() => PhysioNet2012Importer.Import(source, _folder.Out));
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.True(_folder.NothingWritten);
    }

    private void WriteGood() => _folder.WritePacked(
        'a', Outcomes(("900001", -1, 0)), ("900001", Stay("900001", string.Concat(Enumerable.Range(0, 2000).Select(i => $"{i / 60:D2}:{i % 60:D2},HR,{60 + (i * 7919 % 61)}\n")))));

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        var missing = Path.Combine(_folder.Root, "nowhere");
        var error = Assert.Throws<ImportException>(() => PhysioNet2012Importer.Import(missing, _folder.Out));
        Assert.Contains(missing, error.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_folder_without_a_set_is_refused() => Fails("set-a.tar.gz", "download");

    [Fact]
    public void A_set_without_its_outcomes_is_refused()
    {
        WriteGood();
        File.Delete(Path.Combine(_folder.Source, "Outcomes-a.txt"));
        Fails("Outcomes-a.txt");
    }

    [Theory]
    [InlineData(0.0)]
    [InlineData(0.01)]
    [InlineData(0.5)]
    [InlineData(0.9)]
    [InlineData(0.999)]
    [InlineData(0.9999)]
    public void An_archive_cut_short_is_refused(double share)
    {
        WriteGood();
        _folder.CutShort("set-a.tar.gz", share);
        Fails("set-a.tar.gz", "download it again");
    }

    [Fact]
    public void A_file_that_is_no_archive_is_refused()
    {
        WriteGood();
        _folder.Write("set-a.tar.gz", "this is a page that says: not found");
        Fails("set-a.tar.gz", "damaged");
    }

    [Fact]
    public void A_packed_file_that_is_no_tar_is_refused()
    {
        WriteGood();
        _folder.WriteGzip("set-a.tar.gz", string.Concat(Enumerable.Repeat("not a tar at all, but long enough to be read as one\n", 100)));
        Fails("set-a.tar.gz", "damaged");
    }

    [Fact]
    public void A_stay_with_another_header_is_refused()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", "HR|O2Sat|Temp\n80|97|36\n"));
        Fails("900001.txt", "line 1", "Time,Parameter,Value");
    }

    [Fact]
    public void An_empty_stay_file_is_refused()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", ""));
        Fails("900001.txt", "line 1");
    }

    [Fact]
    public void A_stay_that_states_another_identity_is_refused()
    {
        _folder.WritePacked('a', Outcomes(("900001", -1, 0)), ("900001", Stay("900002")));
        Fails("900001.txt", "line 2");
    }

    [Fact]
    public void A_stay_without_an_outcome_is_refused_since_absence_would_mean_survival()
    {
        _folder.WritePacked('a', Outcomes(("900002", -1, 0)), ("900001", Stay("900001")));
        Fails("Outcomes-a.txt", "900001.txt");
    }

    [Fact]
    public void A_stay_in_two_sets_is_refused()
    {
        WriteGood();
        _folder.WriteUnpacked('b', Outcomes(("900001", -1, 0)), ("900001", Stay("900001")));
        Fails("900001.txt", "twice");
    }

    [Theory]
    [InlineData("RecordID,SAPS,SOFA\n", "line 1")]
    [InlineData(OutcomesHeader + "900001,6,1,5,-1\n", "line 2")]
    [InlineData(OutcomesHeader + "900001,6,1,5,-1,yes\n", "line 2")]
    [InlineData(OutcomesHeader + "900001,6,1,5,soon,1\n", "line 2")]
    [InlineData(OutcomesHeader + "900001,6,1,5,99999999,1\n", "line 2")]
    [InlineData(OutcomesHeader + "900001,6,1,5,-1,0\n900001,6,1,5,3,1\n", "line 3")]
    public void A_malformed_outcomes_file_is_refused_with_its_line(string outcomes, string line)
    {
        _folder.WritePacked('a', outcomes, ("900001", Stay("900001")));
        Fails("Outcomes-a.txt", line);
    }

    [Fact]
    public void An_output_folder_that_is_not_empty_is_refused_and_left_alone()
    {
        WriteGood();
        Directory.CreateDirectory(_folder.Out);
        var mine = Path.Combine(_folder.Out, "mine.txt");
        File.WriteAllText(mine, "keep");
        var error = Assert.Throws<ImportException>(() => PhysioNet2012Importer.Import(_folder.Source, _folder.Out));
        Assert.Contains("not empty", error.Message, StringComparison.Ordinal);
        Assert.Equal("keep", File.ReadAllText(mine));
    }

    [Fact]
    public void A_cancelled_import_leaves_nothing()
    {
        WriteGood();
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => PhysioNet2012Importer.Import(_folder.Source, _folder.Out, null, cancelled.Token));
        Assert.True(_folder.NothingWritten);
    }
}
