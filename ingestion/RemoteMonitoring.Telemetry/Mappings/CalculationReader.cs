using System.Globalization;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>
/// Reads a calculation: numbers and paths under <c>+ - * / ^</c>, parentheses, and <c>a ?? b</c>, which is b where a is absent.
/// <c>^</c> binds closest and to the right, <c>??</c> loosest. Its length bounds how deep it goes.
/// </summary>
internal sealed class CalculationReader(string text, ExpressionReader expressions, MappingReader document, string path)
{
    private const int MaxLength = 200;
    private int _at;
    private bool _failed;

    public NumberExpression? Read()
    {
        if (text.Length > MaxLength)
        {
            document.Report(path, $"has {text.Length} characters; a calculation may have {MaxLength}");
            return null;
        }

        var expression = Alternatives();
        if (!_failed && Peek() is { } more)
        {
            Fail($"'{more}' at position {_at + 1} continues nothing; write + - * / ^ or ?? between two values");
        }

        return _failed ? null : expression;
    }

    private NumberExpression? Alternatives()
    {
        var left = Sum();
        while (!_failed && Peek() == '?' && text.AsSpan(_at).StartsWith("??"))
        {
            _at += 2;
            var right = Sum();
            left = _failed ? null : new FirstNumber([left!, right!]);
        }

        return left;
    }

    private NumberExpression? Sum() => LeftToRight('+', '-', Product);

    private NumberExpression? Product() => LeftToRight('*', '/', Sign);

    private NumberExpression? LeftToRight(char one, char other, Func<NumberExpression?> operand)
    {
        var left = operand();
        while (!_failed && Peek() is { } sign && (sign == one || sign == other))
        {
            _at++;
            var right = operand();
            left = _failed ? null : new Arithmetic(sign, left!, right!);
        }

        return left;
    }

    private NumberExpression? Sign()
    {
        if (Peek() != '-')
        {
            return Power();
        }

        _at++;
        var value = Sign();
        return _failed ? null : new Arithmetic('-', new ConstantNumber(0), value!);
    }

    private NumberExpression? Power()
    {
        var left = Value();
        if (_failed || Peek() != '^')
        {
            return left;
        }

        _at++;
        var right = Sign();
        return _failed ? null : new Arithmetic('^', left!, right!);
    }

    private NumberExpression? Value()
    {
        switch (Peek())
        {
            case '(':
                _at++;
                var inner = Alternatives();
                if (!_failed && Peek() != ')')
                {
                    return Fail($"a ')' is missing at position {_at + 1}");
                }

                _at++;
                return inner;
            case >= '0' and <= '9':
                return Number();
            case { } c when char.IsAsciiLetter(c) || c is '_' or '$' or '.' or '\'':
                return Field();
            default:
                return Fail($"a number or a path is missing at position {_at + 1}; quote names with special characters: 'like this'");
        }
    }

    private ConstantNumber? Number()
    {
        var start = _at;
        while (_at < text.Length && (char.IsAsciiDigit(text[_at]) || text[_at] == '.' || (text[_at] is 'e' or 'E') || (text[_at] is '+' or '-' && text[_at - 1] is 'e' or 'E')))
        {
            _at++;
        }

        if (double.TryParse(text.AsSpan(start, _at - start), NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && double.IsFinite(number))
        {
            return new ConstantNumber(number);
        }

        Fail($"'{text[start.._at]}' is no number");
        return null;
    }

    private NumberAt? Field()
    {
        var start = _at;
        for (; _at < text.Length; _at++)
        {
            var c = text[_at];
            if (c is '\'' or '[')
            {
                var end = text.IndexOf(c == '[' ? ']' : '\'', _at + 1);
                if (end < 0)
                {
                    Fail($"the '{c}' at position {_at + 1} is not closed");
                    return null;
                }

                _at = end;
            }
            else if (!char.IsAsciiLetterOrDigit(c) && c is not ('_' or '$' or '.'))
            {
                break;
            }
        }

        if (expressions.Path(text[start.._at], path) is { } slot)
        {
            return new NumberAt(slot);
        }

        _failed = true; // reported with the path
        return null;
    }

    private char? Peek()
    {
        while (_at < text.Length && text[_at] == ' ')
        {
            _at++;
        }

        return _at < text.Length ? text[_at] : null;
    }

    private NumberExpression? Fail(string problem)
    {
        _failed = true;
        document.Report(path, problem);
        return null;
    }
}
