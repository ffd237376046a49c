using System.CommandLine;
using RemoteMonitoring.Storage;

namespace RemoteMonitoring.Cli;

/// <summary>Options of every command, and what they stand for.</summary>
internal static class GlobalOptions
{
    public static Option<string?> Home { get; } = new("--home")
    {
        Description = "Data directory. Default: RMON_HOME, else ~/.rmon",
        HelpName = "DIR",
        Recursive = true,
    };

    public static Option<string?> Cohort { get; } = new("--cohort")
    {
        Description = "Which cohort of the home. Default: the only one there",
        HelpName = "NAME",
        Recursive = true,
    };

    public static Option<bool> Json { get; } = new("--json")
    {
        Description = "Print one JSON document on standard output; everything else goes to standard error",
        Recursive = true,
    };

    public static IReadOnlyList<Option> Options { get; } = [Home, Cohort, Json];

    public static string HomeOf(ParseResult parsed)
    {
        var home = parsed.GetValue(Home) ?? Environment.GetEnvironmentVariable("RMON_HOME");
        return Path.GetFullPath(string.IsNullOrWhiteSpace(home)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".rmon")
            : home);
    }

    public static Terminal TerminalOf(ParseResult parsed) => new(parsed.GetValue(Json));

    /// <summary>Opens the cohort that the command line means; there must be one already.</summary>
    public static CohortStore OpenCohort(ParseResult parsed)
    {
        var home = HomeOf(parsed);
        var cohorts = CohortStore.List(home);
        var named = parsed.GetValue(Cohort);
        return (named, cohorts) switch
        {
            (null, [var only]) => CohortStore.Open(home, only),
            (null, []) => throw new UserException($"{home}: holds no cohort yet. Run 'rmon demo', or 'rmon ingest FEED'."),
            (null, _) => throw new UserException($"{home}: holds several cohorts ({string.Join(", ", cohorts)}); name one with --cohort."),
            _ when cohorts.Contains(named) => CohortStore.Open(home, named),
            _ => throw new UserException($"{home}: holds no cohort '{named}'{(cohorts.Count > 0 ? $"; it has {string.Join(", ", cohorts)}" : "")}."),
        };
    }

    /// <summary>Opens the cohort that the command line means; null where it names none and the home does not hold just one.</summary>
    public static CohortStore? TryOpenCohort(ParseResult parsed) =>
        parsed.GetValue(Cohort) is null && CohortStore.List(HomeOf(parsed)) is not [_] ? null : OpenCohort(parsed);

    /// <summary>Opens the cohort that the command line means; one that is named is made where it is not there.</summary>
    public static CohortStore OpenOrMakeCohort(ParseResult parsed) => (parsed.GetValue(Cohort), CohortStore.List(HomeOf(parsed))) switch
    {
        ({ } named, _) => CohortStore.Open(HomeOf(parsed), named),
        (null, []) => throw new UserException($"{HomeOf(parsed)}: holds no cohort yet; name the one to begin with --cohort."),
        _ => OpenCohort(parsed),
    };
}
