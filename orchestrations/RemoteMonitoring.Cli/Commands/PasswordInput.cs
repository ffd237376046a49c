using System.CommandLine;
using RemoteMonitoring.Worklist.Access;
using Spectre.Console;

namespace RemoteMonitoring.Cli.Commands;

/// <summary>A password for a user: asked for twice without an echo, read from standard input, or made. None is taken as an argument, which other users of the machine could read.</summary>
/// <param name="Text">The password.</param>
/// <param name="IsGenerated">Whether it was made here, and nobody knows it yet.</param>
internal sealed record PasswordInput(string Text, bool IsGenerated)
{
    public static Option<bool> FromStdin { get; } = new("--password-stdin") { Description = "Read the password from standard input, one line" };

    public static Option<bool> Generate { get; } = new("--generate") { Description = "Make a password, and print it once" };

    public static async Task<PasswordInput> OfAsync(ParseResult parsed, Terminal terminal, string userName, CancellationToken cancellationToken)
    {
        var (stdin, generate) = (parsed.GetValue(FromStdin), parsed.GetValue(Generate));
        if (stdin && generate)
        {
            throw new UserException("--password-stdin and --generate do not go together.", ExitCodes.Usage);
        }

        if (generate)
        {
            return New();
        }

        var text = stdin ? await Console.In.ReadLineAsync(cancellationToken) ?? "" : await AskAsync(terminal, cancellationToken);
        return PasswordRule.Refusal(text, userName) is { } refusal ? throw new UserException(refusal) : new PasswordInput(text, false);
    }

    /// <summary>A password at random.</summary>
    public static PasswordInput New() => new(PasswordRule.Make(), true);

    /// <summary>Prints one that was made: it is said this once, and kept nowhere.</summary>
    public void Show(Terminal terminal)
    {
        if (IsGenerated && !terminal.Json)
        {
            terminal.Line($"password: {Text}   (shown this once)");
        }
    }

    private static async Task<string> AskAsync(Terminal terminal, CancellationToken cancellationToken)
    {
        if (terminal.Json || Console.IsInputRedirected || !terminal.People.Profile.Out.IsTerminal)
        {
            throw new UserException("Nobody can be asked for a password here: give it with --password-stdin, or have one made with --generate.", ExitCodes.Usage);
        }

        var first = await terminal.People.PromptAsync(new TextPrompt<string>("Password:").Secret(null), cancellationToken);
        var second = await terminal.People.PromptAsync(new TextPrompt<string>("The same again:").Secret(null), cancellationToken);
        return first == second ? first : throw new UserException("The two were not the same. Nothing was changed.");
    }
}
