using System.Buffers.Text;
using System.Text;
using System.Text.Json;
using System.Text.Unicode;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>What came of an expression.</summary>
internal enum Found
{
    /// <summary>A value.</summary>
    Value,

    /// <summary>Nothing is there, or null.</summary>
    Absent,

    /// <summary>The mapping says that this is no reading.</summary>
    NoReading,

    /// <summary>Something that cannot be meant; <see cref="Evaluation.Problem"/> says what.</summary>
    Bad,
}

/// <summary>What is remembered between bodies: buffers that would otherwise be made for each.</summary>
internal sealed class EvaluationBuffers(int paths)
{
    public BodyTape Tape { get; } = new();

    /// <summary>Node that a path of the mapping leads to, as found last.</summary>
    public int[] Nodes { get; } = new int[paths];

    /// <summary>When it was found.</summary>
    public long[] Ticks { get; } = new long[paths];

    /// <summary>Counts bodies and elements, so that what was found for another is known as such.</summary>
    public long Tick { get; set; }
}

/// <summary>A body under evaluation: follows the paths of a mapping, each once an element.</summary>
internal ref struct Evaluation
{
    /// <summary>
    /// A code, unit, time or number is no longer than this. One field of the body may be asked for by thousands of elements; were it
    /// as long as the body, each would read it anew.
    /// </summary>
    private const int MaxScalarBytes = 1024;

    public const int AbsentNode = -1;
    public const int RepeatedNode = -2;

    private readonly EvaluationBuffers _buffers;
    private readonly PathStep[][] _steps;
    private readonly MappingPath[] _paths;
    private readonly long _bodyTick;
    private long _parentTick;
    private long _elementTick;

    public Evaluation(ReadOnlySpan<byte> body, EvaluationBuffers buffers, MappingPath[] paths, PathStep[][] steps)
    {
        Body = body;
        _buffers = buffers;
        _paths = paths;
        _steps = steps;
        _bodyTick = ++buffers.Tick;
        (_parentTick, _elementTick) = (_bodyTick, _bodyTick);
    }

    public readonly ReadOnlySpan<byte> Body { get; }

    /// <summary>The element that rules are applied to.</summary>
    public int Element { get; private set; }

    /// <summary>The element one array further out; the body where there is none.</summary>
    public int Parent { get; private set; }

    /// <summary>What is wrong, where something is.</summary>
    public string? Problem { get; set; }

    public void EnterParent(int node)
    {
        Parent = node;
        _parentTick = ++_buffers.Tick;
    }

    /// <summary>Goes to the next element; of the paths <paramref name="carried"/>, those that it does not have stay as they were.</summary>
    public void EnterElement(int node, ReadOnlySpan<int> carried, bool first)
    {
        Element = node;
        _elementTick = ++_buffers.Tick;
        foreach (var path in carried)
        {
            var before = first ? AbsentNode : _buffers.Nodes[path];
            var now = Follow(node, _steps[path]);
            _buffers.Nodes[path] = now == AbsentNode ? before : now;
            _buffers.Ticks[path] = _elementTick;
        }
    }

    /// <summary>The text or the digits that a path leads to, unescaped.</summary>
    public Found Text(int path, out ReadOnlySpan<byte> text)
    {
        text = default;
        if (!TryNode(path, out var node, out var found))
        {
            return found;
        }

        text = Body.Slice(node.Start, node.Length);
        switch (node.Type)
        {
            case not (JsonTokenType.StartObject or JsonTokenType.StartArray) when node.Length > MaxScalarBytes:
                return IsNot(path, $"text of at most {MaxScalarBytes} bytes");
            case JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False:
                return Found.Value;
            case JsonTokenType.String when !node.IsEscaped && Utf8.IsValid(text):
                return Found.Value;
            case JsonTokenType.String when node.IsEscaped && Unescape(node) is { } unescaped:
                text = unescaped;
                return Found.Value;
            default:
                return IsNot(path, "text");
        }
    }

    /// <summary>The number that a path leads to; text may be one.</summary>
    public Found Number(int path, out double value)
    {
        value = double.NaN;
        if (!TryNode(path, out var node, out var found))
        {
            return found;
        }

        if (node.Type is not (JsonTokenType.Number or JsonTokenType.String) || node.Length > MaxScalarBytes)
        {
            return IsNot(path, "a number");
        }

        var text = Body.Slice(node.Start, node.Length);
        if (node.IsEscaped)
        {
            text = Unescape(node);
        }

        return TryParse(text, out value) ? Found.Value : IsNot(path, "a number");
    }

    /// <summary>A finite number in text.</summary>
    public static bool TryParse(ReadOnlySpan<byte> text, out double value)
    {
        if (Utf8Parser.TryParse(text, out value, out var used) && used == text.Length && double.IsFinite(value))
        {
            return true;
        }

        value = double.NaN;
        return false;
    }

    /// <summary>Follows steps from a node; <see cref="AbsentNode"/> where they lead nowhere, or to null.</summary>
    public readonly int Follow(int node, ReadOnlySpan<PathStep> steps)
    {
        foreach (ref readonly var step in steps)
        {
            node = step.Kind switch
            {
                PathStepKind.Member => Member(node, step.NameId),
                PathStepKind.Index => At(node, step.Index),
                PathStepKind.Where => Where(node, in step),
                _ => AbsentNode,
            };
            if (node < 0)
            {
                return node;
            }
        }

        return _buffers.Tape[node].Type == JsonTokenType.Null ? AbsentNode : node;
    }

    public Found IsNot(int path, string expected)
    {
        Problem = $"the field '{_paths[path].Text}' is not {expected}";
        return Found.Bad;
    }

    private bool TryNode(int path, out BodyNode node, out Found found)
    {
        var (origin, tick) = _paths[path].Origin switch
        {
            PathOrigin.Element => (Element, _elementTick),
            PathOrigin.Parent => (Parent, _parentTick),
            _ => (0, _bodyTick),
        };
        if (_buffers.Ticks[path] != tick)
        {
            _buffers.Nodes[path] = Follow(origin, _steps[path]);
            _buffers.Ticks[path] = tick;
        }

        var at = _buffers.Nodes[path];
        if (at >= 0)
        {
            node = _buffers.Tape[at];
            found = Found.Value;
            return true;
        }

        node = default;
        found = Found.Absent;
        if (at == RepeatedNode)
        {
            Problem = $"the field '{_paths[path].Text}' appears twice";
            found = Found.Bad;
        }

        return false;
    }

    private readonly int Member(int node, int name)
    {
        var tape = _buffers.Tape;
        if (!tape.HasName(name) || tape[node].Type != JsonTokenType.StartObject)
        {
            return AbsentNode;
        }

        var found = AbsentNode;
        var end = tape[node].Next;
        for (var i = node + 1; i < end; i = tape[i].Next)
        {
            if (tape[i].Name == name)
            {
                if (found >= 0)
                {
                    return RepeatedNode;
                }

                found = i;
            }
        }

        return found;
    }

    private readonly int At(int node, int index)
    {
        var tape = _buffers.Tape;
        if (tape[node].Type != JsonTokenType.StartArray)
        {
            return AbsentNode;
        }

        var end = tape[node].Next;
        var i = node + 1;
        for (; i < end && index > 0; i = tape[i].Next)
        {
            index--;
        }

        return i < end ? i : AbsentNode;
    }

    private readonly int Where(int node, ref readonly PathStep step)
    {
        var tape = _buffers.Tape;
        if (tape[node].Type != JsonTokenType.StartArray)
        {
            return AbsentNode;
        }

        var end = tape[node].Next;
        for (var i = node + 1; i < end; i = tape[i].Next)
        {
            if (Member(i, step.NameId) is var member and >= 0 && IsText(member, step.Text))
            {
                return i;
            }
        }

        return AbsentNode;
    }

    /// <summary>Whether a node is this text, or these digits.</summary>
    public readonly bool IsText(int node, ReadOnlySpan<byte> text)
    {
        ref readonly var n = ref _buffers.Tape[node];
        return n.Type is JsonTokenType.String or JsonTokenType.Number or JsonTokenType.True or JsonTokenType.False
            && (n.IsEscaped ? n.Length <= MaxScalarBytes && Unescape(n) is { } unescaped && text.SequenceEqual(unescaped) : text.SequenceEqual(Body.Slice(n.Start, n.Length)));
    }

    private readonly byte[]? Unescape(in BodyNode node)
    {
        var json = new Utf8JsonReader(Body.Slice(node.Start - 1, node.Length + 2));
        json.Read();
        return JsonScalar.TryReadText(ref json, out var text) ? Encoding.UTF8.GetBytes(text!) : null;
    }
}
