using System.Text;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>Where a path starts.</summary>
internal enum PathOrigin
{
    /// <summary>At the element that a rule is applied to; at the body where the rule has no <c>each</c>.</summary>
    Element,

    /// <summary>One array further out: <c>..</c>.</summary>
    Parent,

    /// <summary>At the body: <c>$</c>.</summary>
    Body,
}

internal enum PathStepKind
{
    /// <summary><c>name</c>.</summary>
    Member,

    /// <summary><c>*</c>: each member in turn.</summary>
    AnyMember,

    /// <summary><c>[]</c>: each element in turn.</summary>
    Each,

    /// <summary><c>[2]</c>, from 0.</summary>
    Index,

    /// <summary><c>[name=text]</c>: the first element of which that member is that text.</summary>
    Where,

    /// <summary><c>**</c>: every object of the body.</summary>
    Anywhere,
}

/// <summary>A step of a path; <see cref="NameId"/> is set when a set of mappings is made ready.</summary>
internal readonly record struct PathStep(PathStepKind Kind, string Name = "", int Index = 0, byte[]? Text = null, int NameId = -1);

/// <summary>A path as written, and its steps.</summary>
internal sealed record MappingPath(string Text, PathOrigin Origin, IReadOnlyList<PathStep> Steps)
{
    private const int MaxSteps = 16;
    private const string EndsName = ".[]'=+*/^()?, \t\"";

    /// <summary>How many arrays it goes through.</summary>
    public int Arrays => Steps.Count(s => s.Kind == PathStepKind.Each);

    public bool Has(PathStepKind kind) => Steps.Any(s => s.Kind == kind);

    /// <summary>Reads a path; on failure <paramref name="problem"/> says what is wrong with it.</summary>
    public static MappingPath? Parse(string text, out string problem)
    {
        var (origin, at) = text.StartsWith('$') ? (PathOrigin.Body, 1) : text.StartsWith("..", StringComparison.Ordinal) ? (PathOrigin.Parent, 2) : (PathOrigin.Element, 0);
        var steps = new List<PathStep>();
        var mayNameFollow = origin != PathOrigin.Body;
        problem = "";
        while (at < text.Length && problem.Length == 0)
        {
            if (text[at] == '[')
            {
                problem = Bracket(text, ref at, steps);
                mayNameFollow = false;
                continue;
            }

            if (!mayNameFollow)
            {
                if (text[at] != '.')
                {
                    problem = $"'{text[at]}' at position {at + 1} of the path '{text}' continues nothing; write names with '.' between them";
                    break;
                }

                at++;
            }

            mayNameFollow = false;
            problem = Name(text, ref at, out var name);
            if (problem.Length == 0)
            {
                steps.Add(name switch { "*" => new PathStep(PathStepKind.AnyMember), "**" => new PathStep(PathStepKind.Anywhere), _ => new PathStep(PathStepKind.Member, name) });
            }
        }

        if (problem.Length == 0 && steps.Count == 0 && origin != PathOrigin.Body)
        {
            problem = "the path is empty; write the name of a field, or '$' for the body";
        }
        else if (problem.Length == 0 && steps.Count > MaxSteps)
        {
            problem = $"the path '{text}' has {steps.Count} steps; it may have {MaxSteps}";
        }

        return problem.Length == 0 ? new MappingPath(text, origin, steps) : null;
    }

    private static string Name(string text, ref int at, out string name)
    {
        name = "";
        var start = at;
        if (at < text.Length && text[at] == '\'')
        {
            var end = text.IndexOf('\'', at + 1);
            if (end < 0)
            {
                return $"the quote at position {at + 1} of the path '{text}' is not closed";
            }

            name = text[(at + 1)..end];
            at = end + 1;
            return name.Length == 0 ? $"the path '{text}' has an empty name" : "";
        }

        if (at < text.Length && text[at] == '*')
        {
            at += text.AsSpan(at).StartsWith("**") ? 2 : 1;
            name = text[start..at];
            return "";
        }

        while (at < text.Length && !EndsName.Contains(text[at], StringComparison.Ordinal))
        {
            at++;
        }

        name = text[start..at];
        return name.Length > 0 ? "" : $"a name is missing at position {start + 1} of the path '{text}'; quote names with special characters: 'like this'";
    }

    private static string Bracket(string text, ref int at, List<PathStep> steps)
    {
        var end = text.IndexOf(']', at);
        if (end < 0)
        {
            return $"the bracket at position {at + 1} of the path '{text}' is not closed";
        }

        var inside = text[(at + 1)..end];
        at = end + 1;
        if (inside.Length == 0)
        {
            steps.Add(new PathStep(PathStepKind.Each));
            return "";
        }

        if (inside.Length < 6 && inside.All(char.IsAsciiDigit))
        {
            steps.Add(new PathStep(PathStepKind.Index, Index: int.Parse(inside, System.Globalization.CultureInfo.InvariantCulture)));
            return "";
        }

        var equals = inside.IndexOf('=', StringComparison.Ordinal);
        if (equals <= 0)
        {
            return $"'[{inside}]' in the path '{text}' is no step; write [] for each element, [0] for the first, or [name=text] for the first of which 'name' is 'text'";
        }

        steps.Add(new PathStep(PathStepKind.Where, inside[..equals], Text: Encoding.UTF8.GetBytes(inside[(equals + 1)..])));
        return "";
    }
}
