namespace RemoteMonitoring.Cli;

/// <summary>The user asked for something that cannot be done; each line says what, and what to do.</summary>
internal sealed class UserException(IReadOnlyList<string> lines, int exitCode) : Exception(string.Join(' ', lines))
{
    public UserException(string message, int exitCode = ExitCodes.BadInput)
        : this([message], exitCode)
    {
    }

    public IReadOnlyList<string> Lines { get; } = lines;

    public int ExitCode { get; } = exitCode;
}

/// <summary>Exit codes of <c>rmon</c>; the README lists them.</summary>
internal static class ExitCodes
{
    public const int Done = 0;

    /// <summary>A fault of the program.</summary>
    public const int Fault = 1;

    /// <summary>A wrong command line.</summary>
    public const int Usage = 2;

    /// <summary>Input or storage that cannot be used; nothing that was there has changed.</summary>
    public const int BadInput = 3;

    /// <summary>Done, but some lines could not be read and are in quarantine.</summary>
    public const int DoneWithUnreadableLines = 4;

    /// <summary>Done, but not for everybody: the lists are out and name who is missing, or some days or steps failed. The same in kind as <see cref="DoneWithUnreadableLines"/>.</summary>
    public const int DoneInPart = 4;

    /// <summary>A run did not come out as it was when it was made again.</summary>
    public const int NotReproduced = 5;

    /// <summary>Stopped by the user.</summary>
    public const int Cancelled = 130;
}
