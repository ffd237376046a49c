using System.Globalization;

namespace RemoteMonitoring.FaultyServices;

/// <summary>
/// The table of <c>pipelines/README.md</c> that tells an operator what happens when a service does not do as it should. The suites of
/// the clients take their rows from it, so that each of its cells is tested and none can say what does not hold.
/// </summary>
public static class FaultTable
{
    /// <summary>Another token is asked for, once; then as usual.</summary>
    public const string SignsInAnew = "signs in anew";

    /// <summary>Asked again, and done once; where it stays, one line that says that it may pass.</summary>
    public const string Again = "again";

    /// <summary>Not asked again: one line that says what, where and what to do.</summary>
    public const string Told = "told";

    /// <summary>It is an answer: there is none, or somebody else's is there.</summary>
    public const string AnAnswer = "an answer";

    private const string Challenge = "WWW-Authenticate: Bearer realm=\"\", authorization_uri=\"https://login.microsoftonline.com/common/oauth2/authorize\", error=\"insufficient_claims\", claims=\"eyJhY2Nlc3NfdG9rZW4iOnsibmJmIjp7ImVzc2VudGlhbCI6dHJ1ZX19fQ==\"";

    /// <summary>The faults that the table has rows for; each service meets them all.</summary>
    public static IReadOnlyList<string> Faults { get; } =
        ["401 with a challenge", "401", "403", "404", "409", "412", "429", "500", "503", "slow", "cut", "answer lost", "half an answer"];

    /// <summary>Faults of the stream and what the worker says of them, <c>—</c> for nothing; it reads on where the lake ends in any case.</summary>
    public static TheoryData<string, string> OfStream()
    {
        var data = new TheoryData<string, string>();
        foreach (var row in Table("| Event Hubs | ").Skip(1))
        {
            data.Add(row[0], row[1].Trim('`'));
        }

        return data;
    }

    /// <summary>Fault and what happens, of a service.</summary>
    public static TheoryData<string, string> Of(string service)
    {
        var table = Table("| fault | ");
        var column = Array.IndexOf(table[0], service);
        Assert.True(column > 0, $"The table of faults has no column '{service}'.");
        var rows = table.Skip(1).ToArray();
        Assert.Equal(Faults, rows.Select(row => row[0]));
        var data = new TheoryData<string, string>();
        foreach (var row in rows)
        {
            data.Add(row[0], row[column]);
        }

        return data;
    }

    /// <summary>
    /// How long a client is to wait for an answer: where there comes one, for as long as a busy machine may take, since who gives up on it asks again, and is counted;
    /// where there comes none, not long.
    /// </summary>
    public static TimeSpan Patience(string fault) => fault == "slow" ? TimeSpan.FromMilliseconds(500) : TimeSpan.FromSeconds(30);

    /// <summary>What meets a request in place of a service, or of its reply.</summary>
    /// <param name="fault">One of <see cref="Faults"/>.</param>
    /// <param name="body">What comes with a status.</param>
    /// <param name="headers">Lines of headers that come with a status.</param>
    public static Fault Meet(string fault, string body = "", params string[] headers) => fault switch
    {
        // What is answered where a token was revoked; the claims are {"access_token":{"nbf":{"essential":true}}}.
        "401 with a challenge" => Fault.Answer(401, body, [.. headers, Challenge]),
        "429" or "503" => Fault.Answer(int.Parse(fault, CultureInfo.InvariantCulture), body, [.. headers, "Retry-After: 0"]),
        "401" or "403" or "404" or "409" or "412" or "500" => Fault.Answer(int.Parse(fault, CultureInfo.InvariantCulture), body, headers),
        "slow" => Fault.Silence,
        "cut" => Fault.Reset,
        "answer lost" => Fault.LoseReply,
        "half an answer" => Fault.CutReply,
        _ => throw new ArgumentOutOfRangeException(nameof(fault), fault, "There is no such row."),
    };

    /// <summary>The header and the rows of a table of the page.</summary>
    private static string[][] Table(string begins)
    {
        var lines = File.ReadAllLines(Path.Combine(Root(), "pipelines", "README.md"));
        var at = Array.FindIndex(lines, line => line.StartsWith(begins, StringComparison.Ordinal));
        Assert.True(at >= 0, $"pipelines/README.md has no table that begins with '{begins}'.");
        return [CellsOf(lines[at]), .. lines.Skip(at + 2).TakeWhile(line => line.StartsWith('|')).Select(CellsOf)];
    }

    private static string[] CellsOf(string line) => [.. line.Trim().Trim('|').Split('|').Select(cell => cell.Trim())];

    private static string Root()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "RemoteMonitoring.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("RemoteMonitoring.sln is in none of the folders above the tests' own: they run from within the repository.");
        }

        return folder.FullName;
    }
}
