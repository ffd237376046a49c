using System.Text;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Delivery;

namespace RemoteMonitoring.Worklist.Tests.Delivery;

public sealed class ListCsvTests
{
    [Fact]
    public async Task A_list_is_a_row_for_each_listed_patient_in_order_of_rank()
    {
        Assert.Equal(
            """
            lane,list,as_of,run,rank,patient_id,risk,probability,band,news2_low,news2,news2_high,last_reading,reasons,technical
            listed,Admission,2026-11-23T00:00:00Z,run-1,1,p1,25 of 100,0.25,,1,2,8,2026-11-22T21:03:00Z,"one
            two",
            listed,Admission,2026-11-23T00:00:00Z,run-1,2,p2,12 of 100,0.125,,,,,,,no reading in 3 d

            """,
            await TextAsync(
                Of("p1", 0.25) with { News2 = new News2Figures(1, 2, 8), LastReading = Instant.FromUtc(2026, 11, 22, 21, 3), Reasons = [Reason("one"), Reason("two")] },
                Of("p2", 0.125) with { Technical = [Reason("no reading in 3 d")] }),
            ignoreLineEndingDifferences: true);
    }

    [Theory]
    [InlineData("=HYPERLINK(\"http://x\")")]
    [InlineData("+1")]
    [InlineData("-1")]
    [InlineData("@SUM(A1)")]
    [InlineData("\t=1")]
    [InlineData("\r=1")]
    public async Task A_cell_that_a_spreadsheet_would_take_for_a_formula_begins_with_an_apostrophe(string text)
    {
        Assert.Contains($"'{text.Replace("\"", "\"\"", StringComparison.Ordinal)}", await TextAsync(Of(text, 0.5)), StringComparison.Ordinal);
        Assert.Contains($"'{text.Replace("\"", "\"\"", StringComparison.Ordinal)}", await TextAsync(Of("p", 0.5) with { Reasons = [Reason(text)] }), StringComparison.Ordinal);
    }

    private static Reason Reason(string text) => new() { Text = text, Contribution = 1 };

    private static async Task<string> TextAsync(params Prediction[] listed)
    {
        var list = new TeamWorklist { CareTeamId = "north", Name = "North", Capacity = 9, Title = "Admission", AsOf = Instant.FromUtc(2026, 11, 23, 0, 0), Run = "run-1", Scored = 9, Listed = listed, NotScored = [] };
        using var output = new MemoryStream();
        await ListCsv.WriteAsync(new ExportedLists([list], [], _ => DateTimeZone.Utc, DateTimeZone.Utc), output, default);
        return Encoding.UTF8.GetString(output.ToArray()).TrimStart('\uFEFF');
    }

    private static Prediction Of(string patient, double probability) => new()
    {
        Id = "1",
        PatientId = patient,
        Task = "admission-7d",
        AsOf = Instant.FromUtc(2026, 11, 23, 0, 0),
        KnownBy = Instant.FromUtc(2026, 11, 23, 0, 0),
        Model = "m",
        FeatureSetHash = "f",
        Run = "run-1",
        Probability = probability,
        Raw = 0,
        Reasons = [],
    };
}
