namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>Says what a number is: the value of a reading, or seconds.</summary>
internal abstract class NumberExpression
{
    public abstract Found Evaluate(ref Evaluation e, out double value);
}

/// <summary>Says what a text is: a code, a unit, a time.</summary>
internal abstract class TextExpression
{
    public abstract Found Evaluate(ref Evaluation e, out ReadOnlySpan<byte> text);
}

internal sealed class ConstantNumber(double constant) : NumberExpression
{
    public override Found Evaluate(ref Evaluation e, out double value)
    {
        value = constant;
        return Found.Value;
    }
}

internal sealed class NumberAt(int path) : NumberExpression
{
    public override Found Evaluate(ref Evaluation e, out double value) => e.Number(path, out value);
}

/// <summary>The first of several that is there.</summary>
internal sealed class FirstNumber(NumberExpression[] alternatives) : NumberExpression
{
    public override Found Evaluate(ref Evaluation e, out double value)
    {
        value = double.NaN;
        foreach (var alternative in alternatives)
        {
            if (alternative.Evaluate(ref e, out value) is var found and not Found.Absent)
            {
                return found;
            }
        }

        return Found.Absent;
    }
}

/// <summary>A text that stands for a number.</summary>
internal sealed class NumberOfText(TextExpression text, string description) : NumberExpression
{
    public override Found Evaluate(ref Evaluation e, out double value)
    {
        value = double.NaN;
        if (text.Evaluate(ref e, out var digits) is var found and not Found.Value)
        {
            return found;
        }

        if (Evaluation.TryParse(digits, out value))
        {
            return Found.Value;
        }

        e.Problem = $"{description} is not a number";
        return Found.Bad;
    }
}

/// <summary>Two numbers under one of <c>+ - * / ^</c>. Nothing comes of it where one is absent.</summary>
internal sealed class Arithmetic(char sign, NumberExpression left, NumberExpression right) : NumberExpression
{
    public override Found Evaluate(ref Evaluation e, out double value)
    {
        value = double.NaN;
        if (left.Evaluate(ref e, out var a) is var foundLeft and not Found.Value)
        {
            return foundLeft;
        }

        if (right.Evaluate(ref e, out var b) is var foundRight and not Found.Value)
        {
            return foundRight;
        }

        value = sign switch
        {
            '+' => a + b,
            '-' => a - b,
            '*' => a * b,
            '/' => a / b,
            _ => Power(a, b),
        };
        if (double.IsFinite(value))
        {
            return Found.Value;
        }

        e.Problem = "the value calculated is not a finite number";
        return Found.Bad;
    }

    /// <summary>Whole powers by multiplication, a negative one by one division: 650 × 10^-1 is 65 on every machine.</summary>
    private static double Power(double a, double b)
    {
        if (b != Math.Floor(b) || Math.Abs(b) > 64)
        {
            return double.NaN;
        }

        var power = 1.0;
        for (var i = Math.Abs(b); i > 0; i--)
        {
            power *= a;
        }

        return b < 0 ? 1 / power : power;
    }
}

internal sealed class ConstantText(byte[] constant) : TextExpression
{
    public override Found Evaluate(ref Evaluation e, out ReadOnlySpan<byte> text)
    {
        text = constant;
        return Found.Value;
    }
}

internal sealed class TextAt(int path) : TextExpression
{
    public override Found Evaluate(ref Evaluation e, out ReadOnlySpan<byte> text) => e.Text(path, out text);
}

/// <summary>The first of several that is there.</summary>
internal sealed class FirstText(TextExpression[] alternatives) : TextExpression
{
    public override Found Evaluate(ref Evaluation e, out ReadOnlySpan<byte> text)
    {
        text = default;
        foreach (var alternative in alternatives)
        {
            if (alternative.Evaluate(ref e, out text) is var found and not Found.Absent)
            {
                return found;
            }
        }

        return Found.Absent;
    }
}

/// <summary>What stands for a text in a table; the text itself where it is not there, and no reading where the table has null.</summary>
internal sealed class Lookup(TextExpression key, Utf8Index keys, byte[]?[] values) : TextExpression
{
    public override Found Evaluate(ref Evaluation e, out ReadOnlySpan<byte> text)
    {
        if (key.Evaluate(ref e, out text) is var found and not Found.Value)
        {
            return found;
        }

        if (keys.Find(text) is not (>= 0 and var at))
        {
            return Found.Value;
        }

        text = values[at];
        return values[at] is null ? Found.NoReading : Found.Value;
    }
}
