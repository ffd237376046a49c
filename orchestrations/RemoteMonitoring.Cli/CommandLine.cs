using System.Text.RegularExpressions;

namespace RemoteMonitoring.Cli;

/// <summary>
/// How a further command is typed by who started this one: texts name commands as <c>rmon …</c>, and where the program was started with <c>dotnet run</c> there is no
/// <c>rmon</c> on the path. All that is said to people passes through here.
/// </summary>
internal static partial class CommandLine
{
    private const string Program = "rmon";
    private const string Project = "RemoteMonitoring.Cli.csproj";

    private static readonly string s_prefix = PrefixOf(Environment.ProcessPath, Environment.CurrentDirectory);

    /// <summary>A text whose commands can be typed as they stand.</summary>
    public static string AsTyped(string text) => s_prefix == Program ? text : Commands().Replace(text, s_prefix);

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
        return $"dotnet run --project {(near.Contains(' ', StringComparison.Ordinal) ? $"\"{near}\"" : near)} --";
    }

    /// <summary>The program's name where a command follows it, and not in the name of something else.</summary>
    [GeneratedRegex(@"(?<![\w./-])rmon(?= (--)?[a-z])")]
    private static partial Regex Commands();
}
