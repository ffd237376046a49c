using Microsoft.AspNetCore.Components;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Layout;

/// <summary>Answers that pages give.</summary>
internal static class Pages
{
    /// <summary>A page of a model.</summary>
    public static RazorComponentResult<TPage> Of<TPage>(object model, int status = StatusCodes.Status200OK)
        where TPage : IComponent => new(new Dictionary<string, object?> { ["Model"] = model }) { StatusCode = status };

    /// <summary>That there is nothing here, or nothing for who asked.</summary>
    public static IResult NotFound(Viewer viewer) => Refusal.NotFound.Page(viewer);
}

/// <summary>A page that says one thing.</summary>
/// <param name="Viewer">Who is signed in; null where nobody is.</param>
/// <param name="Title">Title.</param>
/// <param name="Text">What there is to say.</param>
/// <param name="Href">Where to go on.</param>
/// <param name="Link">What that is called.</param>
/// <param name="Note">A note that was written and not recorded, to be copied; null where there is none.</param>
public sealed record Message(Viewer? Viewer, string Title, string Text, string Href, string Link, string? Note = null);
