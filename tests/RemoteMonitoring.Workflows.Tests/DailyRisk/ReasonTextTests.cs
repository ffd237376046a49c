using NodaTime;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Workflows.DailyRisk;

namespace RemoteMonitoring.Workflows.Tests.DailyRisk;

public sealed class ReasonTextTests
{
    private static readonly Instant s_tuesday = Instant.FromUtc(2025, 6, 3, 6, 40);

    private static readonly double[] s_usualSpo2 = [95, 95, 96, 96, 96, 96, 97, 97, 97, 97];

    private static ReasonCase LowSpo2() => new ReasonCase().Earlier("spo2", s_usualSpo2).Reading("spo2", s_tuesday, 91);

    [Fact]
    public void A_vital_is_quoted_with_unit_weekday_local_time_and_usual_range()
    {
        var reason = Assert.Single(LowSpo2().Driver("spo2_last", 91).Reasons());
        Assert.Equal("SpO2 91 % on Tuesday 07:40, below usual 95–97 %", reason.Text);
        Assert.Equal("spo2", reason.Vital);
        Assert.Equal((91, "%", 95, 97), (reason.Value, reason.Unit, reason.UsualLow, reason.UsualHigh));
        Assert.Equal(s_tuesday, reason.EffectiveTime);
        Assert.Equal((1, "below-usual"), (reason.Contribution, reason.Direction));
    }

    [Theory]
    [InlineData("Etc/UTC", "Tuesday 06:40")]
    [InlineData("Asia/Kolkata", "Tuesday 12:10")]
    [InlineData("Pacific/Auckland", "Tuesday 18:40")]
    [InlineData("Pacific/Honolulu", "Monday 20:40")]
    public void The_time_is_that_of_the_patients_own_zone(string zone, string time) =>
        Assert.Equal([$"SpO2 91 % on {time}, below usual 95–97 %"], LowSpo2().Driver("spo2_last", 91).Texts(zone));

    [Fact]
    public void Too_few_earlier_readings_give_no_usual_range()
    {
        ReasonCase Few(params double[] earlier) => new ReasonCase().Earlier("heart_rate", earlier).Reading("heart_rate", s_tuesday, 118).Driver("heart_rate_last", 118);
        Assert.Equal(["Heart rate 118 /min on Tuesday 07:40, no usual range yet (0 earlier days with a reading)"], Few().Texts());
        Assert.Equal(["Heart rate 118 /min on Tuesday 07:40, no usual range yet (1 earlier day with a reading)"], Few(70).Texts());
        Assert.Equal(["Heart rate 118 /min on Tuesday 07:40, no usual range yet (4 earlier days with a reading)"], Few(70, 71, 72, 73).Texts());
        Assert.Null(Few(70).Reasons()[0].UsualLow);
    }

    [Fact]
    public void Of_what_readings_count_the_sum_of_the_day_stands_beside_the_usual_sums()
    {
        var sensor = new ReasonCase();
        for (var day = 0; day < 10; day++)
        {
            for (var i = 0; i < 3 + (day % 3); i++)
            {
                sensor.Reading("activity_kitchen", Instant.FromUtc(2025, 5, 10 + day, 10 + i, 0), 1);
            }
        }

        for (var i = 0; i < 12; i++)
        {
            sensor.Reading("activity_kitchen", s_tuesday - Duration.FromMinutes(10 * i), 1);
        }

        var reason = Assert.Single(sensor.Driver("activity_kitchen_count_7d", 12).Reasons());
        Assert.Equal("Activity kitchen 12 events in the day up to Tuesday 07:40, above usual 3–5 events (12 readings in 7 d)", reason.Text);
        Assert.Equal((12, 3, 5, "above-usual"), (reason.Value, reason.UsualLow, reason.UsualHigh, reason.Direction));
    }

    [Fact]
    public void A_usual_range_of_one_value_is_said_once() =>
        Assert.Equal(
            ["Weight 84.3 kg on Tuesday 07:40, above usual 80 kg"],
            new ReasonCase().Earlier("weight", 80, 80, 80.01, 80, 80).Reading("weight", s_tuesday, 84.3).Driver("weight_last", 84.3).Texts());

    [Theory]
    [InlineData(29, 23, 30, "Friday 00:30")]
    [InlineData(28, 23, 30, "29 May 00:30")]
    public void A_weekday_is_said_only_while_it_names_one_day_and_else_the_date(int day, int hour, int minute, string when) =>
        Assert.StartsWith(
            $"Swelling 2 on {when}, no usual range yet",
            new ReasonCase().Reading("swelling", Instant.FromUtc(2025, 5, day, hour, minute), 2).Driver("swelling_last", 2).Texts()[0],
            StringComparison.Ordinal);

    [Theory]
    [InlineData("spo2", 1, 23, 0, true)] // three days at home
    [InlineData("spo2", 1, 22, 59, false)]
    [InlineData("swelling", -4, 23, 0, true)] // asked weekly: eight
    [InlineData("swelling", -4, 22, 59, false)]
    public void A_reading_that_is_too_old_says_nothing(string vital, int day, int hour, int minute, bool said)
    {
        var taken = Instant.FromUtc(2025, 6, 1, hour, minute) + Duration.FromDays(day - 1);
        var shown = new ReasonCase().Reading(vital, taken, 2).Driver($"{vital}_last", 2).Shown();
        Assert.Equal(said ? 1 : 0, shown.Clinical.Count);
        Assert.Empty(shown.Technical);
    }

    [Fact]
    public void In_acute_care_a_day_is_too_old()
    {
        ReasonCase Of(int hour) => new ReasonCase(FeatureSet.Acute).Reading("lactate", Instant.FromUtc(2025, 6, 3, hour, 0), 4.1).Driver("lactate_last", 4.1);
        Assert.Single(Of(23).Texts());
        Assert.Empty(Of(22).Texts());
    }

    [Fact]
    public void What_is_missing_old_or_seldom_measured_is_technical_and_stands_apart()
    {
        Assert.Equal(["no Weight reading in the last 28 d"], new ReasonCase().Driver("weight_count_7d", 0).Technical());
        Assert.Equal(["no Lactate reading in the last 48 h"], new ReasonCase(FeatureSet.Acute).Driver("lactate_count_24h", 0).Technical());
        Assert.Equal(["no Weight for 6 days"], new ReasonCase().Reading("weight", Instant.FromUtc(2025, 5, 29, 12, 0), 80).Driver("weight_age", 155).Technical());
        Assert.Equal(["SpO2: 14 readings in 7 d"], LowSpo2().Driver("spo2_count_7d", 14).Technical());
        Assert.Equal(["SpO2: 1 reading in 24 h"], LowSpo2().Driver("spo2_count_24h", 1).Technical());
        Assert.Equal(["SpO2: a reading on 40 % of the days in 7 d"], LowSpo2().Driver("spo2_adherence_7d", 0.4).Technical());
        Assert.Equal(["SpO2: last reading 40 h ago"], LowSpo2().Driver("spo2_age", 40).Technical());
        Assert.Equal(["too few SpO2 readings in 3 d"], LowSpo2().Driver("spo2_slope_3d", double.NaN).Technical());
        Assert.Empty(LowSpo2().Driver("spo2_count_7d", 14).Reasons());
    }

    [Fact]
    public void There_are_two_technical_causes_at_the_most_and_a_vital_is_named_once()
    {
        var shown = LowSpo2().Driver("weight_count_7d", 0).Driver("weight_slope_7d", double.NaN).Driver("temperature_age", double.NaN).Driver("steps_age", double.NaN).Driver("spo2_last", 91).Shown();
        Assert.Equal(["no Weight reading in the last 28 d", "no Body temperature reading in the last 28 d"], shown.Technical.Select(t => t.Text));
        Assert.Equal("spo2", Assert.Single(shown.Clinical).Vital);
    }

    [Fact]
    public void A_score_that_is_not_made_for_the_patient_is_no_reason()
    {
        var seven = new ReasonCase().Driver("news2_point", 7);
        Assert.Single(seven.Shown().Clinical);
        Assert.Empty(seven.Shown(news2: false).Clinical);
    }

    [Theory]
    [InlineData("spo2_slope_7d", 0.6, "rising")]
    [InlineData("spo2_change_3d", -0.6, "falling")]
    [InlineData("spo2_mean_3d", 96, null)]
    public void Within_the_usual_the_direction_is_where_it_is_going(string column, double value, string? direction) =>
        Assert.Equal(direction, new ReasonCase().Earlier("spo2", s_usualSpo2).Reading("spo2", s_tuesday, 96).Driver(column, value).Reasons()[0].Direction);

    [Theory]
    [InlineData("spo2_mean_3d", 92.34, " (mean over 3 d 92.3 %)")]
    [InlineData("spo2_min_7d", 88, " (lowest in 7 d 88 %)")]
    [InlineData("spo2_max_3d", 97, " (highest in 3 d 97 %)")]
    [InlineData("spo2_sd_7d", 2.456, " (varies by 2.46 % over 7 d)")]
    [InlineData("spo2_slope_7d", -0.6, " (falling, trend −0.6 % a day over 7 d)")]
    [InlineData("spo2_slope_28d", 0.004, " (steady over 28 d)")]
    [InlineData("spo2_change_24h", -3.25, " (falling, 24 h mean −3.25 % against the 27 d before)")]
    [InlineData("spo2_change_7d", 0.5, " (rising, 7 d mean +0.5 % against the 21 d before)")]
    [InlineData("spo2_z_3d", -2.1, " (falling, 3 d mean −2.1 standard deviations from the 25 d before)")]
    [InlineData("spo2_cv_7d", 0.031, " (varies by 3.1 % of its mean over 7 d)")]
    [InlineData("spo2_range_7d", 9, " (spans 9 % over 7 d)")]
    [InlineData("spo2_night_mean_3d", 88.2, " (mean over 3 d at night 88.2 %)")]
    [InlineData("spo2_night_min_7d", 84, " (lowest in 7 d at night 84 %)")]
    public void What_moved_the_score_stands_behind_the_value_where_it_is_not_the_value_itself(string column, double value, string driver) =>
        Assert.Equal([$"SpO2 91 % on Tuesday 07:40, below usual 95–97 %{driver}"], LowSpo2().Driver(column, value).Texts());

    [Fact]
    public void What_is_within_the_usual_range_says_so_and_a_trend_that_comes_to_nothing_stands_behind()
    {
        var reasons = new ReasonCase().Earlier("spo2", s_usualSpo2).Reading("spo2", s_tuesday, 97).Driver("spo2_slope_28d", 0.001).Driver("age", 83).Reasons();
        Assert.Equal(["age in years, as stated at enrolment: 83", "SpO2 97 % on Tuesday 07:40, within the usual range 95–97 % (steady over 28 d)"], reasons.Select(r => r.Text));
        Assert.Null(reasons[1].Direction);
    }

    [Fact]
    public void In_acute_care_the_baseline_is_hours_and_not_weeks() =>
        Assert.Equal(
            ["Lactate 4.1 mmol/L on Wednesday 21:00, no usual range yet (0 earlier hours with a reading) (rising, 24 h mean +1.8 mmol/L against the 24 h before)"],
            new ReasonCase(FeatureSet.Acute).Reading("lactate", Instant.FromUtc(2025, 6, 4, 20, 0), 4.1).Driver("lactate_change_24h", 1.8).Texts());

    [Fact]
    public void Prior_outcomes_of_a_kind_are_one_reason_in_their_own_words()
    {
        Assert.Equal(
            ["2 hospital admissions in the last 28 days"],
            new ReasonCase().Driver("prior_hospital_admission_28d", 2).Texts());
        Assert.Equal(["last clinical alert 2 days ago"], new ReasonCase().Driver("since_clinical_alert", 1.5).Texts());
    }

    [Theory]
    [InlineData("condition_copd", 1, "copd on the roster")]
    [InlineData("female", 1, "female")]
    [InlineData("age", 83, "age in years, as stated at enrolment: 83")]
    [InlineData("since_discharged", 0, "left hospital less than a day ago")]
    [InlineData("since_discharged", 31.6, "left hospital 32 days ago")]
    [InlineData("prior_hospital_admission_28d", 1, "1 hospital admission in the last 28 days")]
    [InlineData("news2_point", 7, "NEWS2 of the last 24 hours, missing inputs scored 0: 7")]
    public void A_column_that_speaks_of_no_vital_is_said_in_words(string column, double value, string text)
    {
        var reason = Assert.Single(new ReasonCase().Driver(column, value).Reasons());
        Assert.Equal(text, reason.Text);
        Assert.Null(reason.Vital);
        Assert.Null(reason.Value);
    }

    [Theory]
    [InlineData("condition_copd", 0)]
    [InlineData("female", 0)]
    [InlineData("prior_hospital_admission_28d", 0)]
    [InlineData("news2_high", 0)]
    [InlineData("age", double.NaN)]
    [InlineData("condition_copd", double.NaN)]
    [InlineData("since_discharged", double.NaN)]
    public void What_is_unknown_absent_or_did_not_happen_is_no_reason(string column, double value) =>
        Assert.Empty(new ReasonCase().Driver(column, value).Texts());

    [Theory]
    [InlineData(1)]
    [InlineData(3)]
    public void An_attribute_is_told_with_its_number_whatever_it_is(double value) =>
        Assert.Equal([$"icu_type as the roster states it: {value}"], new ReasonCase(FeatureSet.Acute).Driver("icu_type", value).Texts());

    [Fact]
    public void There_are_three_reasons_at_the_most_and_those_that_are_none_make_way()
    {
        var texts = LowSpo2()
            .Driver("condition_copd", 0)
            .Driver("spo2_last", 91)
            .Driver("since_discharged", double.NaN)
            .Driver("weight_age", double.NaN)
            .Driver("prior_hospital_admission_90d", 1)
            .Driver("age", 83)
            .Driver("female", 1)
            .Texts();
        Assert.Equal(
            ["SpO2 91 % on Tuesday 07:40, below usual 95–97 %", "1 hospital admission in the last 90 days", "age in years, as stated at enrolment: 83"],
            texts);
    }

    [Fact]
    public void A_reading_that_was_not_known_yet_is_not_quoted()
    {
        var reasons = LowSpo2().Reading("spo2", Instant.FromUtc(2025, 6, 4, 7, 0), 84, known: Instant.FromUtc(2025, 6, 4, 20, 0)).Driver("spo2_last", 91);
        Assert.StartsWith("SpO2 84 % on Wednesday 08:00", reasons.Texts()[0], StringComparison.Ordinal);
        Assert.StartsWith("SpO2 91 % on Tuesday 07:40", reasons.Texts(knownBy: Instant.FromUtc(2025, 6, 4, 19, 0))[0], StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("temperature", 38.456, "Body temperature 38.5 °C")]
    [InlineData("systolic_bp", 151.6, "Systolic blood pressure 152 mmHg")]
    [InlineData("ph", 7.318, "pH of arterial blood 7.32")]
    [InlineData("steps", 8250, "Steps a day 8250")]
    [InlineData("breathlessness", 3, "Breathlessness 3")]
    [InlineData("base_excess", -4.25, "Base excess −4.25 mmol/L")]
    [InlineData("base_excess", -0.00001, "Base excess 0 mmol/L")]
    [InlineData("troponin_t", 0.012, "Troponin T 0.012 ng/mL")]
    [InlineData("troponin_t", 0, "Troponin T 0 ng/mL")]
    [InlineData("activity_kitchen", 6, "Activity kitchen 6 events")]
    public void Values_stand_in_the_units_and_digits_that_people_read(string vital, double value, string text) =>
        Assert.Equal(text, ReasonText.Format(VitalSignCatalog.Default[vital], value));
}
