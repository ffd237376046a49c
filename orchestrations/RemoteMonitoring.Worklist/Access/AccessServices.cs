using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using Microsoft.AspNetCore.Authentication.Cookies;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.DataProtection;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.AspNetCore.HttpOverrides;
using Microsoft.Extensions.DependencyInjection;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Composes what stands before the pages: headers, names of this host, sessions, rules, forms.</summary>
internal static class AccessServices
{
    /// <summary>Policy of the routes that people sign in by.</summary>
    public const string SignInPolicy = "sign-in";

    private static readonly string[] s_loopbackNames = ["localhost", "127.0.0.1", "[::1]"];

    public static void AddAccess(this IServiceCollection services, WorklistServices worklist, WorklistOptions options)
    {
        services.AddSingleton(worklist.Audit);
        services.AddSingleton(new Sessions(worklist));
        services.AddSingleton(new SignInDelays(worklist.Time));
        var sealing = services.AddDataProtection().SetApplicationName($"RemoteMonitoring/{worklist.Store.Cohort}");
        if (worklist.Store.IsInAzure)
        {
            sealing.AddKeyManagementOptions(keys => keys.XmlRepository = new SessionKeyRing(worklist.Store.Documents, worklist.Store.MakeHandleKey().For("session-keys")));
        }
        else
        {
            sealing.PersistKeysToFileSystem(new DirectoryInfo(SessionKeys.FolderOf(worklist.Store)));
        }

        services.Configure<FormOptions>(FormRule.Configure);
        services.AddAntiforgery(forms =>
        {
            Protect(forms.Cookie, CookieName("form", worklist, options), options);
            forms.FormFieldName = "form";
            forms.HeaderName = null;
        });
        var authentication = services.AddAuthentication(CookieAuthenticationDefaults.AuthenticationScheme).AddCookie(cookies =>
        {
            Protect(cookies.Cookie, CookieName("session", worklist, options), options);
            // A browser that comes from the organisation's page brings no strict cookie along.
            cookies.Cookie.SameSite = options.Organisation is null ? SameSiteMode.Strict : SameSiteMode.Lax;
            cookies.ExpireTimeSpan = Sessions.Idle;
            cookies.SlidingExpiration = false; // half of the time would have to pass before it slides: see Sessions
            cookies.TimeProvider = worklist.Time;
            cookies.Events.OnValidatePrincipal = context => context.HttpContext.RequestServices.GetRequiredService<Sessions>().LookAsync(context);
        });
        OrganisationSignIn.Add(authentication, worklist, options);
        services.AddHostFiltering(hosts =>
        {
            hosts.AllowedHosts = [.. s_loopbackNames, .. options.Hosts, .. options.Address is { } address ? (string[])[address.Host] : []];
            hosts.IncludeFailureMessage = false;
        });
        services.AddRateLimiter(limits =>
        {
            limits.AddPolicy(SignInPolicy, context => RateLimitPartition.GetSlidingWindowLimiter(ClientOf(context.Connection.RemoteIpAddress), _ => new SlidingWindowRateLimiterOptions
            {
                PermitLimit = options.SignInsAMinute,
                Window = TimeSpan.FromMinutes(1),
                SegmentsPerWindow = 6,
            }));
            limits.OnRejected = async (rejected, _) =>
            {
                rejected.HttpContext.Response.Headers.RetryAfter = "60";
                await Refusal.TooMany.AnswerAsync(rejected.HttpContext);
            };
        });
    }

    public static void UseAccess(this WebApplication app, WorklistOptions options)
    {
        if (options.Address is not null)
        {
            // What the ingress says of who asked, and of nobody before it.
            var headers = new ForwardedHeadersOptions { ForwardedHeaders = ForwardedHeaders.XForwardedFor | ForwardedHeaders.XForwardedProto, ForwardLimit = 1 };
            headers.KnownIPNetworks.Clear();
            headers.KnownProxies.Clear();
            app.UseForwardedHeaders(headers);
        }

        app.UseMiddleware<SecurityHeaders>(options);
        app.UseMiddleware<FaultPages>(options);
        app.UseHostFiltering();
        app.UseMiddleware<TlsGate>(options);
        app.UseRouting();
        app.UseRateLimiter();
        app.UseAuthentication();
        app.UseMiddleware<AccessGate>();
        app.UseAntiforgery(); // for handlers that take a form as a parameter, which ask for it
    }

    /// <summary>Whom attempts are counted for: an address, of IPv6 the network that a household has.</summary>
    public static string ClientOf(IPAddress? address) => address is null ? ""
        : address.IsIPv4MappedToIPv6 ? address.MapToIPv4().ToString()
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? Convert.ToHexStringLower(address.GetAddressBytes().AsSpan(0, 8))
        : address.ToString();

    /// <summary>Cookies do not tell ports apart: each cohort has its own. The prefix binds one to this host, over TLS.</summary>
    private static string CookieName(string what, WorklistServices worklist, WorklistOptions options) => string.Create(CultureInfo.InvariantCulture, $"{(options.IsSecure ? "__Host-" : "")}rmon-{what}-{worklist.Store.Cohort}");

    private static void Protect(CookieBuilder cookie, string name, WorklistOptions options)
    {
        cookie.Name = name;
        cookie.HttpOnly = true;
        cookie.Path = "/";
        cookie.IsEssential = true;
        cookie.SameSite = SameSiteMode.Strict;
        cookie.SecurePolicy = options.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
    }
}
