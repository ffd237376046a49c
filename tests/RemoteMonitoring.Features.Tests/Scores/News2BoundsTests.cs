using CsCheck;

using RemoteMonitoring.Features.Scores;

namespace RemoteMonitoring.Features.Tests.Scores;

public sealed class News2BoundsTests
{
    private static readonly bool[] s_either = [false, true];

    private static readonly Gen<News2Inputs> s_whole = Gen.Select(
        Gen.Double[3, 80], Gen.Double[40, 100], Gen.Bool, Gen.Bool, Gen.Double[40, 300], Gen.Double[20, 300], Gen.Bool, Gen.Double[25, 45])
        .Select((rate, spo2, scale2, oxygen, systolic, pulse, alert, temperature) => new News2Inputs
        {
            RespiratoryRate = rate,
            Spo2 = spo2,
            Spo2Scale2 = scale2,
            OnOxygen = oxygen,
            Systolic = systolic,
            Pulse = pulse,
            Alert = alert,
            Temperature = temperature,
        });

    [Fact]
    public void Nothing_known_spans_0_to_20() =>
        Assert.Equal(new News2Score(0, 0, 20, 0, false), News2.Score(new News2Inputs()));

    [Fact]
    public void A_known_part_stands_in_all_three_figures_and_the_missing_ones_only_in_the_highest() =>
        Assert.Equal(new News2Score(3, 3, 3 + 17, 1, true), News2.Score(new News2Inputs { Alert = false }));

    [Theory]
    [InlineData(90, 0, 2)] // 0 either way, and 2 for the oxygen
    [InlineData(94, 0, 3)]
    [InlineData(95, 0, 4)]
    [InlineData(97, 0, 5)]
    [InlineData(85, 2, 4)] // low saturations score the same on air
    public void On_scale_2_unknown_oxygen_leaves_a_high_saturation_open(double spo2, int low, int high)
    {
        var score = News2.Score(new News2Inputs { Spo2 = spo2, Spo2Scale2 = true, RespiratoryRate = 16, Systolic = 120, Pulse = 70, Alert = true, Temperature = 37 });
        Assert.Equal((low, low, high), (score.Low, score.Point, score.High));
        Assert.Equal(6, score.InputsPresent);
    }

    [Fact]
    public void NaN_is_unknown_and_scores_nothing()
    {
        var nan = new News2Inputs { RespiratoryRate = double.NaN, Spo2 = double.NaN, Systolic = double.NaN, Pulse = double.NaN, Temperature = double.NaN };
        Assert.Equal(News2.Score(new News2Inputs()), News2.Score(nan));
        Assert.Equal(News2.Score(new News2Inputs { Spo2Scale2 = true }), News2.Score(nan with { Spo2Scale2 = true }));
    }

    [Fact]
    public void Low_is_never_above_point_nor_point_above_high() => Gen.Select(s_whole, Gen.Int[0, 127]).Sample((whole, mask) =>
    {
        var score = News2.Score(Keep(whole, mask));
        return score.Low <= score.Point && score.Point <= score.High && score.InputsPresent == int.PopCount(mask);
    }, iter: 20_000);

    [Fact]
    public void Whatever_missing_inputs_turn_out_to_be_the_score_lies_within_the_former_bounds() =>
        Gen.Select(s_whole, Gen.Int[0, 127], Gen.Int[0, 127]).Sample((whole, mask, more) =>
        {
            var before = News2.Score(Keep(whole, mask));
            var after = News2.Score(Keep(whole, mask | more));
            return before.Low <= after.Point && after.Point <= before.High
                && before.Low <= after.Low && after.High <= before.High
                && (!before.AnyRed || after.AnyRed);
        }, iter: 20_000);

    [Fact]
    public void Both_bounds_are_reached_by_some_value_of_the_missing_inputs()
    {
        double[] spo2 = [.. Enumerable.Range(80, 21)];
        foreach (var scale2 in s_either)
        {
            foreach (var known in spo2.Select(s => (double?)s).Append(null))
            {
                var open = News2.Score(new News2Inputs { Spo2 = known, Spo2Scale2 = scale2, RespiratoryRate = 16, Systolic = 120, Pulse = 70, Alert = true, Temperature = 37 });
                var filled = (known is { } k ? [k] : spo2)
                    .SelectMany(s => s_either.Select(oxygen => News2.Score(new News2Inputs
                    {
                        Spo2 = s,
                        Spo2Scale2 = scale2,
                        OnOxygen = oxygen,
                        RespiratoryRate = 16,
                        Systolic = 120,
                        Pulse = 70,
                        Alert = true,
                        Temperature = 37,
                    }).Point))
                    .ToList();
                Assert.Equal((filled.Min(), filled.Max()), (open.Low, open.High));
            }
        }
    }

    private static News2Inputs Keep(in News2Inputs whole, int mask) => whole with
    {
        RespiratoryRate = (mask & 1) != 0 ? whole.RespiratoryRate : null,
        Spo2 = (mask & 2) != 0 ? whole.Spo2 : null,
        OnOxygen = (mask & 4) != 0 ? whole.OnOxygen : null,
        Systolic = (mask & 8) != 0 ? whole.Systolic : null,
        Pulse = (mask & 16) != 0 ? whole.Pulse : null,
        Alert = (mask & 32) != 0 ? whole.Alert : null,
        Temperature = (mask & 64) != 0 ? whole.Temperature : null,
    };
}
