namespace RemoteMonitoring.Worklist.Layout;

/// <summary>Addresses of a team's pages; an id may be any text.</summary>
internal static class TeamPath
{
    /// <summary>The team's list, or a page of the team.</summary>
    public static string Of(string careTeamId, string? page = null) => $"/teams/{Uri.EscapeDataString(careTeamId)}{(page is null ? "" : "/" + page)}";
}
