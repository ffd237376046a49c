using System.Security.Claims;
using System.Security.Cryptography;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Http;
using NodaTime;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>
/// Sessions of the signed in. A cookie says who, since when, and under which stamp; roles and teams are looked up for every request. A session
/// ends after <see cref="Idle"/> without a request, after <see cref="Longest"/> in any case, when it is signed out of, when the
/// password is changed, and when the user is disabled.
/// </summary>
public sealed class Sessions(WorklistServices services)
{
    /// <summary>Without a request a session ends after this.</summary>
    public static readonly TimeSpan Idle = TimeSpan.FromMinutes(30);

    /// <summary>With requests it ends after this.</summary>
    public static readonly TimeSpan Longest = TimeSpan.FromHours(12);

    private const string SessionClaim = "session";
    private const string StampClaim = "stamp";
    private const string BeganClaim = "began";

    // The cookie is sealed anew no more often than this.
    private static readonly TimeSpan s_renew = TimeSpan.FromMinutes(1);

    /// <summary>Begins a session of a user who has proven to be one.</summary>
    public async Task BeginAsync(HttpContext context, Member member) =>
        await context.SignInAsync(await PrincipalAsync(member, context.RequestAborted), new AuthenticationProperties { IssuedUtc = services.Time.GetUtcNow(), ExpiresUtc = services.Time.GetUtcNow() + Idle });

    /// <summary>Ends the session of a request for good: its cookie is worth nothing any more, wherever a copy of it is.</summary>
    public async Task EndAsync(HttpContext context, Viewer viewer)
    {
        if (context.User.FindFirstValue(SessionClaim) is { } session)
        {
            await services.Logins.EndSessionAsync(viewer.UserName, session, Longest, context.RequestAborted);
        }

        await context.SignOutAsync();
    }

    /// <summary>What a cookie says of a user.</summary>
    internal async Task<ClaimsPrincipal> PrincipalAsync(Member member, CancellationToken cancellationToken) => new(new ClaimsIdentity(
        [
            new Claim(ClaimTypes.NameIdentifier, member.UserName),
            new Claim(SessionClaim, RandomNumberGenerator.GetHexString(32, lowercase: true)),
            new Claim(StampClaim, (await services.Logins.FindAsync(member.UserName, cancellationToken))?.Stamp ?? ""),
            new Claim(BeganClaim, UnixMicros.Format(Now.ToUnixMicros())),
        ],
        CookieAuthenticationDefaults.AuthenticationScheme,
        ClaimTypes.NameIdentifier,
        null));

    /// <summary>Looks at what the cookie of a request says: where the session goes on the request has a <see cref="Viewer"/>, else nobody is signed in.</summary>
    internal async Task LookAsync(CookieValidatePrincipalContext cookie)
    {
        var context = cookie.HttpContext;
        var (user, session, stamp) = (Claim(cookie, ClaimTypes.NameIdentifier), Claim(cookie, SessionClaim), Claim(cookie, StampClaim));
        var began = NodaTime.Text.InstantPattern.ExtendedIso.Parse(Claim(cookie, BeganClaim));
        if (!began.Success || began.Value + Duration.FromTimeSpan(Longest) <= Now
            || (await services.Reference.TodayAsync(context.RequestAborted)).Members.GetValueOrDefault(user) is not { IsDisabled: not true } member
            || !await services.Logins.GoesOnAsync(user, session, stamp, context.RequestAborted))
        {
            cookie.RejectPrincipal();
            await context.SignOutAsync();
            return;
        }

        var byPerson = context.GetEndpoint()?.Metadata.GetMetadata<BackgroundRoute>() is null;
        cookie.ShouldRenew = byPerson && services.Time.GetUtcNow() - cookie.Properties.IssuedUtc >= s_renew;
        context.Features.Set(new Viewer(member)
        {
            Address = Viewer.ClassOf(context.Connection.RemoteIpAddress),
        });
    }

    private Instant Now => Instant.FromDateTimeOffset(services.Time.GetUtcNow());

    private static string Claim(CookieValidatePrincipalContext cookie, string type) => cookie.Principal?.FindFirstValue(type) ?? "";
}
