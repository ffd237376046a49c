using System.Net;
using System.Security.Cryptography;
using System.Text;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.IdentityModel.JsonWebTokens;
using Microsoft.IdentityModel.Tokens;
using RemoteMonitoring.Storage.Secrets;

namespace RemoteMonitoring.Worklist.Tests.Access;

/// <summary>An OpenID Connect provider on a loopback port: metadata, keys, and a token for the one code that it gave out. It checks the secret and PKCE.</summary>
internal sealed class Organisation : IAsyncDisposable
{
    public const string ClientId = "rmon";
    public const string ClientSecret = "a secret of the two";
    private const string Code = "the-code";

    private readonly RSA _key = RSA.Create(2048);
    private readonly RSA _otherKey = RSA.Create(2048);
    private WebApplication _app = null!;
    private string _challenge = "";
    private string _nonce = "";

    public Uri Address => new(_app.Urls.Single());

    /// <summary>Claims of the user beside those of the protocol; what is named here replaces those too.</summary>
    public Dictionary<string, object> Claims { get; } = new() { ["preferred_username"] = "nurse" };

    public TimeSpan Age { get; set; } = TimeSpan.Zero;

    public bool SignsWithAnotherKey { get; set; }

    public bool HasNoTokens { get; set; }

    /// <summary>What it takes of who signs people in.</summary>
    public string Takes { get; set; } = ClientSecret;

    /// <summary>Settings that have a secret.</summary>
    public static SecretSettings Secrets(string secret = ClientSecret) => new(_ => secret, TimeProvider.System);

    public static async Task<Organisation> StartAsync()
    {
        var provider = new Organisation();
        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        builder.Services.AddRoutingCore();
        provider._app = builder.Build();
        provider._app.MapGet("/.well-known/openid-configuration", () => Results.Json(new Dictionary<string, object>
        {
            ["issuer"] = provider.Issuer,
            ["authorization_endpoint"] = provider.Issuer + "/authorize",
            ["token_endpoint"] = provider.Issuer + "/token",
            ["jwks_uri"] = provider.Issuer + "/keys",
        }));
        provider._app.MapGet("/keys", () =>
        {
            var key = JsonWebKeyConverter.ConvertFromRSASecurityKey(new RsaSecurityKey(provider._key.ExportParameters(false)) { KeyId = "k1" });
            return Results.Json(new { keys = new[] { new { kty = "RSA", use = "sig", kid = "k1", n = key.N, e = key.E } } });
        });
        provider._app.MapPost("/token", (Delegate)provider.TokenAsync);
        await provider._app.StartAsync();
        return provider;
    }

    private string Issuer => Address.AbsoluteUri.TrimEnd('/');

    /// <summary>What a person does there: signs in, and is sent back.</summary>
    /// <param name="authorize">Where the pages sent them.</param>
    /// <returns>Where they are sent.</returns>
    public string SignIn(Uri authorize)
    {
        Assert.Equal("/authorize", authorize.AbsolutePath);
        var asked = QueryHelpers.ParseQuery(authorize.Query);
        Assert.Equal((ClientId, "code", "S256"), (asked["client_id"].ToString(), asked["response_type"].ToString(), asked["code_challenge_method"].ToString()));
        (_challenge, _nonce) = (asked["code_challenge"].ToString(), asked["nonce"].ToString());
        Assert.NotEqual("", _nonce);
        var back = new Uri(asked["redirect_uri"].ToString());
        return QueryHelpers.AddQueryString(back.AbsolutePath, new Dictionary<string, string?> { ["code"] = Code, ["state"] = asked["state"].ToString() });
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _key.Dispose();
        _otherKey.Dispose();
    }

    private async Task<IResult> TokenAsync(HttpContext context)
    {
        if (HasNoTokens)
        {
            context.Abort();
            return Results.Empty;
        }

        var form = await context.Request.ReadFormAsync();
        if (form["client_secret"] != Takes)
        {
            return Results.Json(new { error = "invalid_client" }, statusCode: 401);
        }

        var isRight = form["code"] == Code && form["client_id"] == ClientId
            && Base64UrlEncoder.Encode(SHA256.HashData(Encoding.ASCII.GetBytes(form["code_verifier"].ToString()))) == _challenge;
        if (!isRight)
        {
            return Results.Json(new { error = "invalid_grant" }, statusCode: 400);
        }

        var now = TimeProvider.System.GetUtcNow().UtcDateTime - Age;
        var claims = new Dictionary<string, object> { ["sub"] = "subject-1", ["nonce"] = _nonce, ["aud"] = ClientId };
        foreach (var (name, value) in Claims)
        {
            claims[name] = value;
        }

        var token = new JsonWebTokenHandler { SetDefaultTimesOnTokenCreation = false }.CreateToken(new SecurityTokenDescriptor
        {
            Issuer = Issuer,
            Claims = claims,
            IssuedAt = now,
            NotBefore = now,
            Expires = now.AddMinutes(5),
            SigningCredentials = new SigningCredentials(new RsaSecurityKey(SignsWithAnotherKey ? _otherKey : _key) { KeyId = "k1" }, SecurityAlgorithms.RsaSha256),
        });
        return Results.Json(new Dictionary<string, object> { ["id_token"] = token, ["access_token"] = "opaque", ["token_type"] = "Bearer", ["expires_in"] = 300 });
    }
}
