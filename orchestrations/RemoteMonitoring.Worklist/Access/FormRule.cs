using Microsoft.AspNetCore.Antiforgery;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Net.Http.Headers;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>What is sent to these pages is a form that one of them made for this session, and not a large one.</summary>
internal static class FormRule
{
    /// <summary>Bytes of a form at the most.</summary>
    public const int MostBytes = 64 * 1024;

    /// <summary>Bytes that are taken off the connection at the most, so that who sent too much can read the answer.</summary>
    public const int MostTakenBytes = 1024 * 1024;

    /// <summary>Fields of a form at the most: a user's teams are one each.</summary>
    public const int MostFields = 512;

    /// <summary>Characters of a field's name at the most.</summary>
    public const int MostNameCharacters = 100;

    /// <summary>Fields that a form may have more than once; of any other a second would be joined to the first.</summary>
    private static readonly string[] s_lists = ["role", "team"];

    public static void Configure(FormOptions form)
    {
        form.ValueCountLimit = MostFields;
        form.KeyLengthLimit = MostNameCharacters;
        form.ValueLengthLimit = MostBytes;
        form.BufferBodyLengthLimit = MostBytes;
    }

    /// <summary>The refusal of a form with the note that was in it, so that nobody writes it twice. What another site sent is not shown.</summary>
    public static async Task<Refusal> KeepNoteAsync(Refusal refusal, HttpContext context)
    {
        var isOurs = context.Request.Headers["Sec-Fetch-Site"].ToString() is "" or "same-origin";
        return isOurs && await ReadAsync(context, null) is null && context.Request.Form["note"].ToString() is { Length: > 0 } note ? refusal with { Note = note } : refusal;
    }

    /// <summary>Reads a form; says what is wrong with it, or null.</summary>
    /// <param name="context">The request.</param>
    /// <param name="antiforgery">Tells whether the form is of this session; null where that is no matter.</param>
    public static async Task<Refusal?> ReadAsync(HttpContext context, IAntiforgery? antiforgery)
    {
        if (context.Request.ContentLength > MostBytes)
        {
            return Refusal.TooLarge;
        }

        // Browsers state how long a form is, and send it in UTF-8: of another encoding, one that there is not too, nothing is read.
        if (context.Request.ContentLength is null || !MediaTypeHeaderValue.TryParse(context.Request.ContentType, out var type) || !type.MediaType.Equals("application/x-www-form-urlencoded", StringComparison.OrdinalIgnoreCase)
            || !(type.Charset.Length == 0 || type.Charset.Equals("utf-8", StringComparison.OrdinalIgnoreCase)))
        {
            return Refusal.BadForm;
        }

        try
        {
            var form = await context.Request.ReadFormAsync(context.RequestAborted);
            if (form.Any(f => f.Value.Count > 1 && !s_lists.Contains(f.Key)))
            {
                return Refusal.BadForm;
            }

            if (antiforgery is not null)
            {
                await antiforgery.ValidateRequestAsync(context);
            }

            return null;
        }
        catch (BadHttpRequestException e)
        {
            return e.StatusCode == StatusCodes.Status413PayloadTooLarge ? Refusal.TooLarge : Refusal.BadForm;
        }
        catch (InvalidDataException)
        {
            return Refusal.BadForm; // more fields, or longer names, than any form of ours has
        }
        catch (AntiforgeryValidationException)
        {
            return Refusal.StaleForm;
        }
    }
}
