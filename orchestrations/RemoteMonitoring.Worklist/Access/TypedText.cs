namespace RemoteMonitoring.Worklist.Access;

/// <summary>Texts that people type in forms.</summary>
public static class TypedText
{
    /// <summary>A text without space around it, with one kind of line ending, and without control characters, which nobody types and other programs stumble over.</summary>
    public static string Of(string? text) =>
        string.Concat((text ?? "").ReplaceLineEndings("\n").Where(c => c is '\n' or '\t' || !char.IsControl(c))).Trim();
}
