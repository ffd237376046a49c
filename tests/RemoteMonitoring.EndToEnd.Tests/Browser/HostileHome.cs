using System.IO.Compression;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace RemoteMonitoring.EndToEnd.Tests.Browser;

/// <summary>The pages of a cohort all of whose names are attempts at something: patients, devices, teams, conditions.</summary>
public sealed class HostileHome : IAsyncLifetime, IDisposable
{
    /// <summary>What somebody may have written where a name belongs.</summary>
    public static readonly string[] Texts =
    [
        "<script>alert(1)</script>", "\"><img src=x onerror=alert(1)>", "' onmouseover='alert(1)' x='", "</title></textarea></script><script>alert(1)</script>", "javascript:alert(1)", "<svg/onload=alert(1)>",
        "<a href=\"javascript:alert(1)\">x</a>", "\u202e\u2066gnp.exe", "\u200b\u200d\ufeff\u00ad", "\ud83d\udc69\u200d\u2695\ufe0f\ud83d\ude00", "@(1+1){{7*7}}${7*7}", "<!--", "]]>&lt;b&gt;&#x3c;", new string('W', 10_000), "a\nb\tc", "\u0301\u0301\u0301\u0301",
    ];

    private readonly MorningCohort _cohort = new(Change);

    public HostileHome(Chromium chromium) => Pages = new MorningHome(_cohort, chromium);

    public MorningHome Pages { get; }

    public async Task InitializeAsync()
    {
        await _cohort.InitializeAsync();
        await Pages.InitializeAsync();
    }

    public Task DisposeAsync() => Pages.DisposeAsync();

    public void Dispose()
    {
        Pages.Dispose();
        _cohort.Dispose();
    }

    /// <summary>A name made hostile: always the same one of the same name. Every third begins as a formula does.</summary>
    public static string Of(string name)
    {
        var at = name.Where(char.IsAsciiDigit).Aggregate(0, (sum, digit) => (sum * 10) + (digit - '0'));
        return (at % 3) switch
        {
            0 => $"=HYPERLINK(\"http://evil.example\")/{name}{Texts[at % Texts.Length]}",
            1 => $"{Texts[at % Texts.Length]}{name}",
            _ => $"{name}{Texts[at % Texts.Length]}",
        };
    }

    private static void Change(string feed)
    {
        foreach (var file in Directory.EnumerateFiles(feed, "*.ndjson"))
        {
            File.WriteAllLines(file, [.. File.ReadLines(file).Select(line => Changed(line, row =>
            {
                foreach (var name in (string[])["patientId", "deviceId", "careTeamId", "name", "deviceModel"])
                {
                    if (row[name] is { } value)
                    {
                        row[name] = Of(value.GetValue<string>());
                    }
                }

                if (row["conditions"] is JsonArray conditions)
                {
                    conditions.Add(Texts[conditions.Count]);
                    conditions.Add(Texts[3 + conditions.Count]);
                }
            }))]);
        }

        foreach (var file in Directory.EnumerateFiles(Path.Combine(feed, "messages"), "*.gz"))
        {
            string[] lines;
            using (var reader = new StreamReader(new GZipStream(File.OpenRead(file), CompressionMode.Decompress)))
            {
                lines = reader.ReadToEnd().Split('\n', StringSplitOptions.RemoveEmptyEntries);
            }

            using var writer = new StreamWriter(new GZipStream(File.Create(file), CompressionLevel.Fastest));
            foreach (var line in lines)
            {
                writer.Write(Changed(line, row =>
                {
                    if (row["SystemProperties"]?["connectionDeviceId"] is { } device)
                    {
                        row["SystemProperties"]!["connectionDeviceId"] = Of(device.GetValue<string>());
                    }
                }) + "\n");
            }
        }
    }

    /// <summary>A line changed; one that is no JSON stays as it is.</summary>
    private static string Changed(string line, Action<JsonNode> change)
    {
        try
        {
            var row = JsonNode.Parse(line)!;
            change(row);
            return row.ToJsonString();
        }
        catch (JsonException)
        {
            return line;
        }
    }
}
