using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.RegularExpressions;
using NodaTime;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Tasks;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>The thresholds of a version's bands, how they were chosen, and who approved them.</summary>
public sealed record BandDecision
{
    /// <summary>The version that this program writes, and the newest it reads.</summary>
    public const int CurrentSchemaVersion = 1;

    /// <summary>Version of this record.</summary>
    public required int SchemaVersion { get; init; }

    /// <summary>Number among the decisions about the version; 0 for the default that training makes.</summary>
    public required int Sequence { get; init; }

    /// <summary>The thresholds.</summary>
    public required RiskBands Bands { get; init; }

    /// <summary>Held-out rows they were chosen on.</summary>
    public required int Rows { get; init; }

    /// <summary>Rows of them with the outcome.</summary>
    public required int Events { get; init; }

    /// <summary>Who approved them, by the name they gave; null for a default, which nobody did.</summary>
    public string? By { get; init; }

    /// <summary>When; null for a default.</summary>
    public Instant? At { get; init; }

    /// <summary>Why; null for a default.</summary>
    public string? Why { get; init; }

    /// <summary>Who approved them, in words.</summary>
    [JsonIgnore]
    public string Approval => By is null ? "default, not yet approved by anybody" : $"approved by {By}{(At is { } at ? $" on {at.ToString("uuuu-MM-dd", CultureInfo.InvariantCulture)} UTC" : "")}";
}

/// <summary>Decisions about bands beside a version of a model, <c>bands/{sequence}.json</c>: each is written once, the last holds.</summary>
public static partial class BandDecisions
{
    /// <summary>The decision that holds; null where there is none.</summary>
    public static async Task<BandDecision?> LatestAsync(Lake lake, string task, string version, CancellationToken cancellationToken) =>
        await PathsAsync(lake, task, version, cancellationToken) is [var path, ..] ? await ReadAsync(lake, path, cancellationToken) : null;

    /// <summary>The last decision that can be read, and what is wrong with those after it: bands only adorn a list, which is not to want for them.</summary>
    internal static async Task<(BandDecision? Decision, IReadOnlyList<string> Problems)> LastReadableAsync(Lake lake, string task, string version, CancellationToken cancellationToken)
    {
        var problems = new List<string>();
        foreach (var path in await PathsAsync(lake, task, version, cancellationToken))
        {
            try
            {
                return (await ReadAsync(lake, path, cancellationToken), problems);
            }
            catch (LakeException e) when (!e.IsTransient)
            {
                problems.Add(e.Message.Replace(lake.NameOf(path), path, StringComparison.Ordinal));
            }
        }

        return (null, problems);
    }

    /// <summary>
    /// Chooses and writes bands over the held-out predictions of a version. Without any, or where the choice makes no sense, throws
    /// <see cref="LakeException"/>.
    /// </summary>
    public static async Task<BandDecision> DecideAsync(
        Lake lake, TaskDefinition task, string version, Func<IReadOnlyList<double>, IReadOnlyList<bool>, RiskBands> choose, (string By, string Why, Instant At)? approved, CancellationToken cancellationToken)
    {
        var files = (await lake.ListAsync($"models/{task.Name}/{version}", cancellationToken)).Where(p => LakePaths.StemOf(p).StartsWith("held-out-", StringComparison.Ordinal)).Order(StringComparer.Ordinal).ToArray();
        var judgedBy = $"held-out-{JsonNamingPolicy.KebabCaseLower.ConvertName(task.Splits[0].ToString())}";
        var path = files.FirstOrDefault(p => LakePaths.StemOf(p) == judgedBy) ?? files.FirstOrDefault()
            ?? throw new LakeException($"{lake.NameOf($"models/{task.Name}/{version}")}: has no held-out predictions to choose bands by. A model has them that was trained and evaluated here.");
        var table = await lake.ReadTableAsync(path, ["label", "p"], cancellationToken);
        var (p, label) = (table.Float64("p"), table.Boolean("label"));
        try
        {
            return await WriteAsync(lake, task.Name, version, choose(p, label), label.Length, label.Count(l => l), approved, cancellationToken);
        }
        catch (ModelException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: {e.Message}", e);
        }
    }

    /// <summary>The default that training makes of its held-out predictions; where there is a decision already, or no row, nothing is written.</summary>
    internal static async Task DefaultAsync(Lake lake, string task, string version, IReadOnlyList<double> p, IReadOnlyList<bool> label, CancellationToken cancellationToken)
    {
        if (p.Count > 0 && !await lake.ExistsAsync(PathOf(task, version, 0), cancellationToken))
        {
            await WriteAsync(lake, task, version, RiskBands.ByCapacity(p, RiskBands.DefaultCapacity), p.Count, label.Count(l => l), null, cancellationToken);
        }
    }

    /// <summary>The request with the bands that hold now, where it does not say, and what lists have to say of them.</summary>
    internal static async Task<(DailyRiskRequest Request, IReadOnlyList<string> Notices)> PinAsync(Lake lake, DailyRiskRequest request, CancellationToken cancellationToken)
    {
        if (request.Bands is not null)
        {
            return (request, []);
        }

        var (decision, problems) = await LastReadableAsync(request.ModelLake ?? lake, request.Task.Name, request.Model, cancellationToken);
        var pinned = decision is null ? request : request with { Bands = new PinnedBands(decision.Sequence, decision.Bands.High, decision.Bands.Medium) };
        return (pinned, [.. problems.Select(p => $"{(decision is null ? "There are no bands" : $"The bands are those of decision {decision.Sequence}")}, since a later decision cannot be read. {p}")]);
    }

    /// <summary>Bands in a sentence.</summary>
    internal static async Task<string> InWordsAsync(Lake lake, string task, string version, PinnedBands bands, CancellationToken cancellationToken)
    {
        var path = PathOf(task, version, bands.Decision);
        var approval = await ApprovalAsync(lake, path, cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"high from {bands.High * 1000:0.#} of 1,000, medium from {bands.Medium * 1000:0.#} of 1,000 ({approval})");
    }

    private static async Task<string> ApprovalAsync(Lake lake, string path, CancellationToken cancellationToken)
    {
        try
        {
            return await lake.ExistsAsync(path, cancellationToken) ? (await ReadAsync(lake, path, cancellationToken)).Approval : "by a decision that is not there any more";
        }
        catch (LakeException e) when (!e.IsTransient)
        {
            return "by a decision that cannot be read any more";
        }
    }

    private static async Task<BandDecision> WriteAsync(
        Lake lake, string task, string version, RiskBands bands, int rows, int events, (string By, string Why, Instant At)? approved, CancellationToken cancellationToken)
    {
        while (true)
        {
            var latest = approved is null ? null : await LatestAsync(lake, task, version, cancellationToken);
            var decision = new BandDecision
            {
                SchemaVersion = BandDecision.CurrentSchemaVersion,
                Sequence = approved is null ? 0 : (latest?.Sequence ?? 0) + 1,
                Bands = bands,
                Rows = rows,
                Events = events,
                By = approved?.By,
                At = approved?.At,
                Why = approved?.Why,
            };
            var bytes = JsonSerializer.SerializeToUtf8Bytes(decision, BandJson.Default.BandDecision);
            if (await lake.TryCreateAsync(PathOf(task, version, decision.Sequence), bytes, cancellationToken) || approved is null)
            {
                return decision;
            }
        }
    }

    private static async Task<BandDecision> ReadAsync(Lake lake, string path, CancellationToken cancellationToken)
    {
        try
        {
            var decision = JsonSerializer.Deserialize(await lake.ReadAsync(path, cancellationToken), BandJson.Default.BandDecision) ?? throw new JsonException("null is none");
            return decision.SchemaVersion <= BandDecision.CurrentSchemaVersion && decision.Bands.Medium <= decision.Bands.High
                ? decision
                : throw new LakeException($"{lake.NameOf(path)}: {(decision.SchemaVersion > BandDecision.CurrentSchemaVersion ? $"is of version {decision.SchemaVersion}, which this program does not read: update it" : "medium begins above high: restore it, or decide anew")}.");
        }
        catch (JsonException e)
        {
            throw new LakeException($"{lake.NameOf(path)}: not a decision about bands ({e.Message.Split('\n')[0].TrimEnd('.')}). Restore it, or delete it and decide anew.", e);
        }
    }

    /// <summary>Decisions, the last first; what else lies there is none.</summary>
    private static async Task<string[]> PathsAsync(Lake lake, string task, string version, CancellationToken cancellationToken) =>
        [.. (await lake.ListAsync(Folder(task, version), cancellationToken))
            .Where(p => NameOfOne().IsMatch(p))
            .OrderByDescending(p => int.Parse(LakePaths.StemOf(p), CultureInfo.InvariantCulture))];

    [GeneratedRegex(@"/bands/[0-9]{4,9}\.json\z", RegexOptions.CultureInvariant)]
    private static partial Regex NameOfOne();

    private static string Folder(string task, string version) => LakePaths.Model(task, version, "bands");

    private static string PathOf(string task, string version, int sequence) => string.Create(CultureInfo.InvariantCulture, $"{Folder(task, version)}/{sequence:D4}.json");
}

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    WriteIndented = true,
    NewLine = "\n",
    Converters = [typeof(InstantJsonConverter)])]
[JsonSerializable(typeof(BandDecision))]
internal sealed partial class BandJson : JsonSerializerContext;
