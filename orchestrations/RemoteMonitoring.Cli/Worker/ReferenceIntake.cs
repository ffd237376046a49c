using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using Microsoft.AspNetCore.Http;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cli.Worker;

/// <summary>
/// <c>POST /reference/{kind}</c>: lines of JSON, each an event of the kind, appended to the reference log all or none. The same
/// body again is appended once. Answers name a line, what is wrong and the mend, and never say what the line had. The key is looked up at
/// each request, so that it may be replaced while the worker runs; while it is, the one before is let in too.
/// </summary>
internal sealed class ReferenceIntake(SecretSettings secrets, ReferenceLog log)
{
    /// <summary>The setting that has the key, or two with a comma between: the newest, and the one before.</summary>
    public const string KeySetting = "RMON_REFERENCE_KEY";

    /// <summary>Keys that are shorter can be guessed.</summary>
    public const int MinKeyLength = 16;

    private const int MostKeys = 2;

    /// <summary>Bytes of a body at the most: 1 MB.</summary>
    public const int MaxBytes = 1 << 20;

    private static readonly UTF8Encoding s_strict = new(encoderShouldEmitUTF8Identifier: false, throwOnInvalidBytes: true);

    /// <summary>The setting's text; null where it is not set, and there is no intake then.</summary>
    public static Task<string?> KeysAsync(SecretSettings secrets, CancellationToken cancellationToken) => secrets.FindAsync(KeySetting, Fault, cancellationToken);

    public async Task TakeAsync(HttpContext context, string kind)
    {
        if (!await IsLetInAsync(context.Request.Headers.Authorization, context.RequestAborted))
        {
            context.Response.Headers.WWWAuthenticate = "Bearer";
            await RefuseAsync(context, StatusCodes.Status401Unauthorized, "the request has no 'Authorization: Bearer KEY' with the key that this worker was given");
            return;
        }

        if (!ReferenceKinds.OfFeeds.Contains(kind))
        {
            await RefuseAsync(context, StatusCodes.Status400BadRequest, $"no such kind; post to /reference/KIND with one of {string.Join(", ", ReferenceKinds.OfFeeds)}");
            return;
        }

        try
        {
            var body = await ReadAsync(context.Request);
            if (Problem(kind, body) is { } problem)
            {
                await RefuseAsync(context, StatusCodes.Status400BadRequest, problem);
                return;
            }

            var appended = await log.AppendAsync(kind, body, context.RequestAborted);
            await WorkerEndpoint.SayAsync(context, StatusCodes.Status200OK, new JsonObject { ["kind"] = kind, ["appended"] = appended });
        }
        catch (BadHttpRequestException e)
        {
            await RefuseAsync(context, e.StatusCode, e.StatusCode == StatusCodes.Status413PayloadTooLarge ? $"the body has more than {MaxBytes} bytes; send it in parts" : "the body did not come through whole; send it again");
        }
        catch (LakeException)
        {
            await RefuseAsync(context, StatusCodes.Status503ServiceUnavailable, "the reference log cannot be written at the moment; send the same body again");
        }
    }

    /// <summary>Who has a key that is not known may have one that is newer than what was read.</summary>
    private async Task<bool> IsLetInAsync(string? authorization, CancellationToken cancellationToken)
    {
        if (authorization is null || !authorization.StartsWith("Bearer ", StringComparison.OrdinalIgnoreCase) || await KeysAsync(secrets, cancellationToken) is not { } keys)
        {
            return false;
        }

        var given = authorization["Bearer ".Length..].Trim();
        return IsOneOf(given, keys) || (await secrets.FindOtherAsync(KeySetting, keys, Fault, cancellationToken) is { } newer && IsOneOf(given, newer));
    }

    /// <summary>By hashes of one length: how much of a key is right does not show in the time.</summary>
    private static bool IsOneOf(string given, string keys)
    {
        var (hash, found) = (SHA256.HashData(Encoding.UTF8.GetBytes(given)), false);
        foreach (var key in Split(keys))
        {
            found |= CryptographicOperations.FixedTimeEquals(hash, SHA256.HashData(Encoding.UTF8.GetBytes(key)));
        }

        return found;
    }

    private static string? Fault(string keys) => Split(keys) switch
    {
        { Length: > MostKeys } => $"has more than {MostKeys} keys: give the newest, a comma, and the one before, or one key without a comma.",
        var split when split.Any(k => k.Length < MinKeyLength) => $"{(split.Length > 1 ? "has a key that is" : "is")} too short to be a key: {MinKeyLength} characters at least.",
        _ => null,
    };

    private static string[] Split(string keys) => keys.Split(',', StringSplitOptions.TrimEntries);

    private static Task RefuseAsync(HttpContext context, int status, string problem) =>
        WorkerEndpoint.SayAsync(context, status, new JsonObject { ["error"] = problem });

    private static async Task<ReadOnlyMemory<byte>> ReadAsync(HttpRequest request)
    {
        using var body = new MemoryStream();
        await request.Body.CopyToAsync(body, request.HttpContext.RequestAborted);
        return body.ToArray();
    }

    private static string? Problem(string kind, ReadOnlyMemory<byte> body)
    {
        string text;
        try
        {
            text = s_strict.GetString(body.Span);
        }
        catch (DecoderFallbackException)
        {
            return "the body is not UTF-8; send lines of JSON in UTF-8";
        }

        var lines = text.TrimStart('\uFEFF').Split('\n', StringSplitOptions.TrimEntries);
        if (lines.All(l => l.Length == 0))
        {
            return "the body has no line; send one JSON object a line";
        }

        for (var i = 0; i < lines.Length; i++)
        {
            if (lines[i].Length > 0 && ProblemOf(kind, lines[i]) is { } problem)
            {
                return $"line {i + 1}: {problem}; nothing was appended. Mend it and send all lines again";
            }
        }

        return null;
    }

    private static string? ProblemOf(string kind, string line) => kind switch
    {
        ReferenceKinds.Teams => ProblemOf<CareTeam>(line),
        ReferenceKinds.Roster => ProblemOf<Patient>(line),
        ReferenceKinds.Assignments => ProblemOf<DeviceAssignment>(line),
        ReferenceKinds.Census => ProblemOf<CensusEvent>(line),
        ReferenceKinds.Outcomes => ProblemOf<Outcome>(line),
        ReferenceKinds.Contacts => ProblemOf<Contact>(line),
        ReferenceKinds.CarePlans => ProblemOf<CarePlan>(line, CarePlanRule.Fault),
        _ => throw new System.Diagnostics.UnreachableException(),
    };

    /// <summary>What is wrong with a line, in words of ours: the parser's may quote what it read.</summary>
    private static string? ProblemOf<T>(string line, Func<T, string?>? rule = null)
    {
        try
        {
            var row = ReferenceJson.FromLine<T>(line);
            return rule?.Invoke(row);
        }
        catch (JsonException e)
        {
            return ReferenceJson.FieldOf<T>(e.Path) is { } field
                ? $"the field '{field}' does not have the form that a {typeof(T).Name} has there"
                : $"not a {typeof(T).Name}: one JSON object with the fields {string.Join(", ", ReferenceJson.FieldsOf<T>())}, none of them twice, none missing that must be there and no other";
        }
    }
}
