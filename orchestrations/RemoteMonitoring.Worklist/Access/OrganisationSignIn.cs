using System.Security.Claims;
using Microsoft.AspNetCore.Authentication;
using Microsoft.AspNetCore.Authentication.OpenIdConnect;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.Protocols.OpenIdConnect;
using Microsoft.IdentityModel.Tokens;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Secrets;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>The organisation that people sign in with, by OpenID Connect: code flow with PKCE.</summary>
/// <param name="Authority">Its address: of Entra ID <c>https://login.microsoftonline.com/TENANT/v2.0</c>, with the tenant's own id.</param>
/// <param name="ClientId">What this application is called there.</param>
/// <param name="Secrets">Where its secret there is found, as <see cref="SecretSetting"/>: looked up at each sign-in, so that it may be replaced while the pages run.</param>
public sealed record OrganisationOptions(Uri Authority, string ClientId, SecretSettings Secrets)
{
    /// <summary>The setting that has the secret.</summary>
    public const string SecretSetting = "RMON_OIDC_CLIENT_SECRET";

    /// <summary>Names of Entra ID for more than one organisation, and the id of the tenant in which all private accounts are.</summary>
    private static readonly string[] s_manyTenants = ["common", "organizations", "consumers", "9188040d-6c67-4c5b-b112-36a304b66dad"];

    /// <summary>
    /// The claim that is held against the names of users. Default <c>preferred_username</c>, which in Entra ID is the user principal name. It is
    /// unique within a tenant and nowhere else, which is why one tenant must be named: in another anybody can call themselves anything.
    /// </summary>
    public string NameClaim { get; init; } = "preferred_username";

    /// <summary>What is wrong with it, a line each; none where nothing is.</summary>
    public IReadOnlyList<string> Faults =>
    [
        .. !Authority.IsAbsoluteUri || (Authority.Scheme != Uri.UriSchemeHttps && !Authority.IsLoopback) ? ["RMON_OIDC_AUTHORITY must be an https address, of Entra ID https://login.microsoftonline.com/TENANT/v2.0."]
            : Authority.Segments.Any(s => s_manyTenants.Contains(s.TrimEnd('/'), StringComparer.OrdinalIgnoreCase)) ? ["RMON_OIDC_AUTHORITY must name one tenant by its id: users of any other could call themselves by the names of yours."]
            : (string[])[],
        .. NameClaim is "preferred_username" or "upn" or "email" ? (string[])[] : ["RMON_OIDC_NAME_CLAIM is preferred_username, upn or email."],
        .. ClientId.Length > 0 ? (string[])[] : ["RMON_OIDC_CLIENT_ID is missing: what this application is called at the organisation."],
        .. Secrets.Set(SecretSetting) is not null ? (string[])[] : [$"{SecretSetting} is missing: the secret of this application at the organisation, or the URL of the Key Vault secret that holds it."],
    ];

    /// <summary>As the environment has it; null where no organisation is named.</summary>
    public static OrganisationOptions? Of(SecretSettings settings) => settings.Set("RMON_OIDC_AUTHORITY") is not { } authority ? null
        : new OrganisationOptions(
            Uri.TryCreate(authority, UriKind.Absolute, out var address) ? address : new Uri("relative", UriKind.Relative),
            settings.Set("RMON_OIDC_CLIENT_ID") ?? "",
            settings)
        {
            NameClaim = settings.Set("RMON_OIDC_NAME_CLAIM") ?? "preferred_username",
        };

    /// <summary>The secret as it is now.</summary>
    public async Task<string> SecretAsync(CancellationToken cancellationToken) =>
        await Secrets.FindAsync(SecretSetting, null, cancellationToken) ?? throw new InvalidOperationException($"{SecretSetting} was set when the pages began.");
}

/// <summary>Signing in with an organisation: it says who somebody is; what they may do is what is stated of the user here, and nothing that it says.</summary>
internal static class OrganisationSignIn
{
    public const string Path = "/sign-in/organisation";

    /// <summary>Where the organisation sends people back to; it has to know this address.</summary>
    public const string CallbackPath = "/sign-in/callback";

    private static readonly Refusal s_away = new(StatusCodes.Status503ServiceUnavailable, "Sign-in is not available", "Your organisation's sign-in cannot be reached at the moment. Try again in a few minutes.");

    private static readonly Refusal s_failed = new(StatusCodes.Status401Unauthorized, "You are not signed in", "Signing in with your organisation did not come to an end. Begin again from the start.");

    private static readonly Refusal s_noUser = new(StatusCodes.Status403Forbidden, "No access", "Your organisation knows you, but you may not use these pages. Whoever makes users here can let you in.");

    public static string PathTo(string path) => $"{Path}?return={Uri.EscapeDataString(LocalPath.Of(path))}";

    public static void Add(AuthenticationBuilder authentication, WorklistServices services, WorklistOptions options)
    {
        if (options.Organisation is not { } organisation)
        {
            return;
        }

        if (organisation.Faults is [var fault, ..])
        {
            throw new ArgumentException(fault, nameof(options));
        }

        authentication.AddOpenIdConnect(oidc =>
        {
            oidc.Authority = organisation.Authority.AbsoluteUri;
            oidc.ClientId = organisation.ClientId;
            oidc.CallbackPath = CallbackPath;
            oidc.ResponseType = OpenIdConnectResponseType.Code;
            oidc.ResponseMode = OpenIdConnectResponseMode.Query;
            oidc.UsePkce = true;
            oidc.Scope.Clear();
            oidc.Scope.Add("openid");
            oidc.Scope.Add("profile");
            if (organisation.NameClaim == "email")
            {
                oidc.Scope.Add("email");
            }

            oidc.MapInboundClaims = false;
            oidc.GetClaimsFromUserInfoEndpoint = false;
            oidc.SaveTokens = false;
            oidc.RequireHttpsMetadata = !organisation.Authority.IsLoopback;
            oidc.SignedOutCallbackPath = new PathString("/sign-in/unused");
            oidc.RemoteSignOutPath = default;
            oidc.BackchannelTimeout = TimeSpan.FromSeconds(10);
            oidc.TokenValidationParameters = new TokenValidationParameters { ValidateAudience = true, ValidateIssuer = true, ValidateLifetime = true, RequireSignedTokens = true, RequireExpirationTime = true };
            foreach (var cookie in (CookieBuilder[])[oidc.CorrelationCookie, oidc.NonceCookie])
            {
                cookie.SameSite = SameSiteMode.Lax; // the organisation sends people back by a plain link
                cookie.SecurePolicy = options.IsSecure ? CookieSecurePolicy.Always : CookieSecurePolicy.None;
            }

            oidc.Events.OnAuthorizationCodeReceived = async context => context.TokenEndpointRequest!.ClientSecret = await organisation.SecretAsync(context.HttpContext.RequestAborted);
            oidc.Events.OnTokenValidated = context => AcceptAsync(context, services, organisation);
            oidc.Events.OnRemoteFailure = async context =>
            {
                options.Log.OrganisationFailed((context.Failure?.InnerException ?? context.Failure)?.GetType().Name ?? "unknown");
                context.HandleResponse();
                if (IsRefusedToUs(context.Failure))
                {
                    // The secret may have been replaced: whoever begins again is signed in by the newer one.
                    await organisation.Secrets.FindOtherAsync(OrganisationOptions.SecretSetting, "", null, context.HttpContext.RequestAborted);
                }

                await (IsAway(context.Failure) ? s_away : s_failed).AnswerAsync(context.HttpContext);
            };
        });
    }

    /// <summary>Sends somebody to their organisation.</summary>
    public static async Task<IResult> BeginAsync(HttpContext context, WorklistOptions options)
    {
        try
        {
            await context.ChallengeAsync(OpenIdConnectDefaults.AuthenticationScheme, new AuthenticationProperties { RedirectUri = LocalPath.Of(context.Request.Query["return"]) });
            return Results.Empty;
        }
        catch (InvalidOperationException e) when (IsAway(e))
        {
            options.Log.OrganisationFailed((e.InnerException ?? e).GetType().Name);
            return s_away.Page();
        }
    }

    /// <summary>Holds who the organisation says it is against the users there are.</summary>
    private static async Task AcceptAsync(TokenValidatedContext context, WorklistServices services, OrganisationOptions organisation)
    {
        var cancellationToken = context.HttpContext.RequestAborted;
        var name = context.Principal?.FindFirstValue(organisation.NameClaim);
        var isVouchedFor = organisation.NameClaim != "email" || string.Equals(context.Principal?.FindFirstValue("email_verified"), "true", StringComparison.OrdinalIgnoreCase);
        services.Reference.Expire();
        var member = name is null || !isVouchedFor ? null : (await services.Reference.TodayAsync(cancellationToken)).Members.GetValueOrDefault(name);
        var entry = new AuditEntry
        {
            Id = "",
            At = default,
            Event = AuditEvent.SignInRefused,
            User = member?.UserName,
            Detail = "organisation",
            Address = Viewer.ClassOf(context.HttpContext.Connection.RemoteIpAddress),
        };
        if (member is not { IsDisabled: not true })
        {
            await services.Audit.RecordAsync(entry, cancellationToken);
            context.HandleResponse();
            await s_noUser.AnswerAsync(context.HttpContext);
            return;
        }

        await services.Audit.RecordAsync(entry with { Event = AuditEvent.SignedIn }, cancellationToken);
        context.Principal = await context.HttpContext.RequestServices.GetRequiredService<Sessions>().PrincipalAsync(member, cancellationToken);
        context.Properties!.IssuedUtc = services.Time.GetUtcNow();
        context.Properties.ExpiresUtc = services.Time.GetUtcNow() + Sessions.Idle;
        context.Properties.IsPersistent = false;
    }

    /// <summary>Whether the organisation did not take our secret (RFC 6749, 5.2).</summary>
    private static bool IsRefusedToUs(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is OpenIdConnectProtocolException && failure.Message.Contains("invalid_client", StringComparison.Ordinal))
            {
                return true;
            }
        }

        return false;
    }

    private static bool IsAway(Exception? failure)
    {
        for (; failure is not null; failure = failure.InnerException)
        {
            if (failure is HttpRequestException or IOException or TaskCanceledException or LakeException)
            {
                return true;
            }
        }

        return false;
    }
}
