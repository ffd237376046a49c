namespace RemoteMonitoring.Telemetry.Readings;

/// <summary>Rows made of messages, accepted or rejected, that another reading of the same messages may repeat or take back.</summary>
/// <typeparam name="T">The rows themselves.</typeparam>
public interface IRereadRows<in T>
    where T : IRereadRows<T>
{
    /// <summary>How many.</summary>
    int Count { get; }

    /// <summary>Appends a row of others.</summary>
    void AddFrom(T other, int row);

    /// <summary>Appends that a row of others no longer holds from <paramref name="known"/> on (Unix microseconds).</summary>
    void AddTakenBack(T other, int row, long known);

    /// <summary>Whether a row says of its place in the message what a row of others says, whatever mapping made it and whenever it was known.</summary>
    bool SaysTheSame(int row, T other, int otherRow);
}
