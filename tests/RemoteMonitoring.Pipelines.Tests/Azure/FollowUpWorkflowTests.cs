using System.Text.Json.Nodes;
using System.Text.RegularExpressions;
using NJsonSchema;

namespace RemoteMonitoring.Pipelines.Tests.Azure;

/// <summary>The workflow of Logic Apps against the contract of what is sent to it.</summary>
[Collection(EvaluatedHomes.Name)]
public sealed partial class FollowUpWorkflowTests(AzureHomes homes)
{
    private static readonly JsonNode s_definition = JsonNode.Parse(Repository.Read("pipelines/logicapps/follow-up.workflow.json"))!["definition"]!;

    private static readonly JsonNode s_schema = JsonNode.Parse(Repository.Read("pipelines/logicapps/follow-up.schema.json"))!;

    [Fact]
    public void The_trigger_takes_the_schema_of_the_contract_and_keeps_what_does_not_fit_it_out()
    {
        var trigger = Assert.Single(s_definition["triggers"]!.AsObject()).Value!;
        Assert.True(JsonNode.DeepEquals(s_schema, trigger["inputs"]!["schema"]));
        Assert.Equal("POST", trigger["inputs"]!["method"]!.GetValue<string>());
        Assert.Equal("EnableSchemaValidation", trigger["operationOptions"]!.GetValue<string>());
    }

    [Fact]
    public void Each_field_that_is_used_is_one_of_the_contract_and_one_that_may_be_missing_is_asked_for_with_care()
    {
        var used = Field().Matches(s_definition.ToJsonString(s_plain)).Select(m => string.Join('.', Name().Matches(m.Groups[1].Value).Select(n => n.Groups[1].Value))).Distinct().ToArray();
        Assert.Contains("acknowledge", used);
        Assert.Contains("patient.id", used);
        Assert.DoesNotContain(used, field => Schema(field) is null);
        Assert.Null(Schema("patient.name")); // else anything would be found
        Assert.Null(Schema("severity"));
        foreach (var field in used.Where(field => !IsRequired(field) && field != "patient.id"))
        {
            var path = string.Concat(field.Split('.').Select(n => $"?['{n}']"));
            Assert.DoesNotMatch($@"(?<!coalesce\()triggerBody\(\){Regex.Escape(path)}", s_definition.ToJsonString(s_plain));
        }
    }

    [Theory]
    [InlineData("listed.json")]
    [InlineData("urgent.json")]
    [InlineData("escalation-for-a-record.json")]
    public async Task The_samples_of_the_contract_are_taken(string sample)
    {
        var schema = await JsonSchema.FromJsonAsync(Assert.Single(s_definition["triggers"]!.AsObject()).Value!["inputs"]!["schema"]!.ToJsonString());
        Assert.Empty(schema.Validate(Repository.Read($"tests/golden/follow-ups/{sample}")));
        Assert.NotEmpty(schema.Validate("""{"schemaVersion":1}"""));
    }

    [Fact]
    public void It_is_written_down_before_anybody_is_told_and_answered_before_anybody_is_waited_for()
    {
        Assert.Equal(["Is_fresh"], After("Write_down"));
        Assert.Equal(["Write_down"], After("Was_told"));
        Assert.Equal(["Was_told"], After("Card"));
        Assert.Equal(["Card"], After("Answer_to_Teams"));
        Assert.Equal(["Answer_to_Teams"], After("Answer_to_mail"));
        Assert.All(["Tell_in_Teams", "Tell_by_mail", "Hand_over_to_the_record"], (string way) => Assert.Equal(["Answer_to_mail"], After(way)));
        var write = s_definition["actions"]!["Write_down"]!["inputs"]!;
        Assert.Equal("@triggerBody()?['key']", write["body"]!["PartitionKey"]!.GetValue<string>());
        Assert.Equal("@triggerBody()?['purpose']", write["body"]!["RowKey"]!.GetValue<string>());
        Assert.Equal("ManagedServiceIdentity", write["authentication"]!["type"]!.GetValue<string>());
        Assert.Equal([200, 202, 401, 503], Actions(s_definition).Where(a => a.Json["type"]!.GetValue<string>() == "Response").Select(a => a.Json["inputs"]!["statusCode"]!.GetValue<int>()).Order());
    }

    [Fact]
    public void A_button_answers_by_a_post_to_the_address_as_it_came()
    {
        var answers = Actions(s_definition).Where(a => a.Name.StartsWith("Acknowledge_", StringComparison.Ordinal)).ToArray();
        Assert.Equal(2, answers.Length);
        Assert.All(answers, a =>
        {
            Assert.Equal("POST", a.Json["inputs"]!["method"]!.GetValue<string>());
            Assert.Equal("@{triggerBody()?['acknowledge']}", a.Json["inputs"]!["uri"]!.GetValue<string>());
            Assert.Null(a.Json["inputs"]!["body"]);
        });
    }

    [Theory]
    [InlineData("Tell_in_Teams", "Post_card_and_wait", "If_pressed_from_Teams")]
    [InlineData("Tell_by_mail", "Send_mail_and_wait", "If_pressed_from_mail")]
    public void A_pressed_button_is_told_of_apart_from_telling_and_again_while_others_act(string way, string send, string press)
    {
        // Only sending is within what says whether somebody was told; what follows comes whatever became of it.
        Assert.Equal([send], s_definition["actions"]![way]!["actions"]!.AsObject().Select(a => a.Key));
        var pressed = s_definition["actions"]![press]!;
        Assert.Equal(s_anyEnd, pressed["runAfter"]![way]!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Equal($"@actions('{send}')?['status']", pressed["expression"]!["and"]![0]!["equals"]![0]!.GetValue<string>());
        var until = Assert.Single(pressed["actions"]!.AsObject()).Value!;
        Assert.Equal("Until", until["type"]!.GetValue<string>());
        var note = until["actions"]!.AsObject().Single(a => a.Value!["type"]!.GetValue<string>() == "SetVariable").Value!;
        var acknowledge = Assert.Single(note["runAfter"]!.AsObject());
        Assert.StartsWith("Acknowledge_", acknowledge.Key, StringComparison.Ordinal);
        Assert.Equal(["Succeeded", "Failed", "TimedOut"], acknowledge.Value!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Equal($"@coalesce(outputs('{acknowledge.Key}')?['statusCode'], 503)", note["inputs"]!["value"]!.GetValue<string>());
        Assert.Equal($"@not(equals(variables('{note["inputs"]!["name"]}'), 409))", until["expression"]!.GetValue<string>());
        Assert.Contains(Actions(until), a => a.Json["type"]!.GetValue<string>() == "Wait");
    }

    [Fact]
    public void It_ends_as_failed_where_somebody_was_not_told_or_a_press_is_not_on_record_and_only_the_first_forgets()
    {
        var last = s_definition["actions"]!["Is_somebody_not_told"]!;
        Assert.Equal(["If_pressed_from_Teams", "If_pressed_from_mail", "Hand_over_to_the_record"], last["runAfter"]!.AsObject().Select(a => a.Key));
        Assert.All(last["runAfter"]!.AsObject(), a => Assert.Equal(s_anyEnd, a.Value!.AsArray().Select(s => s!.GetValue<string>())));
        Assert.DoesNotContain(s_definition["actions"]!.AsObject(), a => a.Value!["runAfter"]!.AsObject().ContainsKey("Is_somebody_not_told"));
        Assert.Equal(["Forget_that_it_was_told", "Fail"], last["actions"]!.AsObject().Select(a => a.Key));
        var lost = last["else"]!["actions"]!["Is_a_press_not_on_record"]!;
        Assert.Equal("Terminate", Assert.Single(lost["actions"]!.AsObject()).Value!["type"]!.GetValue<string>());
        // What the pages answer where there is nothing more to do, and 0 for no press: pipelines/logicapps/README.md, "Buttons".
        Assert.Equal(2, lost["expression"]!.ToJsonString(s_plain).Split("@createArray(0, 200, 403, 404)").Length - 1);
    }

    [Fact]
    public void Each_run_takes_more_old_rows_out_than_it_puts_in_and_fails_by_none_that_stays()
    {
        var forget = s_definition["actions"]!["Forget_the_old"]!;
        Assert.Equal(["Answer_to_mail"], After("Forget_the_old")); // answered already: nobody waits for it
        var find = forget["actions"]!["Find_old"]!["inputs"]!["uri"]!.GetValue<string>();
        var days = int.Parse(OlderThan().Match(find).Groups[1].Value, System.Globalization.CultureInfo.InvariantCulture);
        // The receiver's part of the contract: pipelines/logicapps/README.md, "Once, though it comes twice".
        Assert.Equal(14, days);
        Assert.Contains("kept for two weeks", Repository.Read("pipelines/logicapps/README.md"), StringComparison.Ordinal);
        Assert.Contains("$top=100&", find, StringComparison.Ordinal);
        Assert.Contains("Timestamp lt datetime''", find, StringComparison.Ordinal);
        var one = Assert.Single(forget["actions"]!["Each_old"]!["actions"]!.AsObject()).Value!["inputs"]!;
        Assert.Equal("DELETE", one["method"]!.GetValue<string>());
        // The row as it was written, and as it is forgotten where somebody was not told.
        var forgotten = s_definition["actions"]!["Is_somebody_not_told"]!["actions"]!["Forget_that_it_was_told"]!["inputs"]!;
        Assert.Equal(forgotten["uri"]!.GetValue<string>().Replace("triggerBody()?['key']", "item()?['PartitionKey']", StringComparison.Ordinal).Replace("triggerBody()?['purpose']", "item()?['RowKey']", StringComparison.Ordinal), one["uri"]!.GetValue<string>());
        Assert.Equal(forgotten["headers"]!.ToJsonString(), one["headers"]!.ToJsonString());
        // Nothing waits for it, and whatever became of it the branch ends well.
        Assert.Equal(["Old_rows_can_wait"], s_definition["actions"]!.AsObject().Where(a => a.Value!["runAfter"]!.AsObject().ContainsKey("Forget_the_old")).Select(a => a.Key));
        Assert.Equal(s_anyEnd, s_definition["actions"]!["Old_rows_can_wait"]!["runAfter"]!["Forget_the_old"]!.AsArray().Select(s => s!.GetValue<string>()));
        Assert.Equal("Compose", s_definition["actions"]!["Old_rows_can_wait"]!["type"]!.GetValue<string>());
    }

    [Fact]
    public void Who_the_patient_is_goes_to_the_record_alone()
    {
        var naming = Actions(s_definition).Where(a => a.Json["actions"] is null && a.Json.ToJsonString(s_plain).Contains("['patient']?['id']", StringComparison.Ordinal)).Select(a => a.Name);
        Assert.Equal(["Make_Task"], naming);
    }

    [Fact]
    public void What_was_sent_is_shown_in_no_history_of_runs()
    {
        var trigger = Assert.Single(s_definition["triggers"]!.AsObject()).Value!;
        Assert.Contains("outputs", trigger["runtimeConfiguration"]!["secureData"]!["properties"]!.ToJsonString(), StringComparison.Ordinal);
        var telling = Actions(s_definition).Where(a => a.Json["type"]!.GetValue<string>() is "Http" or "ApiConnectionWebhook" or "InitializeVariable" && a.Name is not ("Write_down" or "Forget_that_it_was_told" or "Answer_to_Teams" or "Answer_to_mail"));
        Assert.All(telling, a => Assert.Contains("inputs", a.Json["runtimeConfiguration"]?["secureData"]?["properties"]?.ToJsonString() ?? $"{a.Name} shows", StringComparison.Ordinal));
    }

    [Fact]
    public void Each_action_runs_after_one_of_its_own_scope_and_each_parameter_is_declared_and_given()
    {
        foreach (var scope in Scopes(s_definition))
        {
            Assert.All(scope, a => Assert.All(a.Value!["runAfter"]?.AsObject() ?? [], before => Assert.True(scope.ContainsKey(before.Key), $"{a.Key} runs after {before.Key}")));
        }

        var declared = s_definition["parameters"]!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal);
        var used = Parameter().Matches(s_definition.ToJsonString(s_plain)).Select(m => m.Groups[1].Value).Distinct().Order(StringComparer.Ordinal);
        var given = homes.Prod.Single(r => r.Type == "Microsoft.Logic/workflows").At("properties.parameters")!.AsObject().Select(p => p.Key).Order(StringComparer.Ordinal);
        Assert.Equal(declared, used);
        Assert.Equal(declared, given);
    }

    private static readonly System.Text.Json.JsonSerializerOptions s_plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private static readonly string[] s_anyEnd = ["Succeeded", "Failed", "TimedOut", "Skipped"];

    /// <summary>The actions that tell somebody, by whose end it is judged whether they were told.</summary>
    internal static IEnumerable<string> Sends => SendStatus().Matches(s_definition["actions"]!["Is_somebody_not_told"]!["expression"]!.ToJsonString(s_plain)).Select(m => m.Groups[1].Value).Distinct();

    private static string[] After(string action) => [.. s_definition["actions"]![action]!["runAfter"]!.AsObject().Select(a => a.Key)];

    private static JsonNode? Schema(string field) => field.Split('.').Aggregate((JsonNode?)s_schema, (node, name) => node?["properties"]?[name]);

    private static bool IsRequired(string field)
    {
        var (node, required) = ((JsonNode?)s_schema, true);
        foreach (var name in field.Split('.'))
        {
            required &= node!["required"]!.AsArray().Any(r => r!.GetValue<string>() == name);
            node = node["properties"]![name];
        }

        return required;
    }

    /// <summary>All maps of actions: the workflow's own, and those within conditions and scopes.</summary>
    private static IEnumerable<JsonObject> Scopes(JsonNode node)
    {
        foreach (var inner in (JsonNode?[])[node["actions"], node["else"]?["actions"]])
        {
            if (inner is JsonObject actions)
            {
                yield return actions;
                foreach (var deeper in actions.SelectMany(a => Scopes(a.Value!)))
                {
                    yield return deeper;
                }
            }
        }
    }

    private static IEnumerable<(string Name, JsonNode Json)> Actions(JsonNode node) => Scopes(node).SelectMany(scope => scope.Select(a => (a.Key, a.Value!)));

    [GeneratedRegex(@"triggerBody\(\)((?:\?\['\w+'\])+)")]
    private static partial Regex Field();

    [GeneratedRegex(@"\?\['(\w+)'\]")]
    private static partial Regex Name();

    [GeneratedRegex(@"@actions\('(\w+)'\)\?\['status'\]")]
    private static partial Regex SendStatus();

    [GeneratedRegex(@"addDays\(utcNow\(\), -(\d+), 'yyyy-MM-ddTHH:mm:ssZ'\)")]
    private static partial Regex OlderThan();

    [GeneratedRegex(@"parameters\('([$\w]+)'\)")]
    private static partial Regex Parameter();
}
