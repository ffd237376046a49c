using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Workflows.FollowUps;

/// <summary>
/// How the follow-ups of a home are delivered, <c>{home}/follow-ups.json</c>:
/// <code>
/// {
///   "schemaVersion": 1,
///   "worklist": "https://rmon.example.org/",
///   "default": {
///     "webhook": "https://hooks.example.org/follow-ups", "secret": "RMON_FOLLOW_UP_SECRET",
///     "timeZone": "Europe/London", "workingDays": ["monday", "tuesday", "wednesday", "thursday", "friday"], "quietHours": "18:00-08:00",
///     "holidays": ["2026-12-25"], "remindAfter": "01:00:00", "escalateAfter": "02:00:00", "giveUpAfter": "08:00:00",
///     "escalateTo": { "user": "anna" }, "urgentIgnoresQuietHours": true,
///     "cover": [ { "for": "anna", "by": "ben", "from": "2026-12-21", "to": "2026-12-31" } ]
///   },
///   "teams": { "team-001": { "quietHours": "20:00-07:00" }, "team-002": { "deliver": false } }
/// }
/// </code>
/// <c>secret</c> is the <em>name</em> of the environment variable that holds it, or the URL of a Key Vault secret. A team has what the default says where it does not say otherwise; who names
/// another <c>webhook</c> names its <c>secret</c> too. <c>escalateTo</c> has a <c>user</c>, or a <c>webhook</c> with its <c>secret</c>, or both. <c>includePatientId</c> (false) tells the
/// receiver who the patient is. Nothing else may stand there. Without the file nothing is delivered. The variable <see cref="Variable"/> may hold its text instead.
/// </summary>
/// <param name="Settings">What it says; null where there is a fault.</param>
/// <param name="Faults">What is wrong, a line each that says where and what to do; none where all is well.</param>
public sealed record FollowUpFile(FollowUpSettings? Settings, IReadOnlyList<string> Faults)
{
    /// <summary>Name of the file in its home.</summary>
    public const string FileName = "follow-ups.json";

    /// <summary>Environment variable that has its text, or the URL of the Key Vault secret that has it, where a home's machines have no files of their own; the file is then not looked for.</summary>
    public const string Variable = "RMON_FOLLOW_UPS";

    private const int SchemaVersion = 1;

    /// <summary>The file of a home, or what stands in its place; null where there is neither.</summary>
    public static Task<FollowUpFile?> FindAsync(string home, CancellationToken cancellationToken) => FindAsync(home, SecretSettings.OfProcess, cancellationToken);

    /// <summary>The same by other settings.</summary>
    public static async Task<FollowUpFile?> FindAsync(string home, SecretSettings settings, CancellationToken cancellationToken)
    {
        FollowUpFile? read = null;
        try
        {
            // One that is put in the place of a good one and is none takes no effect.
            if (await settings.FindAsync(Variable, text => (read = Parse(text, Variable)).Faults is [var first, ..] ? $"is none: {first}" : null, cancellationToken) is { } text)
            {
                return Parse(text, Variable);
            }
        }
        catch (LakeException) when (read is { Faults.Count: > 0 })
        {
            return read;
        }

        var path = Path.Combine(home, FileName);
        try
        {
            return File.Exists(path) ? Parse(await File.ReadAllTextAsync(path, cancellationToken), path) : null;
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new LakeException($"{path}: cannot be read ({e.Message})", e);
        }
    }

    /// <summary>Reads the text of a file; <paramref name="file"/> is what its faults are told by.</summary>
    public static FollowUpFile Parse(string text, string file)
    {
        FollowUpFileDocument document;
        try
        {
            document = JsonSerializer.Deserialize(text, FollowUpFileJson.Default.FollowUpFileDocument) ?? throw new JsonException("null is no file of follow-ups");
        }
        catch (JsonException e)
        {
            var where = string.Create(CultureInfo.InvariantCulture, $"line {(e.LineNumber ?? 0) + 1}{(e.Path is { Length: > 2 } at ? $", {at[2..]}" : "")}");
            return new FollowUpFile(null, [$"{file}: {where}: {Schedules.ScheduleFile.InWords(e)}"]);
        }

        if (document.SchemaVersion != SchemaVersion)
        {
            return new FollowUpFile(null, [$"{file}: has schema version {document.SchemaVersion}; this version of the program reads {SchemaVersion}."]);
        }

        var faults = new List<string>();
        if (!TeamDeliveryDocument.TryUrl(document.Worklist, out var worklist))
        {
            faults.Add($"{file}: worklist: '{OneLine(document.Worklist)}' is no address; take the https URL of the pages (http on the loopback only), without user, query or fragment.");
        }

        TeamDelivery? Read(TeamDeliveryDocument written, string where)
        {
            var problems = new List<string>();
            var delivery = written.ToDelivery(problems);
            faults.AddRange(problems.Select(p => $"{file}: {where}: {p}"));
            return problems.Count == 0 ? delivery : null;
        }

        var byDefault = document.Default is null ? null : Read(document.Default, "default");
        var teams = new Dictionary<string, TeamDelivery?>(StringComparer.Ordinal);
        foreach (var (team, written) in document.Teams ?? [])
        {
            var where = $"team '{OneLine(team)}'";
            if (written is null)
            {
                faults.Add($"{file}: {where}: null says nothing; take it out, or write {{ \"deliver\": false }}.");
            }
            else
            {
                teams.Add(team, Read(written.Over(document.Default), where));
            }
        }

        return faults.Count > 0 ? new FollowUpFile(null, faults) : new FollowUpFile(new FollowUpSettings(worklist!, byDefault, teams), []);
    }

    internal static string OneLine(string? text) => (text ?? "").ReplaceLineEndings(" ") is { Length: > 120 } longer ? longer[..120] + "…" : (text ?? "").ReplaceLineEndings(" ");
}

internal sealed record FollowUpFileDocument(int SchemaVersion, string Worklist, TeamDeliveryDocument? Default = null, Dictionary<string, TeamDeliveryDocument?>? Teams = null);

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    ReadCommentHandling = JsonCommentHandling.Skip)]
[JsonSerializable(typeof(FollowUpFileDocument))]
internal sealed partial class FollowUpFileJson : JsonSerializerContext;
