using Microsoft.AspNetCore.Builder;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Who may ask for a route. Every route has one: a route without is answered to nobody.</summary>
/// <param name="Anybody">Also who is not signed in.</param>
/// <param name="Roles">Of the signed in those who have one of these; none for all of them.</param>
public sealed record RouteRule(bool Anybody, IReadOnlyList<Role> Roles)
{
    /// <summary>Whether a viewer may; null is who is not signed in.</summary>
    public bool Allows(Viewer? viewer) => Anybody || (viewer is not null && (Roles.Count == 0 || Roles.Any(viewer.Is)));
}

/// <summary>A route that a page asks for by itself: it does not keep the session of somebody who went away alive.</summary>
public sealed record BackgroundRoute;

/// <summary>States the rule of a route where it is mapped.</summary>
public static class RouteRules
{
    /// <summary>Roles that look after patients.</summary>
    public static readonly Role[] OfCare = [Role.CareManager, Role.Lead];

    /// <summary>For the signed in who have one of these roles; for all of them where none is named.</summary>
    public static TBuilder For<TBuilder>(this TBuilder route, params Role[] roles)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRule(false, roles));

    /// <summary>For everybody, signed in or not.</summary>
    public static TBuilder ForAnybody<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new RouteRule(true, []));

    /// <summary>Asked for by the page, and not by a person: see <see cref="BackgroundRoute"/>.</summary>
    public static TBuilder InBackground<TBuilder>(this TBuilder route)
        where TBuilder : IEndpointConventionBuilder => route.WithMetadata(new BackgroundRoute());
}
