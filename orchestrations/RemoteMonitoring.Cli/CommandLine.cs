using System.Text.RegularExpressions;

namespace RemoteMonitoring.Cli;

/// <summary>
/// How a further command is typed by who started this one: texts name commands as <c>rmon …</c>, and where the program was started with <c>dotnet run</c> there is no
/// <c>rmon</c> on the path; and of several cohorts, or of a home that was named, a command that names neither means another, or none. All that is said to people passes through here.
/// </summary>
internal static partial class CommandLine
{
    private const string Program = "rmon";
    private const string Project = "RemoteMonitoring.Cli.csproj";

    private static readonly string s_prefix = PrefixOf(Environment.ProcessPath, Environment.CurrentDirectory);
    private static readonly AsyncLocal<Meant?> s_meant = new();

    /// <summary>Begins a run of the program, whose command line named this home; null where it named none.</summary>
    public static void Begin(string? home) => s_meant.Value = new Meant { Home = home };

    /// <summary>From here on commands are about this cohort of a home that has others; null where it need not be named.</summary>
    public static void Mean(string? cohort)
    {
        if (s_meant.Value is { } meant)
        {
            meant.Cohort = cohort;
        }
    }

    /// <summary>A text whose commands can be typed as they stand.</summary>
    public static string AsTyped(string text) => AsTyped(text, s_prefix, s_meant.Value?.Home, s_meant.Value?.Cohort);

    internal static string AsTyped(string text, string prefix, string? home, string? cohort) => prefix == Program && home is null && cohort is null ? text : Commands().Replace(text, hint =>
    {
        var (command, words) = (hint.Groups["command"].Value, hint.Groups["words"].Value);
        var takesNeither = command is "--help" or "simulate" or "tasks" or "train-snapshot" or "chaos" || words.Contains("--help", StringComparison.Ordinal);
        return $"{prefix} {command}{words}"
            + (takesNeither || cohort is null || command is "demo" or "restore" || words.Contains("--cohort", StringComparison.Ordinal) ? "" : $" --cohort {cohort}")
            + (takesNeither || home is null || words.Contains("--home", StringComparison.Ordinal) ? "" : $" --home {Quoted(home)}");
    });

    /// <summary>What the parser says of a value that it cannot read, without the names of .NET's types.</summary>
    internal static string InWords(string problem) => Unreadable().Replace(problem, fault =>
        $"{fault.Groups["what"].Value} takes {(fault.Groups["type"].Value is "Double" ? "a number" : fault.Groups["type"].Value is "UInt64" ? "a whole number from 0" : "a whole number")}, not '{fault.Groups["value"].Value}'.");

    /// <summary>
    /// What stands for <c>rmon</c>. <c>dotnet run</c> starts the program in the build's output, <c>{project}/bin/{configuration}/{framework}</c>: where the project's file lies three folders
    /// above the process it was started so, or could be; what was installed or published has none there.
    /// </summary>
    internal static string PrefixOf(string? processPath, string folder)
    {
        if (processPath is null || Path.GetFileNameWithoutExtension(processPath) != Program
            || Path.GetFullPath(Path.Combine(Path.GetDirectoryName(processPath)!, "..", "..", "..")) is not { } project || !File.Exists(Path.Combine(project, Project)))
        {
            return Program;
        }

        var near = Path.GetRelativePath(folder, project).Replace('\\', '/');
        return $"dotnet run --project {Quoted(near)} --";
    }

    private static string Quoted(string path) => path.Contains(' ', StringComparison.Ordinal) ? $"\"{path}\"" : path;

    [GeneratedRegex(@"^Cannot parse argument '(?<value>.*)' for (?:option|command) '(?<what>[^']*)' as expected type 'System\.(?:Nullable`1\[System\.)?(?<type>Double|Int32|Int64|UInt64)\]?'\.$", RegexOptions.Singleline)]
    private static partial Regex Unreadable();

    /// <summary>
    /// A command in a text: the program's name where a command follows it, and not in the name of something else, up to the quote that ends it; where none does, up to the end of the sentence.
    /// </summary>
    [GeneratedRegex(@"(?<![\w./-])rmon (?<command>(--)?[a-z-]+)(?<words>(?<='rmon \S+)[^']*(?=')|.*?(?=\s*$|[.;:,)]+(\s|$)|\s\())")]
    private static partial Regex Commands();

    private sealed class Meant
    {
        public required string? Home { get; init; }

        public string? Cohort { get; set; }
    }
}
