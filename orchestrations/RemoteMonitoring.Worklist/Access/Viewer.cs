using System.Net;
using System.Net.Sockets;
using Microsoft.AspNetCore.Http;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Access;

/// <summary>Who asks, as they stand today: roles and teams are looked up for every request, and not taken from what was true at sign-in.</summary>
/// <param name="Member">The latest statement about the user.</param>
public sealed record Viewer(Member Member)
{
    /// <summary>Name that they sign in by.</summary>
    public string UserName => Member.UserName;

    /// <summary>From where they ask.</summary>
    public AddressClass Address { get; init; }

    /// <summary>Whether they have a role.</summary>
    public bool Is(Role role) => Member.Roles.Contains(role);

    /// <summary>Whether they look after patients at all.</summary>
    public bool CaresForPatients => Is(Role.CareManager) || Is(Role.Lead);

    /// <summary>Whether a team's patients are theirs to see.</summary>
    public bool IsOf(string careTeamId) => Member.SeesPatientsOf(careTeamId);

    /// <summary>The viewer of a request, for the parameters of its handler: there is one wherever the rule of the route asks for one.</summary>
    public static ValueTask<Viewer?> BindAsync(HttpContext context) => ValueTask.FromResult(context.Features.Get<Viewer>());

    /// <summary>What is kept of the address that a request came from.</summary>
    public static AddressClass ClassOf(IPAddress? address) => address is null ? AddressClass.Unknown
        : address.IsIPv4MappedToIPv6 ? ClassOf(address.MapToIPv4())
        : IPAddress.IsLoopback(address) ? AddressClass.Loopback
        : address.AddressFamily == AddressFamily.InterNetworkV6 ? address.IsIPv6LinkLocal || address.IsIPv6UniqueLocal ? AddressClass.Private : AddressClass.Public
        : address.GetAddressBytes() is [10, ..] or [172, >= 16 and < 32, ..] or [192, 168, ..] or [169, 254, ..] ? AddressClass.Private
        : AddressClass.Public;
}
