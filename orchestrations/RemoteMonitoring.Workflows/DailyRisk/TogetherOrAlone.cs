using System.Threading.Channels;

namespace RemoteMonitoring.Workflows.DailyRisk;

/// <summary>A room of this process where any number are at work together, or one alone: who comes after one that wants to be alone waits for it.</summary>
internal sealed class TogetherOrAlone
{
    private readonly Channel<bool> _door = Channel.CreateBounded<bool>(1);
    private readonly Lock _lock = new();
    private int _inside;
    private TaskCompletionSource? _empty;

    public TogetherOrAlone() => _door.Writer.TryWrite(true);

    /// <summary>Does the work in the room.</summary>
    public async Task<T> RunAsync<T>(bool alone, Func<Task<T>> work, CancellationToken cancellationToken)
    {
        await _door.Reader.ReadAsync(cancellationToken);
        try
        {
            if (alone)
            {
                await EmptyAsync().WaitAsync(cancellationToken);
                return await work();
            }

            lock (_lock)
            {
                _inside++;
            }
        }
        finally
        {
            _door.Writer.TryWrite(true);
        }

        try
        {
            return await work();
        }
        finally
        {
            lock (_lock)
            {
                if (--_inside == 0)
                {
                    _empty?.TrySetResult();
                    _empty = null;
                }
            }
        }
    }

    private Task EmptyAsync()
    {
        lock (_lock)
        {
            return _inside == 0 ? Task.CompletedTask : (_empty ??= new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)).Task;
        }
    }
}
