using System.Text.RegularExpressions;

namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>Files of workflows are short, and take nothing from elsewhere than their context: they are run again, and must come out the same.</summary>
public sealed partial class WorkflowTests
{
    private const int MostLinesOfCode = 110;

    private static readonly string[] s_files = [.. Repository.Sources("orchestrations").Where(path => path.EndsWith("Workflow.cs", StringComparison.Ordinal))];

    public static TheoryData<string> Files => [.. s_files];

    [Theory]
    [MemberData(nameof(Files))]
    public void A_workflow_is_short(string file) => Assert.InRange(Code(Repository.Read(file)).Split('\n').Count(line => !string.IsNullOrWhiteSpace(line)), 1, MostLinesOfCode);

    [Theory]
    [MemberData(nameof(Files))]
    public void A_workflow_takes_nothing_from_elsewhere_than_its_context(string file) => Assert.DoesNotMatch(Elsewhere(), Code(Repository.Read(file)));

    [Theory]
    [InlineData("await Task.Delay(1);")]
    [InlineData("var now = DateTime.UtcNow;")]
    [InlineData("var now = time.GetUtcNow();")]
    [InlineData("var id = Guid.NewGuid();")]
    [InlineData("await context.CallAsync(step, 1).ConfigureAwait(false);")]
    [InlineData("await Task.Run(Work);")]
    [InlineData("var lake = store.Lake;")]
    [InlineData("await documents.FindAsync(a, b, c, d);")]
    [InlineData("var name = Environment.MachineName;")]
    [InlineData("File.Delete(path);")]
    [InlineData("var cut = new CancellationTokenSource(1000);")]
    public void What_comes_from_elsewhere_is_found(string code) => Assert.Matches(Elsewhere(), Code(code));

    [Fact]
    public void Every_workflow_is_in_a_file_of_its_name_and_so_is_looked_at()
    {
        var defined = Repository.Sources(Repository.ProductFolders).Where(path => Definition().IsMatch(Code(Repository.Read(path))));
        Assert.Empty(defined.Except(s_files));
        Assert.NotEmpty(s_files);
    }

    /// <summary>Without comments.</summary>
    private static string Code(string text) => Comment().Replace(text, "");

    [GeneratedRegex(@"^\s*//.*$", RegexOptions.Multiline)]
    private static partial Regex Comment();

    [GeneratedRegex(@"WorkflowDefinition<[^;]*>\s+\w+\s*(\{ get; \}\s*)?=>?\s*new", RegexOptions.ExplicitCapture)]
    private static partial Regex Definition();

    [GeneratedRegex("""
        \b(DateTime|DateTimeOffset|TimeProvider|SystemClock|Stopwatch|Random|RandomNumberGenerator|HttpClient)\b
        |(?<!\.)\b(Environment|File|Directory|Path|Thread|ThreadPool|Parallel|Console)\.
        |\bGuid\.|\bGetUtcNow\b|\bConfigureAwait\b|\bTask\.(Run|Delay|Factory|Yield)\b|\bnew\s+(CancellationTokenSource|Timer|PeriodicTimer)\s*\(\s*[^)\s]|\bCancelAfter\b
        |\b[Ll]ake\b|\b[Dd]ocuments\.|\.Documents\b|\bCohortStore\b
        """, RegexOptions.ExplicitCapture | RegexOptions.IgnorePatternWhitespace)]
    private static partial Regex Elsewhere();
}
