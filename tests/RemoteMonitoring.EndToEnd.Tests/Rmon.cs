using System.Text.Json;
using RemoteMonitoring.Cli;

namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>What a run of the program said.</summary>
public sealed record RmonResult(int ExitCode, string Output, string Errors)
{
    /// <summary>The document that <c>--json</c> prints, and nothing else.</summary>
    public JsonElement Document => JsonDocument.Parse(Output).RootElement;

    /// <summary>What went to standard error, line by line.</summary>
    public string[] ErrorLines => Errors.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries);
}

/// <summary>Runs the program in this process, as its entry point would be run, with a home of its own that is removed afterwards.</summary>
public sealed class Rmon : IDisposable
{
    // Standard output belongs to the process: one run at a time.
    private static readonly SemaphoreSlim s_console = new(1);

    public string Home { get; } = Directory.CreateTempSubdirectory("rmon-test-").FullName;

    public string Folder(string name) => Path.Combine(Home, name);

    public Task<RmonResult> RunAsync(params string[] arguments) => RunWithInputAsync(null, arguments);

    /// <summary>The same with something on standard input.</summary>
    public async Task<RmonResult> RunWithInputAsync(string? typed, params string[] arguments)
    {
        await s_console.WaitAsync();
        var (input, output, errors) = (Console.In, Console.Out, Console.Error);
        using var types = new StringReader(typed ?? "");
        using var said = new StringWriter();
        using var complained = new StringWriter();
        try
        {
            if (typed is not null)
            {
                Console.SetIn(types);
            }

            Console.SetOut(said);
            Console.SetError(complained);
            var exitCode = await Program.Main([.. arguments, "--home", Home]);
            return new RmonResult(exitCode, said.ToString(), complained.ToString());
        }
        finally
        {
            Console.SetIn(input);
            Console.SetOut(output);
            Console.SetError(errors);
            s_console.Release();
        }
    }

    public void Dispose() => Directory.Delete(Home, recursive: true);
}
