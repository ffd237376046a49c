namespace RemoteMonitoring.Cohorts.Import;

/// <summary>
/// A public data set could not be read: the message is one line that says what is wrong, in which file (and line), and
/// what to do. Trying again with the same files does not help. Nothing has been written when it is thrown.
/// </summary>
public sealed class ImportException : Exception
{
    /// <summary>Says what is wrong, where, and what to do.</summary>
    public ImportException(string message)
        : base(message)
    {
    }

    /// <summary>Says what is wrong, where, and what to do.</summary>
    public ImportException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
