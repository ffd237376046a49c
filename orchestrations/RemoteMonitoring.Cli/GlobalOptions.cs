using System.CommandLine;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Workflows.Features;

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

    /// <summary>Of commands that begin with a cohort, and are not there to make one.</summary>
    public static Option<bool> MakeCohort { get; } = new("--make-cohort")
    {
        Description = "Make the cohort where the home does not have it. Without this only the first cohort of a home is made: in one that has others a name that is not there is taken for a mistake",
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

    /// <summary>The cohorts of a local home that the command line means: the one it names, else all; at least one.</summary>
    public static IReadOnlyList<string> LocalCohortsOf(ParseResult parsed)
    {
        var home = LocalHomeOf(parsed);
        var cohorts = CohortStore.List(home);
        return cohorts.Count > 0 && parsed.GetValue(Cohort) is null ? cohorts : [Meant(home, parsed.GetValue(Cohort), cohorts, null)];
    }

    public static Terminal TerminalOf(ParseResult parsed) => new(parsed.GetValue(Json));

    /// <summary>Opens the cohort that the command line means; there must be one already.</summary>
    public static Task<CohortStore> OpenCohortAsync(ParseResult parsed, CancellationToken cancellationToken) => OpenAsync(parsed, null, cancellationToken);

    /// <summary>Opens a cohort of the home that the command line means, making it where it is not there; one that was named beside others is told of.</summary>
    public static async Task<CohortStore> OpenCohortAsync(ParseResult parsed, string cohort, CancellationToken cancellationToken)
    {
        var azure = AzureOf(parsed);
        var cohorts = await CohortsAsync(parsed, azure, cancellationToken);
        if (parsed.GetValue(Cohort) == cohort && cohorts.Count > 0 && !cohorts.Contains(cohort))
        {
            TerminalOf(parsed).Warn($"'{cohort}' is a new cohort of this home, which has {string.Join(", ", cohorts)} already.");
        }

        CommandLine.Mean(cohorts.Any(c => c != cohort) ? cohort : null);
        return azure is null ? CohortStore.Open(HomeOf(parsed), cohort) : await CohortStore.OpenAsync(azure, cohort, cancellationToken);
    }

    /// <summary>Opens the cohort that the command line means; null where it names none and the home does not hold just one.</summary>
    public static async Task<CohortStore?> TryOpenCohortAsync(ParseResult parsed, CancellationToken cancellationToken) =>
        parsed.GetValue(Cohort) is null && await CohortsAsync(parsed, AzureOf(parsed), cancellationToken) is not [_] ? null : await OpenCohortAsync(parsed, cancellationToken);

    /// <summary>Opens the cohort that the command line means; one that is named is made where the home has none at all, and beside others where <paramref name="isMade"/> or <see cref="MakeCohort"/> say so.</summary>
    public static Task<CohortStore> OpenOrMakeCohortAsync(ParseResult parsed, CancellationToken cancellationToken, bool isMade = false) =>
        OpenAsync(parsed, isMade || parsed.GetValue(MakeCohort), cancellationToken);

    /// <summary>Its name, as far as that can be told from this machine: null of a home in Azure, and of one that is half set.</summary>
    public static string? LocalCohortOf(ParseResult parsed) => AzureHome.Of(SettingsOf(parsed), HomeOf(parsed)) is null && AzureHome.FaultsOf(SettingsOf(parsed)) is []
        ? Meant(HomeOf(parsed), parsed.GetValue(Cohort), CohortStore.List(HomeOf(parsed)), parsed.GetValue(MakeCohort))
        : null;

    /// <summary>The cohorts of the home that the command line means: the one it names, or all.</summary>
    public static async Task<IReadOnlyList<string>> CohortNamesAsync(ParseResult parsed, CancellationToken cancellationToken)
    {
        var azure = AzureOf(parsed);
        var cohorts = await CohortsAsync(parsed, azure, cancellationToken);
        return parsed.GetValue(Cohort) is { } named ? [Meant(azure?.Name ?? HomeOf(parsed), named, cohorts, null)] : cohorts;
    }

    private static async Task<CohortStore> OpenAsync(ParseResult parsed, bool? makes, CancellationToken cancellationToken)
    {
        var azure = AzureOf(parsed);
        var cohorts = await CohortsAsync(parsed, azure, cancellationToken);
        return await OpenCohortAsync(parsed, Meant(azure?.Name ?? HomeOf(parsed), parsed.GetValue(Cohort), cohorts, makes), cancellationToken);
    }

    /// <summary>The cohort that is meant, or what is wrong.</summary>
    /// <param name="home">The home, as people are told of it.</param>
    /// <param name="named">What was named; null for nothing.</param>
    /// <param name="cohorts">Those that the home has.</param>
    /// <param name="makes">Whether one is made beside others; null for a command that makes none, not even the first.</param>
    private static string Meant(string home, string? named, IReadOnlyList<string> cohorts, bool? makes) => (named, cohorts) switch
    {
        (null, [var only]) => only,
        (null, []) => throw new UserException($"{home}: holds no cohort yet{(makes is null ? ". Run 'rmon demo', 'rmon ingest FEED', or 'rmon devices add ID --cohort NAME'." : "; name the one to begin with --cohort.")}"),
        (null, _) => throw new UserException($"{home}: holds several cohorts ({string.Join(", ", cohorts)}); name one with --cohort.", ExitCodes.Usage),
        _ when cohorts.Contains(named) || makes == true || (makes is not null && cohorts.Count == 0) => named,
        (_, []) => throw new UserException($"{home}: holds no cohort '{named}', and no other yet. Run 'rmon ingest FEED --cohort {named}', or 'rmon devices add ID --cohort {named}'.", ExitCodes.Usage),
        _ => throw new UserException(
            $"{home}: holds no cohort '{named}'; it has {string.Join(", ", cohorts)}.{(NearestNames.Of(named, cohorts, 1) is [var near] ? $" Did you mean '{near}'?" : "")} "
            + (makes is null ? $"A new one is begun by 'rmon ingest FEED --cohort {named}' or 'rmon devices add ID --cohort {named}'." : "To begin a new one add --make-cohort."),
            ExitCodes.Usage),
    };

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
