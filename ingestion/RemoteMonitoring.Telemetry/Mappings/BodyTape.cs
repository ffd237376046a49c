using System.Text.Json;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>A token of a body, or a whole array or object.</summary>
internal struct BodyNode
{
    /// <summary>Where it begins in the body; the text of a string without its quotes.</summary>
    public int Start;

    /// <summary>Bytes of it.</summary>
    public int Length;

    /// <summary>The node after it and all it holds.</summary>
    public int Next;

    /// <summary>Place of its name among the names that mappings speak of, or -1: an element, or a name nobody asks for.</summary>
    public short Name;

    public JsonTokenType Type;

    public bool IsEscaped;

    /// <summary>Whether it stands in an array.</summary>
    public bool IsElement;

    /// <summary>Whether a rule made a reading of it.</summary>
    public bool IsUsed;
}

/// <summary>
/// A body read once from end to end: its tokens in order, each knowing where what it holds ends, so that paths are followed without
/// reading text again. Kept and filled again for the next body. At most a node for every two bytes of a body.
/// </summary>
internal sealed class BodyTape
{
    private const int MaxDepth = 64;
    private BodyNode[] _nodes = new BodyNode[256];
    private int[] _seen = [];
    private int _round;

    public int Count { get; private set; }

    public ref BodyNode this[int node] => ref _nodes[node];

    /// <summary>Whether a field of this name stands anywhere in the body.</summary>
    public bool HasName(int name) => _seen[name] == _round;

    /// <summary>Reads a body; false where it is not JSON, or nested deeper than 64.</summary>
    public bool TryRead(ReadOnlySpan<byte> body, Utf8Index names)
    {
        Count = 0;
        if (_seen.Length < names.Count || _round == int.MaxValue)
        {
            _seen = new int[names.Count];
            _round = 0;
        }

        _round++;
        try
        {
            Read(body, names);
            return true;
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            return false;
        }
    }

    private void Read(ReadOnlySpan<byte> body, Utf8Index names)
    {
        Span<int> open = stackalloc int[MaxDepth + 1];
        Span<byte> unescaped = stackalloc byte[256];
        var depth = 0;
        var name = -1;
        var json = new Utf8JsonReader(body, new JsonReaderOptions { MaxDepth = MaxDepth });
        while (json.Read())
        {
            switch (json.TokenType)
            {
                case JsonTokenType.PropertyName:
                    name = NameOf(ref json, names, unescaped);
                    if (name >= 0)
                    {
                        _seen[name] = _round;
                    }

                    continue;
                case JsonTokenType.EndObject or JsonTokenType.EndArray:
                    ref var closed = ref _nodes[open[--depth]];
                    closed.Length = (int)json.BytesConsumed - closed.Start;
                    closed.Next = Count;
                    continue;
                default:
                    break;
            }

            if (Count == _nodes.Length)
            {
                Array.Resize(ref _nodes, Count * 2);
            }

            ref var node = ref _nodes[Count];
            var isText = json.TokenType == JsonTokenType.String;
            node.Start = (int)json.TokenStartIndex + (isText ? 1 : 0);
            node.Length = json.ValueSpan.Length;
            node.Next = Count + 1;
            node.Name = (short)name;
            node.Type = json.TokenType;
            node.IsEscaped = isText && json.ValueIsEscaped;
            node.IsElement = depth > 0 && _nodes[open[depth - 1]].Type == JsonTokenType.StartArray;
            node.IsUsed = false;
            name = -1;
            if (json.TokenType is JsonTokenType.StartObject or JsonTokenType.StartArray)
            {
                open[depth++] = Count;
            }

            Count++;
        }
    }

    private static int NameOf(scoped ref Utf8JsonReader json, Utf8Index names, scoped Span<byte> unescaped)
    {
        if (!json.ValueIsEscaped)
        {
            return names.Find(json.ValueSpan);
        }

        // A name so long that it does not fit is none that a mapping speaks of.
        return json.ValueSpan.Length <= unescaped.Length ? names.Find(unescaped[..json.CopyString(unescaped)]) : -1;
    }
}
