using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using RemoteMonitoring.Worklist.Access;
using RemoteMonitoring.Worklist.Acting;
using RemoteMonitoring.Worklist.Audit;
using RemoteMonitoring.Worklist.Delivery;
using RemoteMonitoring.Worklist.Figures;
using RemoteMonitoring.Worklist.Layout;
using RemoteMonitoring.Worklist.Lists;
using RemoteMonitoring.Worklist.Patients;
using RemoteMonitoring.Worklist.Users;

namespace RemoteMonitoring.Worklist;

/// <summary>The care manager's pages: rendered on the server, of use without scripts.</summary>
public static class WorklistApp
{
    private const int MostConnections = 2000;

    /// <summary>Composes them; it is not started yet.</summary>
    public static WebApplication Create(WorklistServices services, WorklistOptions options)
    {
        if (options.Fault is { } fault)
        {
            throw new ArgumentException(fault, nameof(options));
        }

        var builder = WebApplication.CreateEmptyBuilder(new WebApplicationOptions());
        builder.WebHost.UseKestrelCore().ConfigureKestrel(kestrel =>
        {
            kestrel.Listen(options.Listen, options.Port, listen =>
            {
                if (options.Certificate is { } certificate)
                {
                    listen.UseHttps(https => https.ServerCertificateSelector = (_, _) => certificate());
                }
            });
            kestrel.AddServerHeader = false;
            kestrel.Limits.MaxRequestBodySize = FormRule.MostTakenBytes;
            // Who sends a byte now and then holds a connection for so long, and others get theirs: a form comes at 240 bytes a second at least, after five seconds.
            kestrel.Limits.RequestHeadersTimeout = TimeSpan.FromSeconds(10);
            kestrel.Limits.MaxConcurrentConnections = MostConnections;
        });
        if (options.Certificate is not null)
        {
            builder.WebHost.UseKestrelHttpsConfiguration();
        }

        builder.Logging.ClearProviders();
        builder.Services.AddRoutingCore();
        builder.Services.AddRazorComponents();
        builder.Services.AddSingleton(services);
        builder.Services.AddSingleton(options);
        builder.Services.AddSingleton(services.Time);
        builder.Services.AddAccess(services, options);
        var app = builder.Build();
        app.UseAccess(options);
        Map(app, options);
        return app;
    }

    /// <summary>All routes there are; each states its <see cref="RouteRule"/>.</summary>
    private static void Map(IEndpointRouteBuilder routes, WorklistOptions options)
    {
        PageFiles.Map(routes);
        ListEndpoints.Map(routes);
        PatientEndpoints.Map(routes);
        ActingEndpoints.Map(routes);
        FiguresPages.Map(routes);
        SignInPages.Map(routes, options);
        StartPages.Map(routes);
        BreakGlassPages.Map(routes);
        AuditPages.Map(routes);
        UserPages.Map(routes);
        NewUserPages.Map(routes);
        ExportRoutes.Map(routes);
        FollowUpEndpoints.Map(routes);
    }
}
