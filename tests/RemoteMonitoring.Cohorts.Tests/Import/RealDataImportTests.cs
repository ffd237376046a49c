using System.Diagnostics;
using System.Globalization;
using RemoteMonitoring.Cohorts.Import;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;
using Xunit.Abstractions;

namespace RemoteMonitoring.Cohorts.Tests.Import;

/// <summary>The importers on the public files as downloaded; where they are absent, a test says so and checks nothing.</summary>
public sealed class RealDataImportTests(ITestOutputHelper output) : IDisposable
{
    private readonly TempFolder _folder = new();

    public void Dispose() => _folder.Dispose();

    [Fact]
    public void PhysioNet_2012_set_a_keeps_every_row_and_its_known_impossible_values()
    {
        if (RealData.Find("physionet2012", output) is not { } folder || !File.Exists(Path.Combine(folder, "set-a.tar.gz")))
        {
            return;
        }

        using var setA = new TempFolder();
        File.Copy(Path.Combine(folder, "set-a.tar.gz"), Path.Combine(setA.Source, "set-a.tar.gz"));
        File.Copy(Path.Combine(folder, "Outcomes-a.txt"), Path.Combine(setA.Source, "Outcomes-a.txt"));
        var watch = Stopwatch.StartNew();
        PhysioNet2012Importer.Import(setA.Source, _folder.Out);
        output.WriteLine($"imported in {watch.Elapsed.TotalSeconds:F1} s");
        var feed = new FeedFolderContents(_folder.Out);
        Report(feed);

        Assert.True(feed.InOrder);
        Assert.Equal(4000, feed.Rows<Patient>(ReferenceKinds.Roster).Count);
        Assert.Equal(554, feed.Rows<Outcome>(ReferenceKinds.Outcomes).Count);
        Assert.Equal(4000 * 2, feed.Rows<CensusEvent>(ReferenceKinds.Census).Count);
        Assert.Equal(feed.Received, feed.Accepted.Count + feed.Rejected.Count);

        // Four descriptors a stay go to the roster, -1 is left out.
        var unknown = feed.Feed.LeftOut;
        Assert.Equal(4000 * 4L, Lines(setA) - 4000 - feed.Received - unknown["descriptor unknown: Height"] - unknown["descriptor unknown: Weight"]);

        var impossible = feed.Messages.SelectMany(FeedFolderContents.Readings)
            .Where(r => double.Parse(r.Value, CultureInfo.InvariantCulture) <= 0)
            .GroupBy(r => r.Code).ToDictionary(g => g.Key, g => g.Count());
        (string Key, int Count)[] expected =
        [
            ("invasive_systolic_bp", 685), ("invasive_diastolic_bp", 681), ("noninvasive_systolic_bp", 174), ("noninvasive_diastolic_bp", 103),
            ("temperature", 63), ("respiratory_rate", 59), ("noninvasive_mean_bp", 44), ("invasive_mean_bp", 31), ("heart_rate", 11),
        ];
        Assert.All(expected, e => Assert.Equal(e.Count, impossible[VitalSignCatalog.Default[e.Key].Code]));

        // The often quoted 510 weights at or below 0 are 326 descriptors of -1 and 184 later zeros.
        Assert.Equal(326, unknown["descriptor unknown: Weight"]);
        Assert.Equal(184, impossible[VitalSignCatalog.Default["weight"].Code]);
    }

    [Fact]
    public void Tihm_keeps_every_row_of_its_files()
    {
        if (RealData.Find("tihm", output) is not { } folder)
        {
            return;
        }

        var watch = Stopwatch.StartNew();
        TihmImporter.Import(folder, _folder.Out);
        output.WriteLine($"imported in {watch.Elapsed.TotalSeconds:F1} s");
        var feed = new FeedFolderContents(_folder.Out);
        Report(feed);

        Assert.True(feed.InOrder);
        Assert.Equal(13_629 + 784_610, feed.Received);
        Assert.Equal([RejectionReason.SuspectedUnitMixUp, RejectionReason.SuspectedUnitMixUp], feed.Rejected.Reason);
        Assert.All(feed.Rejected.Code, code => Assert.Equal(VitalSignCatalog.Default["skin_temperature"].Code, code));
        Assert.Equal(56, feed.Rows<Patient>(ReferenceKinds.Roster).Count);
        Assert.Equal(49 * 2, feed.Rows<CensusEvent>(ReferenceKinds.Census).Count);
        Assert.Equal(new Dictionary<string, long> { ["people without any sensor event: in the roster, not in the census"] = 7 }, feed.Feed.LeftOut);
        var alerts = feed.Rows<Outcome>(ReferenceKinds.Outcomes).CountBy(o => o.Detail!).ToDictionary();
        Assert.Equal(
            new Dictionary<string, int> { ["blood-pressure"] = 264, ["agitation"] = 115, ["pulse"] = 65, ["body-water"] = 63, ["weight"] = 2, ["body-temperature"] = 1 },
            alerts);
    }

    [Fact]
    public void Tihm_alerts_on_blood_pressure_and_pulse_follow_the_reading_within_half_an_hour()
    {
        if (RealData.Find("tihm", output) is not { } folder)
        {
            return;
        }

        TihmImporter.Import(folder, _folder.Out);
        var feed = new FeedFolderContents(_folder.Out);
        var cuffTimes = feed.Messages.Where(m => m.DeviceId.EndsWith("-cuff", StringComparison.Ordinal))
            .GroupBy(m => m.DeviceId).ToDictionary(g => g.Key, g => g.Select(m => m.EnqueuedTime).ToArray());
        var alerts = feed.Rows<Outcome>(ReferenceKinds.Outcomes).Where(o => o.Detail is "blood-pressure" or "pulse").ToList();
        var soon = alerts.Count(a => cuffTimes[a.PatientId + "-cuff"].Any(t => t <= a.Effective && a.Effective - t <= NodaTime.Duration.FromMinutes(30)));
        output.WriteLine($"{soon} of {alerts.Count} alerts within 30 minutes after a reading");

        // 75 % with both clocks right, 8 % if the readings were taken for UTC.
        Assert.InRange(soon / (double)alerts.Count, 0.7, 0.8);
    }

    [Fact]
    public void PhysioNet_2019_keeps_every_row_and_every_septic_patient()
    {
        if (RealData.Find("physionet2019", output) is not { } folder)
        {
            return;
        }

        PhysioNet2019Importer.Import(folder, _folder.Out);
        var feed = new FeedFolderContents(_folder.Out);
        Report(feed);

        Assert.True(feed.InOrder);
        Assert.Equal(630_935, feed.Messages.Count);
        Assert.Equal(feed.Received, feed.Accepted.Count + feed.Rejected.Count);
        Assert.True(feed.Rejected.Count < feed.Received / 1000);
        Assert.Equal(16_288, feed.Rows<Patient>(ReferenceKinds.Roster).Count);
        Assert.Equal(2 * 16_288, feed.Rows<CensusEvent>(ReferenceKinds.Census).Count);
        var outcomes = feed.Rows<Outcome>(ReferenceKinds.Outcomes);
        Assert.Equal(1438, outcomes.Count);
        Assert.Equal(174, outcomes.Count(o => o.Detail == "first-row"));
    }

    [Fact]
    public void Diabetes_diaries_keep_every_row_that_says_when()
    {
        if (RealData.Find("uci-diabetes", output) is not { } folder)
        {
            return;
        }

        UciDiabetesImporter.Import(folder, _folder.Out);
        var feed = new FeedFolderContents(_folder.Out);
        Report(feed);

        Assert.True(feed.InOrder);
        Assert.Equal(70, feed.Rows<Patient>(ReferenceKinds.Roster).Count);
        Assert.Equal(new Dictionary<string, long> { ["row without a readable date"] = 33, ["row without a readable time"] = 2 }, feed.Feed.LeftOut);
        Assert.Equal(29_330 - 35, feed.Received);
        Assert.Equal(feed.Received, feed.Accepted.Count + feed.Rejected.Count);

        // Codes that the list does not have: one row of 4, one of 36, 119 of 56; and 94 events of no stated kind. The 33 of 0 have no value at all.
        var reasons = feed.Rejected.Reason.CountBy(r => r.ToText()).ToDictionary();
        Assert.Equal(1 + 1 + 119 + 94, reasons["unknown-code"]);
        Assert.Equal(41, reasons["unparsable"]);
    }

    private static long Lines(TempFolder setA)
    {
        using var packed = new System.IO.Compression.GZipStream(
            File.OpenRead(Path.Combine(setA.Source, "set-a.tar.gz")), System.IO.Compression.CompressionMode.Decompress);
        using var tar = new System.Formats.Tar.TarReader(packed);
        var lines = 0L;
        while (tar.GetNextEntry() is { } entry)
        {
            using var reader = entry.DataStream is { } data ? new StreamReader(data) : StreamReader.Null;
            while (reader.ReadLine() is not null)
            {
                lines++;
            }
        }

        return lines;
    }

    private void Report(FeedFolderContents feed)
    {
        output.WriteLine($"messages {feed.Messages.Count}, received {feed.Received}, accepted {feed.Accepted.Count}, rejected {feed.Rejected.Count}");
        output.WriteLine("rejected: " + string.Join(", ", feed.Rejected.Reason.CountBy(r => r.ToText()).Select(r => $"{r.Key} {r.Value}")));
        output.WriteLine("left out: " + string.Join(", ", feed.Feed.LeftOut.Select(r => $"{r.Key} {r.Value}")));
    }
}
