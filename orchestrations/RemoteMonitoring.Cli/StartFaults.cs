using System.CommandLine;
using System.Net;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows;

namespace RemoteMonitoring.Cli;

/// <summary>What is wrong with what a long-lived command was given, gathered so that all of it is said, a line each, before anything is done.</summary>
internal sealed class StartFaults
{
    private readonly List<string> _lines = [];
    private readonly bool _isReadable;
    private int _exitCode = ExitCodes.BadInput;

    private StartFaults(bool isReadable) => _isReadable = isReadable;

    /// <summary>What was gathered, a line each.</summary>
    public IReadOnlyList<string> Lines => _lines;

    /// <summary>Begins with what such commands have in common: the home and its settings, and the cohort.</summary>
    /// <param name="parsed">The command line. Where it cannot be read, what is wrong with it is said by who parsed it, and all that can be is checked.</param>
    public static StartFaults Of(ParseResult parsed)
    {
        var faults = new StartFaults(parsed.Errors.Count == 0);
        faults.Check(() => HostSettings.FaultsOf(GlobalOptions.SettingsOf(parsed)));
        if (faults.Try(() => GlobalOptions.HomeOf(parsed)) is not { } home)
        {
            return faults;
        }

        if (File.Exists(home))
        {
            faults.Add([$"{home}: is a file; name a folder with --home or RMON_HOME."]);
            return faults;
        }

        faults.Check(() =>
        {
            if (parsed.GetValue(GlobalOptions.Cohort) is { } cohort && !LakePaths.IsName(cohort))
            {
                return [$"--cohort '{cohort}' cannot be the name of a cohort: take letters, digits, '-', '_' and '.'."];
            }

            _ = GlobalOptions.LocalCohortOf(parsed);
            return [];
        });
        return faults;
    }

    public void Add(IEnumerable<string> lines, int exitCode = ExitCodes.Usage)
    {
        var before = _lines.Count;
        _lines.AddRange(lines);
        _exitCode = _lines.Count > before ? Math.Min(_exitCode, exitCode) : _exitCode;
    }

    /// <summary>Adds what a look finds; options of a command line that cannot be read are passed over.</summary>
    public void Check(Func<IEnumerable<string>> look) => Add(Try(look) ?? []);

    /// <summary>What is read, or its default where that throws what a user can mend, which is kept.</summary>
    public T? Try<T>(Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception e) when (Keeps(e))
        {
            return default;
        }
    }

    /// <summary>The same of what takes its time.</summary>
    public async Task<T?> TryAsync<T>(Func<Task<T>> read, int exitCode = ExitCodes.BadInput)
    {
        try
        {
            return await read();
        }
        catch (Exception e) when (Keeps(e, exitCode))
        {
            return default;
        }
    }

    /// <summary>The name that devices know this machine by: it goes into a certificate.</summary>
    public string? Host(Option<string> option, ParseResult parsed)
    {
        var host = Try(() => parsed.GetRequiredValue(option));
        if (host is not null && (!host.All(char.IsAscii) || Uri.CheckHostName(host) == UriHostNameType.Unknown))
        {
            Add([$"{option.Name} '{host}' is neither the name of a host nor an IP address."]);
        }

        return host;
    }

    /// <summary>An address to listen on.</summary>
    public IPAddress? Address(Option<string> option, ParseResult parsed)
    {
        if (Try(() => parsed.GetRequiredValue(option)) is not { } text)
        {
            return null;
        }

        if (IPAddress.TryParse(text, out var address))
        {
            return address;
        }

        Add([$"{option.Name} '{text}' is no IP address; give for instance 127.0.0.1, or 0.0.0.0 for all of this machine."]);
        return null;
    }

    /// <summary>Throws what was gathered, if anything was.</summary>
    public void Throw()
    {
        if (_lines.Count > 0)
        {
            throw new UserException([.. _lines], _exitCode);
        }
    }

    private bool Keeps(Exception e, int exitCode = ExitCodes.BadInput)
    {
        switch (e)
        {
            case UserException user:
                Add(user.Lines, user.ExitCode);
                return true;
            case LakeException or IOException or UnauthorizedAccessException or ArgumentException:
                Add([e.Message], exitCode);
                return true;
            case InvalidOperationException when !_isReadable:
                return true; // an option that cannot be read, and has its line
            default:
                return false;
        }
    }
}
