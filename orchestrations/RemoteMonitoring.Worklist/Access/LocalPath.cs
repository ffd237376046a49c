namespace RemoteMonitoring.Worklist.Access;

/// <summary>Paths of these pages, to be told from addresses of others.</summary>
public static class LocalPath
{
    /// <summary>Where to go where nothing else is asked for.</summary>
    public const string Start = "/";

    private const int MostCharacters = 500;

    /// <summary>A text where it is a path of these pages, else <see cref="Start"/>: browsers read <c>//host</c> and <c>/\host</c> as addresses of others.</summary>
    public static string Of(string? text) =>
        text is ['/', ..] and not ['/', '/' or '\\', ..] && text.Length <= MostCharacters && !text.Any(c => char.IsControl(c) || c is '\\' || c > '~')
            ? text
            : Start;
}
