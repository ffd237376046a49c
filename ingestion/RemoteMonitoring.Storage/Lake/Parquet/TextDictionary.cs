namespace RemoteMonitoring.Storage.Lake.Parquet;

/// <summary>Gives texts of a column numbers in order of first sight, as long as few enough are distinct for that to pay.</summary>
internal sealed class TextDictionary
{
    private const int Sample = 4096;
    private const int MostTexts = 1 << 16;

    private readonly Dictionary<string, int> _numbers = new(StringComparer.Ordinal);
    private readonly List<string> _texts = [];
    private int[] _indexes = [];

    /// <summary>The distinct texts, by number.</summary>
    public IReadOnlyList<string> Texts => _texts;

    /// <summary>The number of each text that is not null; empty where a dictionary does not pay, or there is no text.</summary>
    public ReadOnlySpan<int> TryIndex(ReadOnlySpan<string?> values)
    {
        _numbers.Clear();
        _texts.Clear();
        if (_indexes.Length < values.Length)
        {
            _indexes = new int[values.Length];
        }

        var count = 0;
        string? before = null;
        string? beforeThat = null;
        int number = 0, numberBefore = 0;
        foreach (var value in values)
        {
            if (value is null)
            {
                continue;
            }

            // Neighbours often are one and the same string, or take turns: then nothing needs hashing.
            if (ReferenceEquals(value, beforeThat))
            {
                (before, beforeThat, number, numberBefore) = (beforeThat, before, numberBefore, number);
            }
            else if (!ReferenceEquals(value, before))
            {
                (beforeThat, numberBefore, before) = (before, number, value);
                if (!_numbers.TryGetValue(value, out number))
                {
                    number = _texts.Count;
                    _numbers.Add(value, number);
                    _texts.Add(value);
                }
            }

            _indexes[count++] = number;
            if (_texts.Count > MostTexts || (count == Sample && _texts.Count > Sample / 2))
            {
                return [];
            }
        }

        return _texts.Count > count / 2 && count > 16 ? [] : _indexes.AsSpan(0, count);
    }
}
