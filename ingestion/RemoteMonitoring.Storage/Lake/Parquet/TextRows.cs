using System.Text;
using System.Text.Unicode;

namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>
/// A text column as it is read: codes into one dictionary of all its chunks, or plain texts while no chunk has had a dictionary.
/// Gives either form, whichever it was read in.
/// </summary>
internal sealed class TextRows(int count)
{
    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string?> _texts = [];
    private string?[]? _rows;
    private int[]? _codes;
    private TextColumn? _column;
    private char[] _chars = new char[64];
    private int[] _compact = [];
    private int _nullCode = -1;
    private int _filled;
    private bool _ascending = true;

    /// <summary>The text of each row; rows of the same text share one string where the column has a dictionary.</summary>
    public string?[] Rows()
    {
        if (_rows is null)
        {
            var rows = new string?[count];
            if (_codes is not null)
            {
                for (var i = 0; i < rows.Length; i++)
                {
                    rows[i] = _texts[_codes[i]];
                }
            }

            _rows = rows;
        }

        return _rows;
    }

    /// <summary>The distinct texts, and which of them each row has.</summary>
    public TextColumn Column() => _column ??= _codes is null ? TextColumn.Of(Rows()) : new TextColumn([.. _texts], _codes);

    /// <summary>The code of a dictionary's entry.</summary>
    public int CodeOf(ReadOnlySpan<byte> utf8)
    {
        if (!Utf8.IsValid(utf8))
        {
            throw new InvalidDataException("a text in it is not UTF-8");
        }

        if (_chars.Length < utf8.Length)
        {
            _chars = new char[utf8.Length * 2];
        }

        var text = _chars.AsSpan(0, Encoding.UTF8.GetChars(utf8, _chars));
        return _ascending ? CodeOfAscending(text) : CodeOf(text);
    }

    /// <summary>The same as long as each new text was greater than all before, as in a column that is sorted: nothing needs hashing.</summary>
    private int CodeOfAscending(ReadOnlySpan<char> text)
    {
        var order = _texts.Count == 0 ? 1 : text.SequenceCompareTo(_texts[^1]);
        if (order > 0)
        {
            _texts.Add(text.ToString());
            return _texts.Count - 1;
        }

        if (order == 0)
        {
            return _texts.Count - 1;
        }

        Hash();
        return CodeOf(text);
    }

    private int CodeOf(ReadOnlySpan<char> text)
    {
        var numbers = _numbers.GetAlternateLookup<ReadOnlySpan<char>>();
        if (!numbers.TryGetValue(text, out var code))
        {
            code = _texts.Count;
            _texts.Add(text.ToString());
            _numbers.Add(_texts[code]!, code);
        }

        return code;
    }

    private void Hash()
    {
        _ascending = false;
        _numbers.EnsureCapacity(_texts.Count);
        foreach (var (code, text) in _texts.Index())
        {
            _numbers.Add(text!, code);
        }
    }

    /// <summary>Adds rows by their indexes into a chunk's dictionary, given as the codes of its entries.</summary>
    public void AddCodes(ReadOnlySpan<byte> indexes, ReadOnlySpan<int> dictionary, ReadOnlySpan<int> present)
    {
        var rows = Codes().AsSpan(_filled, present.Length);
        _filled += present.Length;
        if (!present.Contains(0))
        {
            PageDecodings.DictionaryIndexes(indexes, dictionary, rows);
            return;
        }

        if (_compact.Length < present.Length)
        {
            _compact = new int[ParquetEncoder.PageRows];
        }

        var compact = _compact.AsSpan(0, present.Count(1));
        PageDecodings.DictionaryIndexes(indexes, dictionary, compact);
        var (next, none) = (0, NullCode());
        for (var i = 0; i < rows.Length; i++)
        {
            rows[i] = present[i] == 0 ? none : compact[next++];
        }
    }

    /// <summary>Adds rows of texts as they stand.</summary>
    public void AddPlain(ReadOnlySpan<byte> page, ReadOnlySpan<int> present)
    {
        if (_codes is null)
        {
            _rows ??= new string?[count];
        }

        var at = 0;
        foreach (var isThere in present)
        {
            if (_codes is not null)
            {
                _codes[_filled++] = isThere == 0 ? NullCode() : CodeOf(PageDecodings.Value(page, ref at));
            }
            else
            {
                _rows![_filled++] = isThere == 0 ? null : Text(PageDecodings.Value(page, ref at));
            }
        }

        _ = at == page.Length ? 0 : throw PageDecodings.Damaged();
    }

    private static string Text(ReadOnlySpan<byte> utf8) => Utf8.IsValid(utf8) ? Encoding.UTF8.GetString(utf8) : throw new InvalidDataException("a text in it is not UTF-8");

    private int NullCode()
    {
        if (_nullCode < 0)
        {
            if (_ascending)
            {
                Hash();
            }

            _nullCode = _texts.Count;
            _texts.Add(null);
        }

        return _nullCode;
    }

    /// <summary>The codes; rows that came plain before the first dictionary are given theirs.</summary>
    private int[] Codes()
    {
        if (_codes is null)
        {
            _codes = GC.AllocateUninitializedArray<int>(count);
            for (var i = 0; i < _filled; i++)
            {
                _codes[i] = _rows![i] is { } text ? _ascending ? CodeOfAscending(text) : CodeOf(text) : NullCode();
            }

            _rows = null;
        }

        return _codes;
    }
}
