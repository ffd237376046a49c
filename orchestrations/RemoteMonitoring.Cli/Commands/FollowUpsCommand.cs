using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using NodaTime;
using RemoteMonitoring.Cli.Runs;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Workflows;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon follow-ups</c>: whether their settings are in order, and how each stands.</summary>
internal static class FollowUpsCommand
{
    private const int Most = 1_000_000;

    public static Command Create() => new("follow-ups", "Who is told of listed patients and urgent readings, and what came of it") { Check(), List(), Show() };

    private static Command Check()
    {
        var command = new Command("check", $"Check the home's {FollowUpFile.FileName}: one line for each fault, and one for the teams and users that it names and nobody knows");
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var home = GlobalOptions.HomeOf(parsed);
            var settings = await SettingsAsync(terminal, home, token)
                ?? throw new UserException($"{Path.Combine(home, FollowUpFile.FileName)}: is not there. Nothing is delivered; the page is the delivery.");
            var named = settings.Teams.Select(t => (Team: t.Key, Delivery: t.Value)).Append((Team: "every other team", Delivery: settings.Default)).ToArray();
            terminal.Table(
                ["team", "told", "reminded after", "escalated after", "to", "closed after", "secret"],
                named.Select(n => n.Delivery is { } d
                    ? new[] { n.Team, Next(d), Length(d.RemindAfter), Length(d.EscalateAfter), To(d), Length(d.GiveUpAfter), Secret(d.Webhook) }
                    : [n.Team, "never: the page is the delivery", "", "", "", "", ""]));
            string[] unset = [.. named.SelectMany(n => new[] { n.Delivery?.Webhook, n.Delivery?.EscalationWebhook }).OfType<Webhook>().Select(w => w.SecretVariable).Distinct().Where(IsUnset)];
            foreach (var variable in unset)
            {
                terminal.Line($"{variable} is not set here; it must be where 'rmon serve' runs.");
            }

            foreach (var variable in named.SelectMany(n => new[] { n.Delivery?.Webhook, n.Delivery?.EscalationWebhook }).OfType<Webhook>().Select(w => w.SecretVariable).Distinct().Except(unset))
            {
                await CheckSecretAsync(terminal, variable, token);
            }

            var unknown = await UnknownAsync(parsed, settings, token);
            terminal.Document(new JsonObject { ["teams"] = new JsonArray([.. settings.Teams.Keys.Select(t => (JsonNode)t)]), ["delivers_for_others"] = settings.Default is not null, ["unset"] = new JsonArray([.. unset.Select(v => (JsonNode)v)]), ["unknown"] = new JsonArray([.. unknown.Select(u => (JsonNode)u)]) });
            return unknown.Length == 0
                ? ExitCodes.Done
                : throw new UserException($"{Path.Combine(home, FollowUpFile.FileName)}: names what the home does not know: {string.Join(", ", unknown)}. 'rmon users list' shows the users, the roster the teams.");
        });
        return command;
    }

    private static async Task CheckSecretAsync(Terminal terminal, string variable, CancellationToken cancellationToken)
    {
        try
        {
            await SecretSettings.OfProcess.FindAsync(variable, null, cancellationToken);
        }
        catch (LakeException e)
        {
            terminal.Line($"{e.Message}; what it signs is not delivered from here.");
        }
    }

    /// <summary>Teams and users that the file names and no cohort has that is meant; none where there is no cohort yet.</summary>
    private static async Task<string[]> UnknownAsync(ParseResult parsed, FollowUpSettings settings, CancellationToken cancellationToken)
    {
        var cohorts = await GlobalOptions.CohortNamesAsync(parsed, cancellationToken);
        if (cohorts.Count == 0)
        {
            return [];
        }

        var (teams, users) = (new HashSet<string>(StringComparer.Ordinal), new HashSet<string>(StringComparer.OrdinalIgnoreCase));
        foreach (var cohort in cohorts)
        {
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, cohort, cancellationToken);
            using var reference = new LiveReference(store.Reference, TimeProvider.System);
            var today = await reference.TodayAsync(cancellationToken);
            teams.UnionWith(today.Teams.Keys.Concat(today.PatientsOfTeam.Keys));
            users.UnionWith(today.Members.Keys);
        }

        if (cohorts.Count > 1)
        {
            CommandLine.Mean(null); // the file is of all of them, not of the last that was read
        }

        var named = settings.Teams.Values.Append(settings.Default).OfType<TeamDelivery>().SelectMany(d => d.Covers.SelectMany(c => new[] { c.For, c.By }).Append(d.EscalationUser)).OfType<string>();
        return
        [
            .. settings.Teams.Keys.Where(t => !teams.Contains(t)).Order(StringComparer.Ordinal).Select(t => $"team '{t}'"),
            .. named.Where(u => !users.Contains(u)).Distinct(StringComparer.OrdinalIgnoreCase).Order(StringComparer.OrdinalIgnoreCase).Select(u => $"user '{u}'"),
        ];
    }

    private static Command List()
    {
        var team = new Option<string?>("--team") { Description = "Only those of this care team", HelpName = "ID" };
        var open = new Option<bool>("--open") { Description = "Only those under way" };
        var most = new Option<int>("--most") { Description = "How many, newest first", DefaultValueFactory = _ => 100 };
        SimulateCommand.RefuseUnless(most, 1, Most);
        var command = new Command("list", "Follow-ups, newest first") { team, open, most };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var wanted = parsed.GetValue(team);
            var found = (await CohortEngine.ClientOf(store).ListAsync(WorkflowNames.FollowUp, Most, token))
                .Select(i => (Instance: i, Input: FollowUpSteps.InputOf(i)))
                .Where(f => (wanted is null || f.Input.CareTeamId == wanted) && (!parsed.GetValue(open) || f.Instance.Status == InstanceStatus.Running))
                .Take(parsed.GetValue(most)).ToArray();
            if (found.Length == 0)
            {
                terminal.Line($"There are no follow-ups{(parsed.GetValue(open) ? " under way" : "")}. They begin with a night, or an urgent reading, where {FollowUpFile.FileName} says whom to tell.");
            }
            else
            {
                terminal.Table(
                    ["key", "team", "patient", "about", "begun (UTC)", "how it stands"],
                    found.Select(f => new[] { f.Input.Key, f.Input.CareTeamId, f.Input.PatientId, About(f.Input), Minute(f.Instance.Created), FollowUpJson.Stands(f.Instance) }));
            }

            terminal.Document(new JsonObject { ["cohort"] = store.Cohort, ["follow_ups"] = new JsonArray([.. found.Select(f => FollowUpJson.Of(f.Instance))]) });
            return ExitCodes.Done;
        });
        return command;
    }

    private static Command Show()
    {
        var key = new Argument<string>("KEY") { Description = "Key of a follow-up, as 'rmon follow-ups list' shows it" };
        var command = new Command("show", "One follow-up: what it is about, what was delivered, what came of it") { key };
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var name = parsed.GetRequiredValue(key);
            var instance = await CohortEngine.ClientOf(store).FindAsync(FollowUpSteps.InstanceOf(name), token)
                ?? throw new UserException($"There is no follow-up '{name}'; 'rmon follow-ups list' shows those there are.");
            var input = FollowUpSteps.InputOf(instance);
            terminal.Table(
                ["", ""],
                [
                    ["key", input.Key], ["team", input.CareTeamId], ["patient", input.PatientId], ["about", About(input)], ["as of", input.AsOf.ToString()],
                    ["begun", instance.Created.ToString()], ["how it stands", FollowUpJson.Stands(instance)],
                ]);
            var deliveries = FollowUpWords.Deliveries(instance);
            if (deliveries.Count > 0)
            {
                terminal.Table(
                    ["delivery", "to", "tries", "the last (UTC)", "what came of it"],
                    deliveries.Select(d => new[] { FollowUpWords.Name(d.Purpose), d.For ?? "the team", Terminal.Number(d.Attempts), Minute(d.At), $"{FollowUpWords.Name(d.Status)}{(d.Problem is null ? "" : $": {d.Problem}")}" }), 2);
            }

            terminal.Document(FollowUpJson.Of(instance));
            return ExitCodes.Done;
        });
        return command;
    }

    /// <summary>The settings of a home, null where it has none; what is wrong is said in one line for each fault.</summary>
    private static async Task<FollowUpSettings?> SettingsAsync(Terminal terminal, string home, CancellationToken cancellationToken)
    {
        var file = await FollowUpFile.FindAsync(home, cancellationToken);
        if (file?.Faults is { Count: > 0 } faults)
        {
            foreach (var fault in faults.SkipLast(1))
            {
                terminal.Warn(fault);
            }

            throw new UserException(faults[^1]);
        }

        return file?.Settings;
    }

    private static string Next(TeamDelivery delivery)
    {
        var now = Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow());
        var next = delivery.Hours.Next(now);
        return next == now ? "now" : next.InZone(delivery.Hours.Zone).ToString("ddd d MMM HH:mm", CultureInfo.InvariantCulture) + $" {delivery.Hours.Zone.Id}";
    }

    private static string Length(Duration length) => length.ToString("D:hh:mm:ss", CultureInfo.InvariantCulture) is ['0', ':', .. var rest] ? rest : $"{length.TotalDays:0.##} d";

    private static string To(TeamDelivery delivery) => (delivery.EscalationUser, delivery.EscalationWebhook) switch
    {
        (null, null) => "nobody",
        ({ } user, null) => user,
        ({ } user, _) => $"{user}, another webhook",
        _ => "another webhook",
    };

    private static string Secret(Webhook webhook) => IsUnset(webhook.SecretVariable) ? $"{webhook.SecretVariable}, not set here" : webhook.SecretVariable;

    private static bool IsUnset(string variable) => string.IsNullOrEmpty(Environment.GetEnvironmentVariable(variable));

    private static string About(FollowUpInput input) => input.Kind == FollowUpKind.Urgent ? "urgent reading" : input.Task;

    private static string Minute(Instant instant) => instant.ToString("uuuu-MM-dd HH:mm", CultureInfo.InvariantCulture);
}
