using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using RemoteMonitoring.Worklist.Layout;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>That something was not done. What it says is the same whatever was asked for.</summary>
/// <param name="Status">Status code.</param>
/// <param name="Title">What, in a few words.</param>
/// <param name="Text">Why, and what to do.</param>
public sealed record Refusal(int Status, string Title, string Text)
{
    /// <summary>Who asked; null where nobody is signed in.</summary>
    public Viewer? Viewer { get; init; }

    /// <summary>A note that was sent and not recorded, to be copied; null where there is none.</summary>
    public string? Note { get; init; }

    /// <summary>A form that this session did not make.</summary>
    public static Refusal StaleForm { get; } = new(StatusCodes.Status400BadRequest, "Please load the page again", "This form is of another session, or too old. Nothing was done. Go back, load the page again, and send it once more.");

    /// <summary>A form that cannot be read.</summary>
    public static Refusal BadForm { get; } = new(StatusCodes.Status400BadRequest, "This cannot be read", "What was sent is no form of these pages. Nothing was done.");

    /// <summary>Nobody is signed in, and what was sent cannot be asked for again.</summary>
    public static Refusal NotSignedIn { get; } = new(StatusCodes.Status401Unauthorized, "Please sign in again", "The session has ended. Nothing was done. Sign in, and do it once more.");

    /// <summary>Not for their roles.</summary>
    public static Refusal NotYours { get; } = new(StatusCodes.Status403Forbidden, "Not for your role", "Your roles do not open this page. Whoever makes users can give you another.");

    /// <summary>There is nothing, or nothing for who asked: the two look alike.</summary>
    public static Refusal NotFound { get; } = new(StatusCodes.Status404NotFound, "Nothing here", "There is no such page, or none for you.");

    /// <summary>Too much was sent.</summary>
    public static Refusal TooLarge { get; } = new(StatusCodes.Status413PayloadTooLarge, "Too long", "More was sent than a form may hold. Nothing was done. Shorten it, and send it once more.");

    /// <summary>Too many attempts to sign in.</summary>
    public static Refusal TooMany { get; } = new(StatusCodes.Status429TooManyRequests, "Too many attempts", "Wait a little before signing in again.");

    /// <summary>The store cannot be used: without a record of it nothing is shown.</summary>
    public static Refusal StoreAway(string reference) => new(StatusCodes.Status503ServiceUnavailable, "Not now", $"The data cannot be reached at the moment, and nothing is shown that cannot be put on record. Try again in a minute. Reference: {reference}.");

    /// <summary>A fault of the program.</summary>
    public static Refusal Fault(string reference) => new(StatusCodes.Status500InternalServerError, "Something went wrong", $"This is a fault of the program. Tell whoever runs it this reference: {reference}.");

    /// <summary>The page that says so.</summary>
    public RazorComponentResult<RefusalPage> Page(Viewer? viewer = null) => new(new { Model = this with { Viewer = viewer } }) { StatusCode = Status };

    /// <summary>Answers a request with it.</summary>
    internal Task AnswerAsync(HttpContext context) => Page(context.Features.Get<Viewer>()).ExecuteAsync(context);
}

/// <summary>Sends the browser on to another of these pages with a GET, after a form or where nobody is signed in.</summary>
/// <param name="path">A path of these pages; it names no patient but by handle.</param>
public sealed class SeeOther(string path) : IResult
{
    /// <inheritdoc />
    public Task ExecuteAsync(HttpContext httpContext)
    {
        httpContext.Response.StatusCode = StatusCodes.Status303SeeOther;
        httpContext.Response.Headers.Location = path;
        return Task.CompletedTask;
    }
}
