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

    public static Option<string?> Blobs { get; } = new("--blobs")
    {
        Description = "Blob container of an Azure home: its URL, a connection string, or a Key Vault secret's URL. Default: RMON_BLOBS, else the home is local",
        HelpName = "URL",
        Recursive = true,
    };

    public static Option<string?> Cosmos { get; } = new("--cosmos")
    {
        Description = "Cosmos DB account of an Azure home: its URL, a connection string, or a Key Vault secret's URL. Default: RMON_COSMOS",
        HelpName = "URL",
        Recursive = true,
    };

    public static IReadOnlyList<Option> Options { get; } = [Home, Cohort, Json, Blobs, Cosmos];

    public static string HomeOf(ParseResult parsed)
    {
        var home = parsed.GetValue(Home) ?? Environment.GetEnvironmentVariable("RMON_HOME");
        return Path.GetFullPath(string.IsNullOrWhiteSpace(home)
            ? Path.Combine(Environment.GetFolderPath(Environment.SpecialFolder.UserProfile), ".rmon")
            : home);
    }

    /// <summary>The home of a command that is for local homes only.</summary>
    public static string LocalHomeOf(ParseResult parsed) => AzureOf(parsed) is null
        ? HomeOf(parsed)
        : throw new UserException($"'rmon {parsed.CommandResult.Command.Name}' is for local homes. For one in Azure use what its storage account, Cosmos DB and Key Vault offer.", ExitCodes.Usage);

    /// <summary>The cohorts of a local home that the command line means: the one it names, else all.</summary>
    public static IReadOnlyList<string> LocalCohortsOf(ParseResult parsed)
    {
        var home = LocalHomeOf(parsed);
        var cohorts = CohortStore.List(home);
        return (parsed.GetValue(Cohort), cohorts) switch
        {
            (_, []) => throw new UserException($"{home}: holds no cohort yet. Run 'rmon demo', or 'rmon ingest FEED'."),
            (null, _) => cohorts,
            ({ } named, _) when cohorts.Contains(named) => [named],
            ({ } named, _) => throw new UserException($"{home}: holds no cohort '{named}'; it has {string.Join(", ", cohorts)}."),
        };
    }

    public static Terminal TerminalOf(ParseResult parsed) => new(parsed.GetValue(Json));

    /// <summary>Opens the cohort that the command line means; there must be one already.</summary>
    public static async Task<CohortStore> OpenCohortAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var azure = AzureOf(parsed);
        var home = azure?.Name ?? HomeOf(parsed);
        var cohorts = await CohortsAsync(parsed, azure, cancellationToken);
        var named = parsed.GetValue(Cohort);
        return (named, cohorts) switch
        {
            (null, [var only]) => await OpenCohortAsync(parsed, only, cancellationToken),
            (null, []) => throw new UserException($"{home}: holds no cohort yet. Run 'rmon demo', or 'rmon ingest FEED'."),
            (null, _) => throw new UserException($"{home}: holds several cohorts ({string.Join(", ", cohorts)}); name one with --cohort."),
            _ when cohorts.Contains(named) => await OpenCohortAsync(parsed, named, cancellationToken),
            _ => throw new UserException($"{home}: holds no cohort '{named}'{(cohorts.Count > 0 ? $"; it has {string.Join(", ", cohorts)}" : "")}."),
        };
    }

    /// <summary>Opens a cohort of the home that the command line means, making it where it is not there.</summary>
    public static async Task<CohortStore> OpenCohortAsync(ParseResult parsed, string cohort, CancellationToken cancellationToken) => AzureOf(parsed) is { } azure
        ? await CohortStore.OpenAsync(azure, cohort, cancellationToken)
        : CohortStore.Open(HomeOf(parsed), cohort);

    /// <summary>Opens the cohort that the command line means; null where it names none and the home does not hold just one.</summary>
    public static async Task<CohortStore?> TryOpenCohortAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        parsed.GetValue(Cohort) is null && await CohortsAsync(parsed, AzureOf(parsed), cancellationToken) is not [_] ? null : await OpenCohortAsync(parsed, cancellationToken);

    /// <summary>Opens the cohort that the command line means; one that is named is made where it is not there.</summary>
    public static async Task<CohortStore> OpenOrMakeCohortAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        parsed.GetValue(Cohort) is { } named ? await OpenCohortAsync(parsed, named, cancellationToken)
        : await CohortsAsync(parsed, AzureOf(parsed), cancellationToken) is [] ? throw new UserException($"{AzureOf(parsed)?.Name ?? HomeOf(parsed)}: holds no cohort yet; name the one to begin with --cohort.")
        : await OpenCohortAsync(parsed, cancellationToken);

    /// <summary>The cohorts of the home that the command line means: the one it names, or all.</summary>
    public static async Task<IReadOnlyList<string>> CohortNamesAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var azure = AzureOf(parsed);
        var cohorts = await CohortsAsync(parsed, azure, cancellationToken);
        return parsed.GetValue(Cohort) is not { } named ? cohorts
            : cohorts.Contains(named) ? [named]
            : throw new UserException($"{azure?.Name ?? HomeOf(parsed)}: holds no cohort '{named}'{(cohorts.Count > 0 ? $"; it has {string.Join(", ", cohorts)}" : "")}.");
    }

    /// <summary>The Azure home that is set, or null; half of one is no home.</summary>
    private static AzureHome? AzureOf(ParseResult parsed)
    {
        var settings = SettingsOf(parsed);
        return AzureHome.Of(settings, HomeOf(parsed)) ?? (AzureHome.FaultsOf(settings) is [var fault, ..] ? throw new UserException(fault, ExitCodes.Usage) : null);
    }

    /// <summary>Settings as the environment has them, and the command line in place of those that it names.</summary>
    public static Func<string, string?> SettingsOf(ParseResult parsed) => name => name switch
    {
        "RMON_BLOBS" => parsed.GetValue(Blobs),
        "RMON_COSMOS" => parsed.GetValue(Cosmos),
        _ => null,
    } ?? Environment.GetEnvironmentVariable(name);

    private static async Task<IReadOnlyList<string>> CohortsAsync(ParseResult parsed, AzureHome? azure, CancellationToken cancellationToken) =>
        azure is null ? CohortStore.List(HomeOf(parsed)) : await CohortStore.ListAsync(azure, cancellationToken);
}
