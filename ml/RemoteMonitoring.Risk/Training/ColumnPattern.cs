using System.IO.Enumeration;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Names columns: by their name, or by a pattern in which <c>*</c> stands for any characters.</summary>
internal static class ColumnPattern
{
    internal static bool Matches(string pattern, string column) => FileSystemName.MatchesSimpleExpression(pattern, column, ignoreCase: false);
}
