using System.Diagnostics;
using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Cli.Worker;
using Spectre.Console;

namespace RemoteMonitoring.Cli;

/// <summary>
/// What the program says. People read tables and progress bars; with <c>--json</c> standard output carries one document and
/// nothing else, and what people read goes to standard error. Colours and bars only on a terminal.
/// </summary>
internal sealed class Terminal
{
    private static readonly JsonSerializerOptions s_json = new() { WriteIndented = true };
    private readonly TextWriter _documents;

    public Terminal(bool json)
        : this(json, Console.Out, Console.Error)
    {
    }

    public Terminal(bool json, TextWriter output, TextWriter errors)
    {
        Json = json;
        _documents = output;
        Errors = errors;
        People = AnsiConsole.Create(new AnsiConsoleSettings { Out = new AnsiConsoleOutput(json ? errors : output) });
        if (!People.Profile.Out.IsTerminal)
        {
            // Redirected text is for files and pipes: it is not cut to the width of a window that is not there.
            People.Profile.Width = 160;
        }
    }

    /// <summary>A count with its thousands apart.</summary>
    public static string Number(long value) => value.ToString("N0", CultureInfo.InvariantCulture);

    public bool Json { get; }

    public IAnsiConsole People { get; }

    public TextWriter Errors { get; }

    /// <summary>Loggers whose lines are sent to who collects them, beside what is said here; null where nobody does.</summary>
    public ILoggerFactory? Sent { get; set; }

    /// <summary>The log of a part of the program, on standard error.</summary>
    public TerminalLogger<T> Log<T>(LogLevel least = LogLevel.Information, params IReadOnlyList<string> silent) => new(Errors, TimeProvider.System, least, Sent?.CreateLogger<T>(), silent);

    /// <summary>Begins to send what the program tells of itself, where the environment asks for it; null where it does not.</summary>
    public TelemetryExport? StartExport(RunMeters meters)
    {
        var export = TelemetryExport.Start(Environment.GetEnvironmentVariable, Warn, meters);
        Sent = export?.Logs;
        return export;
    }

    /// <summary>Prints the one document of <c>--json</c>; does nothing without it.</summary>
    public void Document(JsonObject document)
    {
        if (Json)
        {
            _documents.WriteLine(document.ToJsonString(s_json));
        }
    }

    /// <summary>Says what somebody should know or mend, in a line on standard error.</summary>
    public void Warn(string line) => Errors.WriteLine($"rmon: {CommandLine.AsTyped(line.ReplaceLineEndings(" "))}");

    public void Line(string text = "") => People.WriteLine(CommandLine.AsTyped(text));

    /// <summary>Asks for a yes; where nobody can be asked, there is none.</summary>
    public async Task<bool> ConfirmAsync(string question, CancellationToken cancellationToken) =>
        !Json && People.Profile.Out.IsTerminal && !Console.IsInputRedirected && await People.ConfirmAsync(question, defaultValue: false, cancellationToken);

    public void Heading(string text)
    {
        People.WriteLine();
        People.MarkupLine($"[bold]{Markup.Escape(text)}[/]");
    }

    public void Table(IReadOnlyList<string> columns, IEnumerable<IReadOnlyList<string>> rows, params ReadOnlySpan<int> numeric)
    {
        var table = new Table { Border = TableBorder.Simple, ShowRowSeparators = false };
        for (var c = 0; c < columns.Count; c++)
        {
            var column = new TableColumn(Markup.Escape(columns[c])) { NoWrap = People.Profile.Width >= 110 && c < columns.Count - 1 };
            table.AddColumn(numeric.Contains(c) ? column.RightAligned() : column);
        }

        foreach (var row in rows)
        {
            table.AddRow([.. row.Select(cell => new Text(cell))]);
        }

        People.Write(table);
    }

    /// <summary>Whether progress is drawn; else it is for those who write to say what is worth a line.</summary>
    public bool DrawsProgress => People.Profile.Capabilities.Interactive && People.Profile.Out.IsTerminal;

    /// <summary>Runs a stage of work under a progress bar, then says in one line what came of it and how long it took; nothing where there is nothing good to say.</summary>
    public async Task<T> StageAsync<T>(string title, Func<IProgress<Fraction>, Task<(T Result, string Said)>> work)
    {
        var clock = Stopwatch.StartNew();
        (T Result, string Said) done = default;
        if (DrawsProgress)
        {
            await People.Progress().AutoClear(true).HideCompleted(true)
                .Columns(new SpinnerColumn(), new TaskDescriptionColumn(), new ProgressBarColumn(), new PercentageColumn(), new ElapsedTimeColumn())
                .StartAsync(async context =>
                {
                    var task = context.AddTask(Markup.Escape(title));
                    task.IsIndeterminate = true;
                    done = await work(new Bar(task, title));
                    task.Value = task.MaxValue;
                });
        }
        else
        {
            done = await work(new Silent());
        }

        if (done.Said is { Length: > 0 } said)
        {
            People.MarkupLine(string.Create(CultureInfo.InvariantCulture, $"[green]✓[/] {Markup.Escape(title),-11} {Markup.Escape(said)}  [grey]{clock.Elapsed.TotalSeconds:F1} s[/]"));
        }

        return done.Result;
    }

    private sealed class Bar(ProgressTask task, string title) : IProgress<Fraction>
    {
        public void Report(Fraction value)
        {
            task.IsIndeterminate = value.Total <= 0;
            task.MaxValue = Math.Max(value.Total, 1);
            // A task at its maximum counts as done and is hidden; there may be more to come.
            task.Value = value.Total <= 0 ? 0 : Math.Min(value.Done, value.Total - 0.01);
            task.Description = Markup.Escape(value.What is null ? title : $"{title}: {value.What}");
        }
    }

    private sealed class Silent : IProgress<Fraction>
    {
        public void Report(Fraction value)
        {
        }
    }
}

/// <summary>How far a stage is.</summary>
/// <param name="Done">Units done.</param>
/// <param name="Total">Units in all; 0 where unknown.</param>
/// <param name="What">What is being done, if more can be said than the stage's title.</param>
internal readonly record struct Fraction(long Done, long Total, string? What = null);
