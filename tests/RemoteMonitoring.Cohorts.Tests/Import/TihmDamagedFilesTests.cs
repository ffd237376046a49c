using RemoteMonitoring.Cohorts.Import;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class TihmDamagedFilesTests : IDisposable
{
    private readonly TempFolder _folder = new();

    public TihmDamagedFilesTests()
    {
        _folder.Write("Physiology.csv", "patient_id,date,device_type,value,unit\na1b2c,2019-05-15 11:53:13,Body weight,53.3,kg\n");
        _folder.WriteGzip("Activity.csv.gz", "patient_id,location_name,date\n" + string.Concat(
            Enumerable.Range(0, 5000).Select(i => FormattableString.Invariant($"a1b2c,kitchen,2019-05-{1 + (i % 30):D2} {i * 7919 % 24:D2}:{i * 104729 % 60:D2}:{i * 31 % 60:D2}\n"))));
        _folder.Write("Labels.csv", "patient_id,date,type\na1b2c,2019-05-15 12:00:00,Pulse\n");
        _folder.Write("Demographics.csv", "patient_id,age,sex\na1b2c,\"(70, 80]\",Female\n");
    }

    public void Dispose() => _folder.Dispose();

    private void Fails(params string[] words)
    {
        var error = Assert.Throws<ImportException>(() => TihmImporter.Import(_folder.Source, _folder.Out));
        Assert.DoesNotContain('\n', error.Message);
        Assert.All(words, word => Assert.Contains(word, error.Message, StringComparison.Ordinal));
        Assert.True(_folder.NothingWritten);
    }

    [Fact]
    public void The_folder_as_it_should_be_is_imported()
    {
        TihmImporter.Import(_folder.Source, _folder.Out);
        Assert.False(_folder.NothingWritten);
    }

    [Fact]
    public void A_folder_that_is_not_there_is_named()
    {
        var missing = Path.Combine(_folder.Root, "nowhere");
        Assert.Contains(missing, Assert.Throws<ImportException>(() => TihmImporter.Import(missing, _folder.Out)).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Physiology.csv")]
    [InlineData("Activity.csv.gz")]
    [InlineData("Labels.csv")]
    [InlineData("Demographics.csv")]
    public void A_missing_file_is_named(string file)
    {
        File.Delete(Path.Combine(_folder.Source, file));
        Fails(file.Replace(".gz", "", StringComparison.Ordinal), "download");
    }

    [Theory]
    [InlineData("Physiology.csv", "")]
    [InlineData("Physiology.csv", "\n\n")]
    [InlineData("Physiology.csv", "patient_id;date;device_type;value;unit\n")]
    [InlineData("Physiology.csv", "patient_id,date,device_type,value\n")]
    [InlineData("Labels.csv", "patient_id,type,date\n")]
    [InlineData("Demographics.csv", "<html>not found</html>")]
    public void A_file_of_another_format_is_refused_with_the_header_expected(string file, string text)
    {
        _folder.Write(file, text);
        Fails(file, "line 1", "patient_id,");
    }

    [Theory]
    [InlineData("a1b2c,2019-05-15 12:00:00\n", "line 3")]
    [InlineData("a1b2c,2019-05-15 12:00:00,Pulse,more\n", "line 3")]
    [InlineData("\na1b2c,2019-05-15 12:00:00\n", "line 4")]
    [InlineData("a1b2c,2019-05-15 12:00:00,\"Pulse\na1b2c,2019-05-15 12:00:00,Pulse\n", "line 3")]
    [InlineData("a1b2c,2019-05-15 12:00:00,Pu\"lse\n", "line 3")]
    public void A_malformed_line_is_refused_with_its_number(string line, string number)
    {
        File.AppendAllText(Path.Combine(_folder.Source, "Labels.csv"), line);
        Fails("Labels.csv", number);
    }

    [Theory]
    [InlineData("a1b2c,\"(80, 90]\",Male\n")]
    [InlineData(",\"(80, 90]\",Male\n")]
    public void A_person_twice_or_without_id_is_refused(string line)
    {
        File.AppendAllText(Path.Combine(_folder.Source, "Demographics.csv"), line);
        Fails("Demographics.csv", "line 3", "patient_id");
    }

    [Theory]
    [InlineData(0.01)]
    [InlineData(0.5)]
    [InlineData(0.99)]
    [InlineData(0.9999)]
    public void A_packed_file_cut_short_is_refused(double share)
    {
        _folder.CutShort("Activity.csv.gz", share);
        Fails("Activity.csv.gz", "download it again");
    }

    [Fact]
    public void A_file_that_is_not_packed_although_its_name_says_so_is_refused()
    {
        _folder.Write("Activity.csv.gz", "patient_id,location_name,date\n");
        Fails("Activity.csv.gz", "damaged");
    }

    [Fact]
    public void A_cancelled_import_leaves_nothing()
    {
        using var cancelled = new CancellationTokenSource();
        cancelled.Cancel();
        Assert.Throws<OperationCanceledException>(() => TihmImporter.Import(_folder.Source, _folder.Out, null, cancelled.Token));
        Assert.True(_folder.NothingWritten);
    }
}
