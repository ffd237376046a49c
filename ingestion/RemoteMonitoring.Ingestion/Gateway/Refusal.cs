namespace RemoteMonitoring.Ingestion.Gateway;

/// <summary>Why the gateway turned a connection away or closed it. The texts are stable: they are values of a metric's tag.</summary>
public enum Refusal
{
    /// <summary><c>too-many-connections</c>: the gateway had as many as it may.</summary>
    TooManyConnections,

    /// <summary><c>handshake</c>: no TLS connection came about.</summary>
    Handshake,

    /// <summary><c>connect-timeout</c>: no CONNECT in time.</summary>
    ConnectTimeout,

    /// <summary><c>malformed</c>: what was sent is not MQTT, or not in an order that MQTT allows.</summary>
    Malformed,

    /// <summary><c>protocol-version</c>: not MQTT 3.1.1.</summary>
    ProtocolVersion,

    /// <summary><c>login-malformed</c>: client id, user name or password have not the form of IoT Hub's.</summary>
    LoginMalformed,

    /// <summary><c>unknown-host</c>: the user name names a hub that this is not.</summary>
    UnknownHost,

    /// <summary><c>unknown-device</c>: no such device.</summary>
    UnknownDevice,

    /// <summary><c>revoked</c>: the device was revoked, before or while it was connected.</summary>
    Revoked,

    /// <summary><c>wrong-resource</c>: the token is for something else.</summary>
    WrongResource,

    /// <summary><c>wrong-key</c>: neither key of the device signed the token.</summary>
    WrongKey,

    /// <summary><c>key-withdrawn</c>: the key that the connection was let in by was replaced since.</summary>
    KeyWithdrawn,

    /// <summary><c>token-expired</c>: before or while it was connected.</summary>
    TokenExpired,

    /// <summary><c>wrong-topic</c>: a message to a topic that is not the device's own.</summary>
    WrongTopic,

    /// <summary><c>qos-2</c>: a message with quality of service 2.</summary>
    QualityOfService2,

    /// <summary><c>oversize</c>: more than 256 KB.</summary>
    Oversize,

    /// <summary><c>idle</c>: nothing came for one and a half times the keep-alive.</summary>
    Idle,

    /// <summary><c>taken-over</c>: the same device connected anew.</summary>
    TakenOver,

    /// <summary><c>storage</c>: a message could not be made durable.</summary>
    Storage,
}

/// <summary>Texts of <see cref="Refusal"/>.</summary>
public static class Refusals
{
    /// <summary>The stable text.</summary>
    public static string ToText(this Refusal refusal) => refusal switch
    {
        Refusal.TooManyConnections => "too-many-connections",
        Refusal.Handshake => "handshake",
        Refusal.ConnectTimeout => "connect-timeout",
        Refusal.Malformed => "malformed",
        Refusal.ProtocolVersion => "protocol-version",
        Refusal.LoginMalformed => "login-malformed",
        Refusal.UnknownHost => "unknown-host",
        Refusal.UnknownDevice => "unknown-device",
        Refusal.Revoked => "revoked",
        Refusal.WrongResource => "wrong-resource",
        Refusal.WrongKey => "wrong-key",
        Refusal.KeyWithdrawn => "key-withdrawn",
        Refusal.TokenExpired => "token-expired",
        Refusal.WrongTopic => "wrong-topic",
        Refusal.QualityOfService2 => "qos-2",
        Refusal.Oversize => "oversize",
        Refusal.Idle => "idle",
        Refusal.TakenOver => "taken-over",
        Refusal.Storage => "storage",
        _ => throw new System.Diagnostics.UnreachableException(),
    };
}

/// <summary>A connection is to be closed, and why.</summary>
internal sealed class RefusedException(Refusal refusal) : Exception(refusal.ToText())
{
    public Refusal Refusal { get; } = refusal;
}
