using CsCheck;
using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Tests.Catalog;

public sealed class VitalSignCatalogTests
{
    private static readonly VitalSignCatalog s_catalog = VitalSignCatalog.Default;

    public static TheoryData<string> Keys => [.. s_catalog.Vitals.Select(v => v.Key)];

    [Theory]
    [MemberData(nameof(Keys))]
    public void Every_vital_states_names_unit_limits_and_where_the_limits_come_from(string key)
    {
        var vital = s_catalog[key];
        Assert.Matches("^[a-z][a-z0-9]*(_[a-z0-9]+)*$", vital.Key);
        Assert.NotEmpty(vital.Display);
        Assert.NotEmpty(vital.Label);
        Assert.True(vital.RangeSource.Length > 10, "a source is a sentence");
        Assert.True(vital.Low < vital.High);
        Assert.Equal(vital.Unit, vital.AcceptedUnits[0].Unit);
        Assert.Equal(new UnitConversion(vital.Unit, 0, 1, 1), vital.AcceptedUnits[0]);
        Assert.Same(vital, s_catalog.Vitals[vital.Index]);
    }

    [Fact]
    public void Codes_and_keys_name_one_vital_each()
    {
        var codes = s_catalog.Vitals.SelectMany(v => v.AlternateCodes.Append(v.Code)).ToList();
        Assert.Equal(codes.Count, codes.Distinct().Count());
        Assert.Equal(s_catalog.Vitals.Count, s_catalog.Vitals.Select(v => v.Key).Distinct().Count());
    }

    [Fact]
    public void Every_code_is_found_whether_canonical_or_alternate()
    {
        foreach (var vital in s_catalog.Vitals)
        {
            Assert.All(vital.AlternateCodes.Append(vital.Code), code =>
            {
                Assert.True(s_catalog.TryGetByCode(code, out var found));
                Assert.Same(vital, found);
            });
        }
    }

    [Theory]
    [MemberData(nameof(Keys))]
    public void Every_code_is_local_or_a_LOINC_number_with_a_right_check_digit(string key)
    {
        foreach (var code in s_catalog[key].AlternateCodes.Append(s_catalog[key].Code))
        {
            // 3150-6 is no LOINC code at all, but often written for 3150-0, and so accepted from devices.
            if (!code.StartsWith("local:", StringComparison.Ordinal) && code != "3150-6")
            {
                Assert.Matches("^[0-9]{3,6}-[0-9]$", code);
                Assert.Equal(CheckDigit(code[..^2]), code[^1] - '0');
            }
        }
    }

    [Fact]
    public void An_unknown_code_is_not_found_and_an_unknown_key_is_an_error_that_lists_the_keys()
    {
        Assert.False(s_catalog.TryGetByCode("0000-0", out _));
        Assert.False(s_catalog.TryGetByCode("", out _));
        Assert.Contains("heart_rate", Assert.Throws<ArgumentException>(() => s_catalog["pulse"]).Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("temperature", "[degF]", 98.6, 37)]
    [InlineData("temperature", "[degF]", 32, 0)]
    [InlineData("temperature", "[degF]", -40, -40)]
    [InlineData("temperature", "°F", 212, 100)]
    [InlineData("temperature", "°C", 36.6, 36.6)]
    [InlineData("skin_temperature", "[degF]", 91.4, 33)]
    [InlineData("systolic_bp", "kPa", 101.325, 760)]
    [InlineData("systolic_bp", "kPa", 16, 120.0098692)]
    [InlineData("systolic_bp", "mmHg", 120, 120)]
    [InlineData("paco2", "kPa", 5.3, 39.7532692)]
    [InlineData("glucose", "mmol/L", 5.5, 99.088)]
    [InlineData("capillary_glucose", "mmol/L", 10, 180.16)]
    [InlineData("lactate", "mg/dL", 18.016, 2)]
    [InlineData("magnesium", "mmol/L", 1, 2.4305)]
    [InlineData("creatinine", "umol/L", 88.42, 1)]
    [InlineData("weight", "[lb_av]", 100, 45.359237)]
    [InlineData("weight", "g", 70500, 70.5)]
    [InlineData("height", "m", 1.8, 180)]
    [InlineData("height", "[in_i]", 70, 177.8)]
    [InlineData("fio2", "1", 0.21, 21)]
    [InlineData("spo2", "1", 0.97, 97)]
    [InlineData("peak_flow", "L/s", 7, 420)]
    [InlineData("albumin", "g/L", 35, 3.5)]
    [InlineData("potassium", "meq/L", 4.2, 4.2)]
    [InlineData("heart_rate", "beats/min", 72, 72)]
    public void Units_convert_by_their_definition(string key, string unit, double value, double canonical)
    {
        Assert.True(s_catalog[key].TryGetUnit(unit, out var conversion));
        Assert.Equal(canonical, conversion.ToCanonical(value), 1e-7 * Math.Max(1, Math.Abs(canonical)));
    }

    [Fact]
    public void Body_temperature_of_98_6_degrees_fahrenheit_is_exactly_37_degrees_celsius()
    {
        Assert.True(s_catalog["temperature"].TryGetUnit("[degF]", out var fahrenheit));
        Assert.Equal(37.0, Math.Round(fahrenheit.ToCanonical(98.6), 12));
        Assert.Equal(0.0, fahrenheit.ToCanonical(32)); // bit for bit: the zero point is subtracted first
        Assert.Equal(100.0, fahrenheit.ToCanonical(212));
    }

    [Theory]
    [InlineData("heart_rate", "mm[Hg]")]
    [InlineData("heart_rate", "")]
    [InlineData("heart_rate", "/MIN")]
    [InlineData("temperature", "K")]
    [InlineData("glucose", "mmol")]
    public void A_unit_of_something_else_is_not_accepted(string key, string unit) => Assert.False(s_catalog[key].TryGetUnit(unit, out _));

    [Fact]
    public void Conversions_round_trip()
    {
        var conversions = s_catalog.Vitals.SelectMany(v => v.AcceptedUnits.Select(u => (Vital: v, Unit: u))).ToArray();
        Gen.Select(Gen.OneOf(conversions), Gen.Double[0, 1]).Sample((c, share) =>
        {
            var canonical = c.Vital.Low + (share * (c.Vital.High - c.Vital.Low));
            var there = c.Unit.ToCanonical(c.Unit.FromCanonical(canonical));
            return Math.Abs(there - canonical) <= 1e-9 * Math.Max(1, Math.Abs(canonical));
        });
    }

    [Theory]
    [InlineData(19.999, false)]
    [InlineData(20, true)]
    [InlineData(300, true)]
    [InlineData(300.001, false)]
    [InlineData(double.NaN, false)]
    [InlineData(double.PositiveInfinity, false)]
    [InlineData(double.NegativeInfinity, false)]
    public void Limits_of_heart_rate_are_inclusive(double value, bool plausible) => Assert.Equal(plausible, s_catalog["heart_rate"].IsPlausible(value));

    /// <summary>Mod 10 (Luhn), as the LOINC users' guide defines it.</summary>
    private static int CheckDigit(string number)
    {
        var sum = 0;
        for (var i = 0; i < number.Length; i++)
        {
            var digit = number[^(i + 1)] - '0';
            digit = i % 2 == 0 ? digit * 2 : digit;
            sum += (digit / 10) + (digit % 10);
        }

        return (10 - (sum % 10)) % 10;
    }
}
