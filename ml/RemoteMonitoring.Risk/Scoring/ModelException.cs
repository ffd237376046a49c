namespace RemoteMonitoring.Risk.Scoring;

/// <summary>A model cannot be used: its files are damaged, newer than this program, or for another feature set. One line says which; trying again does not help.</summary>
public sealed class ModelException : Exception
{
    /// <summary>With no more to say.</summary>
    public ModelException()
    {
    }

    /// <summary>With one line for people.</summary>
    public ModelException(string message)
        : base(message)
    {
    }

    /// <summary>With one line for people, and the fault behind it.</summary>
    public ModelException(string message, Exception innerException)
        : base(message, innerException)
    {
    }
}
