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
}
