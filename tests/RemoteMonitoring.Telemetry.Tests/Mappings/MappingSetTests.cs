using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Tests.Readings;

namespace RemoteMonitoring.Telemetry.Tests.Mappings;

public sealed class MappingSetTests
{
    private const string Rule = """{"code": "8867-4", "value": "x", "unit": "/min"}""";

    private static string Chosen(MappingSet set, string body, params KeyValuePair<string, string>[] properties)
    {
        var x = Extraction.By(set, body, properties);
        return x.Accepted.Mapping.Concat(x.Rejected.Mapping).Distinct().Single();
    }

    private static string Named(string name, int version, string match) => MappingText.WithRules(Rule, match: match)
        .Replace("\"trial\"", $"\"{name}\"", StringComparison.Ordinal).Replace("\"version\": 1", $"\"version\": {version}", StringComparison.Ordinal);

    [Fact]
    public void What_is_added_later_is_asked_earlier_and_what_nobody_takes_goes_to_the_canonical_form()
    {
        var set = MappingSet.Bundled.With(MappingText.Parse(Named("a", 1, """{"shape": [["x"]]}"""))).With(MappingText.Parse(Named("b", 1, """{"shape": [["x", "y"]]}""")));
        Assert.Equal(["b/1", "a/1"], set.Mappings.Take(2).Select(m => m.Label));
        Assert.Equal("b/1", Chosen(set, """{"x":72,"y":1}"""));
        Assert.Equal("a/1", Chosen(set, """{"x":72}"""));
        Assert.Equal("rmon/1", Chosen(set, """{"z":72}"""));
        Assert.Equal("rmon/1", Chosen(set, """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}"""));
        Assert.Equal("rmon/1", Chosen(set, "not json"));
        Assert.Equal("rmon/1", Chosen(set, ""));
    }

    [Fact]
    public void A_property_goes_before_any_shape_and_both_must_hold_where_both_are_asked()
    {
        var set = MappingSet.Bundled
            .With(MappingText.Parse(Named("by-model", 1, """{"properties": {"model": "m1"}}""")))
            .With(MappingText.Parse(Named("by-both", 1, """{"properties": {"model": "m2"}, "shape": [["x"]]}""")))
            .With(MappingText.Parse(Named("by-shape", 1, """{"shape": [["x"]]}""")));
        Assert.Equal("by-model/1", Chosen(set, """{"x":72}""", new KeyValuePair<string, string>("model", "m1")));
        Assert.Equal("by-both/1", Chosen(set, """{"x":72}""", new("other", "1"), new("model", "m2")));
        Assert.Equal("rmon/1", Chosen(set, """{"z":72}""", new KeyValuePair<string, string>("model", "m2")));
        Assert.Equal("by-shape/1", Chosen(set, """{"x":72}""", new KeyValuePair<string, string>("model", "m3")));
        // Even a body of the canonical form is the device's that its property names.
        Assert.Equal("by-model/1", Chosen(set, """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}""", new KeyValuePair<string, string>("model", "m1")));
    }

    [Fact]
    public void A_mapping_may_know_bodies_by_names_of_the_canonical_form()
    {
        var set = MappingText.SetWith(MappingText.WithRules("""{"each": "readings[]", "code": "8867-4", "value": "hr", "unit": "/min"}""", match: """{"shape": [["readings[].hr"]]}"""));
        Assert.Equal("trial/1", Chosen(set, """{"readings":[{"hr":72}]}"""));
        Assert.Equal("rmon/1", Chosen(set, """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}"""));
    }

    [Theory]
    [InlineData("""{"shape": [[{"path": "kind", "equals": "hr"}]]}""", """{"x":1,"kind":"hr"}""", true)]
    [InlineData("""{"shape": [[{"path": "kind", "equals": "hr"}]]}""", """{"x":1,"kind":"bp"}""", false)]
    [InlineData("""{"shape": [["a[].b"]]}""", """{"x":1,"a":[{},{"b":1}]}""", true)]
    [InlineData("""{"shape": [["a[].b"]]}""", """{"x":1,"a":{"b":1}}""", false)]
    [InlineData("""{"shape": [["*.b"]]}""", """{"x":1,"q":{"b":1}}""", true)]
    [InlineData("""{"shape": [["**.deep"]]}""", """{"x":1,"q":[[{"deep":1}]]}""", true)]
    [InlineData("""{"shape": [["[].b"]]}""", """[{"b":1}]""", true)]
    [InlineData("""{"shape": [["b"]], "unless": ["c"]}""", """{"b":1,"c":1}""", false)]
    [InlineData("""{"shape": [["b"]]}""", """{"b":null}""", false)]
    public void A_shape_is_what_is_there(string match, string body, bool matches) =>
        Assert.Equal(matches ? "trial/1" : "rmon/1", Chosen(MappingSet.Canonical.With(MappingText.Parse(Named("trial", 1, match))), body));

    [Fact]
    public void The_bundled_mappings_leave_the_canonical_form_its_fast_path() => Assert.NotNull(MappingSet.Bundled.ShapeIndex);

    [Fact]
    public void Nothing_is_allocated_for_a_message_whose_readings_are_accepted()
    {
        var extractor = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        var (good, bad) = (new ReadingBatch(), new QuarantineBatch());
        long Allocated(byte[] body)
        {
            var before = GC.GetAllocatedBytesForCurrentThread();
            for (var i = 0; i < 100; i++)
            {
                good.Truncate(0);
                extractor.Extract(new Telemetry.Messages.ReceivedMessage { DeviceId = "d", EnqueuedTime = Extraction.Enqueued.ToUnixMicros(), KnownFrom = 0, Offset = i, Body = body }, good, bad);
            }

            return GC.GetAllocatedBytesForCurrentThread() - before;
        }

        foreach (var (mapping, body, _) in BundledBodies.All)
        {
            var bytes = System.Text.Encoding.UTF8.GetBytes(body);
            Allocated(bytes); // the columns grow, the buffers are made
            Assert.True(Allocated(bytes) == 0, $"{mapping}: {Allocated(bytes)} bytes for 100 of {body}");
        }

        Assert.Equal(0, bad.Count);
    }

    [Fact]
    public void A_new_version_takes_the_place_of_the_old_one_and_the_id_tells_sets_apart()
    {
        var first = MappingText.SetWith(Named("a", 1, """{"shape": [["x"]]}"""));
        var second = first.With(MappingText.Parse(Named("a", 2, """{"shape": [["x"]]}""")));
        Assert.Equal(first.Mappings.Count, second.Mappings.Count);
        Assert.Equal("a/2", second.Mappings[0].Label);
        Assert.Equal(3, new[] { MappingSet.Bundled.Id, first.Id, second.Id }.Distinct().Count());
        Assert.Equal(first.Id, MappingText.SetWith(Named("a", 1, """{"shape":  [["x"]]}""")).Id); // blanks say nothing
        Assert.Same(first, first.With(MappingText.Parse(Named("a", 1, """{"shape": [["x"]]}"""))));
        Assert.Contains("give this one a higher version", Assert.Throws<MappingException>(() => first.With(MappingText.Parse(Named("a", 1, """{"shape": [["y"]]}""")))).Message, StringComparison.Ordinal);
    }

    [Fact]
    public void A_new_version_of_the_canonical_form_is_the_fallback_then()
    {
        var set = MappingSet.Bundled.With(MappingText.Parse(MappingSet.Bundled.Fallback.Document.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal)));
        Assert.Equal("rmon/2", set.Fallback.Label);
        Assert.Equal("rmon/2", Chosen(set, """{"readings":[{"code":"8867-4","value":72,"unit":"/min"}]}"""));
        Assert.Equal("rmon/2", Chosen(set, "{"));
    }

    [Fact]
    public void The_document_of_the_canonical_form_says_what_its_own_code_does() // its code is there for speed alone
    {
        var general = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled.With(MappingText.Parse(MappingSet.Bundled.Fallback.Document.Replace("\"version\": 1", "\"version\": 2", StringComparison.Ordinal))));
        ReadingExtractorPropertyTests.Bodies(body =>
        {
            var (own, byDocument) = (Extraction.Of(body), Extraction.By(general, body));
            // A bad time of the whole body is one rejected body by its own code, and a rejected reading each by the document.
            return own.Accepted.Count == 0 || (own.Accepted.Value.SequenceEqual(byDocument.Accepted.Value)
                && own.Accepted.EffectiveTime.SequenceEqual(byDocument.Accepted.EffectiveTime)
                && own.Accepted.Vital.SequenceEqual(byDocument.Accepted.Vital)
                && own.Accepted.BodyHash.SequenceEqual(byDocument.Accepted.BodyHash)
                && own.Received == byDocument.Received);
        });
    }

    [Fact]
    public void With_all_bundled_mappings_the_canonical_form_is_read_as_by_itself()
    {
        var bundled = new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled);
        ReadingExtractorPropertyTests.Bodies(body =>
        {
            var (alone, among) = (Extraction.Of(body), Extraction.By(bundled, body));
            return alone.Accepted.Value.SequenceEqual(among.Accepted.Value) && alone.Rejected.Hint.SequenceEqual(among.Rejected.Hint)
                && alone.Accepted.EffectiveTime.SequenceEqual(among.Accepted.EffectiveTime)
                && among.Accepted.Mapping.Concat(among.Rejected.Mapping).All(m => m == "rmon/1");
        });
    }

    [Fact]
    public void Bundled_mappings_have_one_line_each_and_distinct_names()
    {
        Assert.Equal(MappingSet.Bundled.Mappings.Count, MappingSet.Bundled.Mappings.Select(m => m.Name).Distinct().Count());
        Assert.Equal("rmon/1", MappingSet.Bundled.Fallback.Label);
        Assert.Same(MappingSet.Bundled.Fallback, MappingSet.Bundled.Find("rmon"));
        Assert.All(MappingSet.Bundled.Mappings, m => Assert.Equal(m.Definition(), MappingText.Parse(m.Document).Definition()));
    }
}
