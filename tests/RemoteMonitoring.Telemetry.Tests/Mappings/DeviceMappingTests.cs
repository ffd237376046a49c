using RemoteMonitoring.Telemetry.Mappings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

/// <summary>What is wrong with a document is said in one line: the mapping, the field, the mend.</summary>
public sealed class DeviceMappingTests
{
    private const string Pulse = """{"code": "8867-4", "value": "x", "unit": "/min"}""";

    [Theory]
    [InlineData("""{"code": "8867-5", "value": "x", "unit": "/min"}""", "readings[0].code: the catalog has no code '8867-5'; take the code of one of its vitals, for instance 8867-4")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "mm[Hg]"}""", "readings[0].unit: 'mm[Hg]' does not measure Heart rate (8867-4); take one of /min")]
    [InlineData("""{"code": {"path": "c"}, "value": "x", "unit": "furlong"}""", "readings[0].unit: no vital of the catalog is accepted in 'furlong'; take a UCUM unit, for instance mm[Hg]")]
    [InlineData("""{"code": "8310-5", "value": "x", "unit": {"lookup": "u", "table": {"k": "K"}}}""", "readings[0].unit.table.k: 'K' does not measure Body temperature (8310-5); take one of Cel, [degF]")]
    [InlineData("""{"code": {"lookup": "t", "table": {"1": "nope"}}, "value": "x", "unit": "/min"}""", "readings[0].code.table.1: the catalog has no code 'nope'; take the code of one of its vitals, for instance 8867-4")]
    [InlineData("""{"code": "8867-4", "value": "x"}""", "readings[0].unit: is missing; add it")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "deviceId": "d"}""", "readings[0].deviceId: is no field here; remove it, or take one of code, value, unit, each, carry, time, required")]
    [InlineData("""{"code": "8867-4", "value": "x", "value": "y", "unit": "/min"}""", "readings[0].value: appears twice; remove one")]
    [InlineData("""{"code": "8867-4", "value": true, "unit": "/min"}""", "readings[0].value: is to be a path, a number, or one of {\"path\"}, {\"calc\"}, {\"lookup\"}, or a list of such")]
    [InlineData("""{"code": "8867-4", "value": "a..b", "unit": "/min"}""", "readings[0].value: a name is missing at position 3 of the path 'a..b'; quote names with special characters: 'like this'")]
    [InlineData("""{"code": "8867-4", "value": "a[]", "unit": "/min"}""", "readings[0].value: 'a[]' leads to many values; go through them with 'each', or take one with [0] or [name=text]")]
    [InlineData("""{"code": "8867-4", "value": "a[x", "unit": "/min"}""", "readings[0].value: the bracket at position 2 of the path 'a[x' is not closed")]
    [InlineData("""{"code": "8867-4", "value": "..x", "unit": "/min"}""", "readings[0].value: '..x' asks for the array further out, but the rule goes through none; write the path from the body: $.…")]
    [InlineData("""{"each": "a[].b[].c[]", "code": "8867-4", "value": "x", "unit": "/min"}""", "readings[0].each: 'a[].b[].c[]' cannot be gone through; write a path from the body with at most two [], one within the other, or ** alone")]
    [InlineData("""{"code": "8867-4", "value": {"calc": "x +"}, "unit": "/min"}""", "readings[0].value.calc: a number or a path is missing at position 4; quote names with special characters: 'like this'")]
    [InlineData("""{"code": "8867-4", "value": {"calc": "(x * 2"}, "unit": "/min"}""", "readings[0].value.calc: a ')' is missing at position 7")]
    [InlineData("""{"code": "8867-4", "value": {"calc": "x 2"}, "unit": "/min"}""", "readings[0].value.calc: '2' at position 3 continues nothing; write + - * / ^ or ?? between two values")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "time": {"from": [{"path": "t", "zone": "Middle/Earth"}]}}""", "readings[0].time.from[0].zone: 'Middle/Earth' is no IANA zone; write one such as Europe/London, or UTC")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "time": {"from": [{"path": "t", "format": "epoch"}]}}""", "readings[0].time.from[0].format: is to be iso8601, epoch-seconds, epoch-milliseconds or senml-seconds")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "time": {"from": [{"path": "t", "property": "p"}]}}""", "readings[0].time.from[0]: is to have one of 'path', 'calc' and 'property'")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "time": {"from": []}}""", "readings[0].time.from: is to be a list of places where a time may stand, and not empty")]
    [InlineData("""{"code": "8867-4", "value": "x", "unit": "/min", "required": "yes"}""", "readings[0].required: is to be true or false")]
    [InlineData("""{"parts": []}""", "readings[0].parts: is to be a list of readings, and not empty")]
    [InlineData("72", "readings[0]: is to be an object: {…}")]
    public void A_wrong_rule_is_named_with_its_mend(string rule, string problem) => Assert.StartsWith(
        $"mapping 'trial', {problem}",
        Assert.Throws<MappingException>(() => MappingText.Parse(MappingText.WithRules(rule))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{", "mapping '', not valid JSON: mend line 1, byte 2")]
    [InlineData("[]", "mapping '', is to be an object: {…}")]
    [InlineData("""{"schemaVersion": 2, "name": "a", "version": 1, "description": "d", "match": {"shape": [["x"]]}, "readings": [PULSE]}""", "mapping 'a', schemaVersion: is 2; this version reads 1")]
    [InlineData("""{"schemaVersion": 1, "name": "A b", "version": 1, "description": "d", "match": {"shape": [["x"]]}, "readings": [PULSE]}""", "mapping 'A b', name: is no name; take lower-case letters, digits and hyphens, at most 64, a letter or digit first")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1.5, "description": "d", "match": {"shape": [["x"]]}, "readings": [PULSE]}""", "mapping 'a', version: is to be a whole number from 1 to 9999")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "", "match": {"shape": [["x"]]}, "readings": [PULSE]}""", "mapping 'a', description: is to be one line of 1 to 200 characters that says which devices the mapping is for")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "d", "match": {}, "readings": [PULSE]}""", "mapping 'a', match: matches every message; name a property under 'properties', or the fields by which the body is known under 'shape'")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "d", "match": {"shape": [["..x"]]}, "readings": [PULSE]}""", "mapping 'a', match.shape[0][0]: '..x' cannot be asked of a body; write names, [], [0], * or **.name, from the body")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "d", "match": {"shape": [["x"]]}, "readings": []}""", "mapping 'a', readings: is to be a list of rules, and not empty")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "d", "match": {"shape": [["x"]]}}""", "mapping 'a', readings: is missing; add it")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "version": 1, "description": "d", "match": {"shape": [["x"]]}, "readings": [PULSE], "author": "me"}""", "mapping 'a', author: is no field here; remove it, or take one of schemaVersion, name, version, description, match, readings, source, time")]
    [InlineData("""{"schemaVersion": 1, "name": "a", "name": "a", "version": 1, "description": "d", "match": {"shape": [["x"]]}, "readings": [PULSE]}""", "mapping 'a', name: appears twice; remove one")]
    public void A_wrong_document_is_named_with_its_mend(string document, string message) => Assert.Equal(
        message, Assert.Throws<MappingException>(() => MappingText.Parse(document.Replace("PULSE", Pulse, StringComparison.Ordinal))).Message);

    [Fact]
    public void All_that_is_wrong_is_listed_and_every_line_is_one()
    {
        var e = Assert.Throws<MappingException>(() => MappingText.Parse(MappingText.WithRules("""{"code": "a", "value": "", "unit": "/min"}, {"code": "8867-4", "value": "x", "unit": "kg"}""")));
        Assert.Equal(["readings[0].value", "readings[0].code", "readings[1].unit"], e.Problems.Select(p => p.Path));
        Assert.All(e.Problems, p => Assert.DoesNotContain('\n', p.ToString()));
        Assert.EndsWith("(and 2 more)", e.Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_preamble_is_no_fault() =>
        Assert.Equal("trial/1", DeviceMapping.Parse([0xEF, 0xBB, 0xBF, .. System.Text.Encoding.UTF8.GetBytes(MappingText.WithRules(Pulse))], Telemetry.Catalog.VitalSignCatalog.Default).Label);
}
