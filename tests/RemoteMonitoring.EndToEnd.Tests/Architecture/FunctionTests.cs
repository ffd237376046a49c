using Microsoft.CodeAnalysis;
using Microsoft.CodeAnalysis.CSharp;
using Microsoft.CodeAnalysis.CSharp.Syntax;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;

namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>
/// The functions of the Azure host, by their sources: their packages are not on every registry, so they are not compiled here. On Azure a
/// workflow without a function is one that is started and never runs.
/// </summary>
public sealed class FunctionTests
{
    private static readonly string[] s_triggers = ["OrchestrationTrigger", "ActivityTrigger", "HttpTrigger", "TimerTrigger"];

    private static readonly IReadOnlyList<SyntaxNode> s_sources =
        [.. Repository.Sources("orchestrations/RemoteMonitoring.Functions").Select(path => CSharpSyntaxTree.ParseText(Repository.Read(path)).GetRoot())];

    private static readonly IReadOnlyList<Function> s_functions =
    [
        .. from method in s_sources.SelectMany(source => source.DescendantNodes().OfType<MethodDeclarationSyntax>())
           from attribute in method.AttributeLists.SelectMany(list => list.Attributes)
           where attribute.Name.ToString() == "Function"
           select new Function(attribute.ArgumentList!.Arguments.Single().Expression, method),
    ];

    private static readonly WorkflowRegistry s_registry = WorkflowCatalog.Compose((_, _) => throw new NotSupportedException(), () => throw new NotSupportedException(), TimeProvider.System);

    [Fact]
    public void Every_workflow_has_a_function_and_every_such_function_a_workflow() => Assert.Equal(s_registry.Workflows.Order(), With("OrchestrationTrigger").Select(f => f.Name).Order());

    [Fact]
    public void Every_activity_has_a_function_and_every_such_function_an_activity() =>
        Assert.Equal(s_registry.Activities.Append("claim-instance").Order(), With("ActivityTrigger").Select(f => f.Name).Order());

    [Fact]
    public void A_function_runs_what_it_is_named_after() => Assert.All(
        With("OrchestrationTrigger").Concat(With("ActivityTrigger").Where(f => f.Name != "claim-instance")),
        function => Assert.Equal(function.NameExpression.ToString(), function.Method.DescendantNodes().OfType<InvocationExpressionSyntax>().Single().ArgumentList.Arguments[0].ToString()));

    [Fact]
    public void Names_stand_for_what_there_is() => Assert.Equal(
        s_registry.Workflows.Concat(s_registry.Activities).Order(),
        typeof(WorkflowNames).GetFields().Select(f => (string)f.GetRawConstantValue()!).Order());

    [Fact]
    public void Whoever_asks_over_http_has_a_key()
    {
        Assert.Equal(6, With("HttpTrigger").Count());
        Assert.All(With("HttpTrigger"), function => Assert.Equal("AuthorizationLevel.Function", function.Trigger("HttpTrigger")!.ArgumentList!.Arguments[0].ToString()));
    }

    [Fact]
    public void Every_function_has_one_trigger() => Assert.All(s_functions, f => Assert.Single(s_triggers, trigger => f.Trigger(trigger) is not null));

    private static IEnumerable<Function> With(string trigger) => s_functions.Where(f => f.Trigger(trigger) is not null);

    private sealed record Function(ExpressionSyntax NameExpression, MethodDeclarationSyntax Method)
    {
        public string Name => NameExpression switch
        {
            LiteralExpressionSyntax literal => literal.Token.ValueText,
            IdentifierNameSyntax name => (string)typeof(WorkflowNames).GetField(name.Identifier.ValueText)!.GetRawConstantValue()!,
            MemberAccessExpressionSyntax member => ConstantOf(member.Name.Identifier.ValueText),
            _ => throw new InvalidOperationException($"The name of a function is a constant; {NameExpression} is none."),
        };

        public AttributeSyntax? Trigger(string name) => Method.ParameterList.Parameters.SelectMany(p => p.AttributeLists).SelectMany(list => list.Attributes).SingleOrDefault(a => a.Name.ToString() == name);

        private static string ConstantOf(string name) => s_sources
            .SelectMany(source => source.DescendantNodes().OfType<VariableDeclaratorSyntax>())
            .Where(variable => variable.Identifier.ValueText == name)
            .Select(variable => variable.Initializer?.Value)
            .OfType<LiteralExpressionSyntax>()
            .Single().Token.ValueText;
    }
}
