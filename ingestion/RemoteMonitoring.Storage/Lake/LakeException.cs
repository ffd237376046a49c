namespace RemoteMonitoring.Storage.Lake;

/// <summary>The lake or a document store could not do what was asked; the message names file and cause in one line for people.</summary>
public sealed class LakeException : Exception
{
    /// <summary>With the cause.</summary>
    public LakeException(string message, Exception innerException)
        : base(message, innerException)
    {
    }

    /// <summary>Without one.</summary>
    public LakeException(string message)
        : base(message)
    {
    }

    /// <summary>
    /// Whether it may pass by itself, so that the same call may work a little later: the store is busy or locked, gave no answer in time, or the
    /// connection was cut. What was asked for may have been done all the same. False for what stays until somebody does something (missing,
    /// damaged, refused, full), and where it is not known.
    /// </summary>
    public bool IsTransient { get; init; }
}
