using System.Text.Json.Serialization;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Lists;

/// <summary>What an open page asks for, to tell that something new has come.</summary>
/// <param name="Version">Differs from the page's own when there is.</param>
/// <param name="What">What is then said.</param>
public sealed record ListVersion(string Version, string What);

/// <summary>The lists there are, for a team.</summary>
/// <param name="Team">The team.</param>
/// <param name="Lists">Newest first.</param>
public sealed record EarlierLists(AllowedTeam Team, IReadOnlyList<ListsMade> Lists);

[JsonSourceGenerationOptions(PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase)]
[JsonSerializable(typeof(ListVersion))]
internal sealed partial class ListVersionJson : JsonSerializerContext;
