using System.Text.Json.Nodes;
using RemoteMonitoring.Features.Sets;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Vault;

namespace RemoteMonitoring.Risk.Tests.Elsewhere;

public sealed class HttpModelTests
{
    private static readonly float[] s_weights = [-3, 0.02f, 0.6f];

    private static RiskModel Of(HttpEndpoint endpoint, string output = """, "output": { "as": "probability" }""", string features = ElsewhereCase.Three) =>
        ElsewhereCase.Model(ModelKind.Http, null, ElsewhereCase.Mapping(features, output), endpoint);

    [Fact]
    public void Rows_go_in_batches_as_columns_and_data_and_nothing_says_whose_they_are()
    {
        using var server = new LoopbackModel((_, call) => (200, LoopbackModel.Logistic(call, s_weights, -2)));
        var table = ElsewhereCase.Table(100, missing: 0.3);
        var raw = Of(server.Endpoint).Score(table).Raw;
        for (var row = 0; row < table.Rows; row++)
        {
            var mapped = ElsewhereCase.Mapped(table, row);
            Assert.Equal((mapped[0] * s_weights[0]) + (mapped[1] * s_weights[1]) + (mapped[2] * s_weights[2]) - 2, raw[row], 1e-4);
        }

        Assert.Equal([40, 40, 20], server.Received.Select(r => JsonNode.Parse(r.Body)!["input_data"]!["data"]!.AsArray().Count));
        Assert.All(server.Received, r => Assert.Equal(["oxygen", "pulse", "gain"], JsonNode.Parse(r.Body)!["input_data"]!["columns"]!.AsArray().Select(c => c!.GetValue<string>())));
        Assert.All(server.Received, r => Assert.DoesNotContain("patient", r.Body, StringComparison.Ordinal));
        Assert.All(server.Received, r => Assert.Null(r.Authorization));
    }

    [Fact]
    public void What_is_unknown_and_has_no_value_for_it_goes_as_null()
    {
        using var server = new LoopbackModel((_, call) => (200, "[" + string.Join(',', call["input_data"]!["data"]!.AsArray().Select(_ => "0.5")) + "]"));
        Of(server.Endpoint, features: """{ "name": "a", "column": "age" }""").Score(ElsewhereCase.Table(2));
        Assert.Contains("\"data\":[[null],[null]]", server.Received[0].Body, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("""{"predictions":[0.1,0.2],"took":3}""", "probability", null)]
    [InlineData("""{"other":[1],"risk":[[0.1],[0.2]]}""", "probability", "risk")]
    [InlineData("[[0.9,0.1],[0.8,0.2]]", "two-classes", null)]
    [InlineData("[-2.1972245773362196,-1.3862943611198906]", "log-odds", null)]
    public void Answers_come_in_the_forms_that_endpoints_give(string body, string meaning, string? name)
    {
        using var server = new LoopbackModel((_, _) => (200, body));
        var output = $$""", "output": { {{(name is null ? "" : $"\"name\": \"{name}\", ")}}"as": "{{meaning}}" }""";
        var p = Of(server.Endpoint, output).Score(ElsewhereCase.Table(2)).P;
        Assert.Equal(0.1, p[0], 1e-9);
        Assert.Equal(0.2, p[1], 1e-9);
    }

    [Theory]
    [InlineData("[null, 0.2]")]
    [InlineData("[\"NaN\", 0.2]")]
    [InlineData("[1.5, 0.2]")] // no probability
    public void A_row_without_a_number_has_no_score_and_the_others_have_theirs(string body)
    {
        using var server = new LoopbackModel((_, _) => (200, body));
        var scores = Of(server.Endpoint).Score(ElsewhereCase.Table(2));
        Assert.True(double.IsNaN(scores.Raw[0]) && double.IsNaN(scores.P[0]));
        Assert.Equal(0.2, scores.P[1], 1e-9);
    }

    [Theory]
    [InlineData(500)]
    [InlineData(503)]
    [InlineData(429)]
    public void A_fault_that_passes_is_waited_out(int status)
    {
        using var server = new LoopbackModel((call, _) => call < 3 ? (status, "") : (200, "[0.1,0.2]"));
        Assert.Equal(0.1, Of(server.Endpoint).Score(ElsewhereCase.Table(2)).P[0], 1e-9);
        Assert.Equal(3, server.Calls);
    }

    [Fact]
    public void One_that_stays_is_told_and_may_pass_later()
    {
        using var server = new LoopbackModel((_, _) => (503, "patient-0 is not well"));
        var fault = Assert.Throws<ElsewhereException>(() => Of(server.Endpoint).Score(ElsewhereCase.Table(2)));
        Assert.Equal(("the model at 127.0.0.1 answered HTTP 503, 3 times", true), (fault.Message, fault.MayPass));
        Assert.True(ElsewhereException.IsAway(fault.Message));
    }

    [Fact]
    public void An_endpoint_that_does_not_answer_in_time_or_is_not_there_may_pass_later()
    {
        HttpEndpoint gone;
        using (var server = new LoopbackModel((_, _) => null))
        {
            gone = server.Endpoint;
            var slow = Assert.Throws<ElsewhereException>(() => Of(server.Endpoint with { Timeout = TimeSpan.FromMilliseconds(200) }).Score(ElsewhereCase.Table(2)));
            Assert.Equal(("the model at 127.0.0.1 did not answer within 0.2 s, 3 times", true), (slow.Message, slow.MayPass));
        }

        var away = Assert.Throws<ElsewhereException>(() => Of(gone).Score(ElsewhereCase.Table(2)));
        Assert.Contains("could not be reached", away.Message, StringComparison.Ordinal);
        Assert.True(away.MayPass);
    }

    [Fact]
    public void Who_is_told_to_stop_waits_no_longer()
    {
        using var stop = new CancellationTokenSource();
        using var server = new LoopbackModel((_, _) =>
        {
            stop.Cancel();
            return null;
        });
        Assert.ThrowsAny<OperationCanceledException>(() => Of(server.Endpoint).Score(ElsewhereCase.Table(2), 1, stop.Token));
        Assert.Equal(1, server.Calls);
    }

    [Theory]
    [InlineData(401, "", "answered HTTP 401")]
    [InlineData(404, "", "answered HTTP 404")]
    [InlineData(302, "", "answered HTTP 302")]
    [InlineData(200, "[0.1]", "gave 1 answers for 2 rows")]
    [InlineData(200, "[0.1,0.2,0.3]", "gave 3 answers for 2 rows")]
    [InlineData(200, "<html>", "did not answer with JSON")]
    [InlineData(200, "3", "answered with neither an array nor an object")]
    [InlineData(200, """{"a":[1,2],"b":[3,4]}""", "answered with 2 arrays: name the one of the scores")]
    [InlineData(200, """[{"p":1},{"p":2}]""", "gave something else than a number")]
    [InlineData(200, "[[0.1,0.9],[0.2,0.8]]", "gave 2 numbers a row where 1 was due")]
    public void A_fault_that_would_come_again_is_not_asked_for_again(int status, string body, string says)
    {
        using var server = new LoopbackModel((_, _) => (status, body));
        var fault = Assert.Throws<ElsewhereException>(() => Of(server.Endpoint).Score(ElsewhereCase.Table(2)));
        Assert.Contains(says, fault.Message, StringComparison.Ordinal);
        Assert.False(fault.MayPass);
        Assert.Equal(1, server.Calls);
    }

    [Fact]
    public void The_key_is_read_from_the_variable_that_the_document_names_and_never_kept()
    {
        const string Variable = "RMON_MODEL_KEY_TEST";
        using var server = new LoopbackModel((_, _) => (200, "[0.1,0.2]"));
        var model = Of(server.Endpoint with { KeyVariable = Variable });
        Assert.Contains(Variable, Assert.Throws<ElsewhereException>(() => model.Score(ElsewhereCase.Table(2))).Message, StringComparison.Ordinal);
        Assert.Equal(0, server.Calls);
        Environment.SetEnvironmentVariable(Variable, "open-sesame");
        model.Score(ElsewhereCase.Table(2));
        Environment.SetEnvironmentVariable(Variable, null);
        Assert.Equal("Bearer open-sesame", server.Received[0].Authorization);
        var document = ModelFiles.Save(model).Single(f => f.Key == ModelFiles.DocumentName).Value;
        Assert.Contains(Variable, System.Text.Encoding.UTF8.GetString(document), StringComparison.Ordinal);
        Assert.DoesNotContain("sesame", System.Text.Encoding.UTF8.GetString(document), StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(System.Net.HttpStatusCode.ServiceUnavailable, true)]
    [InlineData(System.Net.HttpStatusCode.TooManyRequests, true)]
    [InlineData(System.Net.HttpStatusCode.Forbidden, false)]
    public void A_key_that_a_busy_vault_does_not_give_may_be_had_later_and_one_that_it_refuses_may_not(System.Net.HttpStatusCode status, bool mayPass)
    {
        using var vault = new FakeVault("one") { Status = status };
        using var server = new LoopbackModel((_, _) => (200, "[0.1,0.2]"));
        var secrets = new SecretSettings(_ => vault.Url, new VaultClock(), new FakeToken(), vault.Options);
        var model = new HttpModel(
            server.Endpoint with { KeyVariable = "RMON_MODEL_KEY_TEST" }, new MappedColumns(FeatureMapping.Read(ElsewhereCase.Mapping(output: """, "output": { "as": "probability" }"""), "features.json"), [.. FeatureSet.Home.Columns]), secrets);
        var fault = Assert.Throws<ElsewhereException>(() => model.Raw(new FeatureMatrix(new float[6], 3), default));
        Assert.Equal((mayPass, 0), (fault.MayPass, server.Calls));
    }

    [Fact]
    public void A_key_that_is_replaced_in_the_vault_is_sent_at_once_where_the_one_of_before_is_refused()
    {
        using var vault = new FakeVault("one");
        var clock = new VaultClock();
        var secrets = new SecretSettings(_ => vault.Url, clock, new FakeToken(), vault.Options);
        var taken = "Bearer one";
        LoopbackModel? endpoint = null;
        using var server = endpoint = new LoopbackModel((call, _) => endpoint!.Received[call - 1].Authorization == taken ? (200, "[0.1,0.2]") : (401, ""));
        var model = new HttpModel(
            server.Endpoint with { KeyVariable = "RMON_MODEL_KEY_TEST" }, new MappedColumns(FeatureMapping.Read(ElsewhereCase.Mapping(output: """, "output": { "as": "probability" }"""), "features.json"), [.. FeatureSet.Home.Columns]), secrets);
        var rows = new FeatureMatrix(new float[6], 3);
        model.Raw(rows, default);
        (vault.Secret, taken) = ("two", "Bearer two");
        clock.Pass(SecretSettings.LeastBetween);
        model.Raw(rows, default);
        Assert.Equal(["Bearer one", "Bearer one", "Bearer two"], server.Received.Select(r => r.Authorization));

        // Where there is no other it is not asked for again.
        taken = "Bearer three";
        clock.Pass(SecretSettings.LeastBetween);
        Assert.Contains("HTTP 401", Assert.Throws<ElsewhereException>(() => model.Raw(rows, default)).Message, StringComparison.Ordinal);
        Assert.Equal(4, server.Calls);

        // A key that no header can have takes no good one's place.
        (vault.Secret, taken) = ("with spaces in it", "Bearer two");
        clock.Pass(SecretSettings.RefreshAfter);
        model.Raw(rows, default);
        Assert.Equal(5, server.Calls);
    }

    [Theory]
    [InlineData("http://models.example/score", "https://")]
    [InlineData("ftp://models.example/score", "https://")]
    [InlineData("https://ada:secret@models.example/score", "name the variable")]
    [InlineData("https://models.example/score?code=secret", "a key goes into a variable")]
    [InlineData("https://models.example/score?api-version=2026-01-01&code=secret", "a key goes into a variable")]
    [InlineData("https://models.example/score#secret", "a key goes into a variable")]
    public void An_address_without_tls_or_with_a_password_is_refused(string url, string says)
    {
        var message = Assert.Throws<ModelException>(() => Of(new HttpEndpoint { Url = new Uri(url) })).Message;
        Assert.Contains(says, message, StringComparison.Ordinal);
        Assert.DoesNotContain("secret", message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("RMON_REFERENCE_KEY")]
    [InlineData("AZURE_CLIENT_SECRET")]
    [InlineData("RMON_MODEL_KEY open-sesame")]
    public void No_other_secret_of_the_process_is_sent_to_an_endpoint(string variable) => Assert.Contains(
        "begins with RMON_MODEL_KEY", Assert.Throws<ModelException>(() => Of(new HttpEndpoint { Url = new Uri("https://models.example/score"), KeyVariable = variable })).Message, StringComparison.Ordinal);

    [Fact]
    public void It_is_the_same_model_after_saving_and_loading()
    {
        using var server = new LoopbackModel((_, _) => (200, "[0.1,0.2]"));
        var files = new Dictionary<string, byte[]>(ModelFiles.Save(Of(server.Endpoint)));
        var loaded = ModelFiles.Load(files, null);
        Assert.Equal(server.Endpoint, loaded.Document.Endpoint);
        Assert.Equal(0.2, loaded.Score(ElsewhereCase.Table(2)).P[1], 1e-9);
    }
}
