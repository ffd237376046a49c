using System.Globalization;
using System.Text;
using RemoteMonitoring.Ingestion.Gateway;
using RemoteMonitoring.Telemetry;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>
/// Messages as devices send them on a bad day: one in twenty comes again under another offset, some correct an earlier one, some
/// cannot be read or are out of all limits.
/// </summary>
internal sealed class ChaosMessages(int seed, long now)
{
    public const int Devices = 200;

    private readonly Random _random = new(seed);
    private readonly Queue<GatewayMessage> _recent = new();
    private int _count;

    /// <summary>The next message.</summary>
    public GatewayMessage Next()
    {
        var kind = _random.Next(1000);
        if (kind < 50 && _recent.Count > 0)
        {
            return _recent.ElementAt(_random.Next(_recent.Count));
        }

        var number = _count++;
        var time = UnixMicros.Format(now - UnixMicros.PerDay + (number / 10 * 1_000_000L) - (kind is >= 50 and < 60 ? 10_000_000 : 0));
        var value = kind is >= 60 and < 70 ? 999 : 50 + _random.Next(60);
        var body = kind is >= 70 and < 75
            ? "{\"time\":"
            : string.Create(CultureInfo.InvariantCulture, $$"""{"time":"{{time}}","readings":[{"code":"8867-4","value":{{value}},"unit":"/min"},{"code":"59408-5","value":{{90 + _random.Next(10)}},"unit":"%"}]}""");
        var message = new GatewayMessage
        {
            DeviceId = string.Create(CultureInfo.InvariantCulture, $"chaos-{number % Devices:D3}"),
            MessageId = number % 7 == 0 ? null : string.Create(CultureInfo.InvariantCulture, $"m{number}"),
            Properties = number % 11 == 0 ? """{"k":"v"}""" : null,
            Body = Encoding.UTF8.GetBytes(body),
        };
        _recent.Enqueue(message);
        if (_recent.Count > 500)
        {
            _recent.Dequeue();
        }

        return message;
    }
}
