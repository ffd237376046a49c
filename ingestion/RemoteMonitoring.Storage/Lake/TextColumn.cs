namespace RemoteMonitoring.Storage.Lake;

/// <summary>A text column as its distinct texts and, for each row, which of them it has: what is to be done by text is done once a text.</summary>
public sealed class TextColumn
{
    internal TextColumn(string?[] texts, int[] codes) => (Texts, Codes) = (texts, codes);

    /// <summary>The texts, each once; null is one of them where rows have none.</summary>
    public string?[] Texts { get; }

    /// <summary>For each row its position in <see cref="Texts"/>.</summary>
    public int[] Codes { get; }

    internal static TextColumn Of(ReadOnlySpan<string?> rows)
    {
        var numbers = new Dictionary<string, int>(StringComparer.Ordinal);
        var texts = new List<string?>();
        var codes = new int[rows.Length];
        var none = -1;
        for (var i = 0; i < codes.Length; i++)
        {
            if (i > 0 && ReferenceEquals(rows[i], rows[i - 1]))
            {
                codes[i] = codes[i - 1];
                continue;
            }

            ref var number = ref none;
            if (rows[i] is { } text)
            {
                number = ref System.Runtime.InteropServices.CollectionsMarshal.GetValueRefOrAddDefault(numbers, text, out var known);
                number = known ? number : -1;
            }

            if (number < 0)
            {
                number = texts.Count;
                texts.Add(rows[i]);
            }

            codes[i] = number;
        }

        return new TextColumn([.. texts], codes);
    }
}
