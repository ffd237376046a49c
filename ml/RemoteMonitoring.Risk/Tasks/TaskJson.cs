using System.Globalization;
using System.Text.Json;
using System.Text.Json.Serialization;
using NodaTime;
using NodaTime.Text;
using RemoteMonitoring.Risk.Evaluation;
using RemoteMonitoring.Risk.Training;

namespace RemoteMonitoring.Risk.Tasks;

[JsonSourceGenerationOptions(
    JsonSerializerDefaults.Strict,
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    ReadCommentHandling = JsonCommentHandling.Skip,
    WriteIndented = true,
    Converters =
    [
        typeof(KebabName<AsOfGrid>), typeof(KebabName<CareSetting>), typeof(KebabName<HorizonUnit>), typeof(KebabName<DeathBeforeEvent>),
        typeof(KebabName<SplitKind>), typeof(KebabName<AlertWorth>), typeof(WholeHours), typeof(CalendarDate),
    ])]
[JsonSerializable(typeof(TaskDefinition))]
internal sealed partial class TaskJson : JsonSerializerContext;

/// <summary>A value of an enumeration by its name in kebab-case; a name that is none is answered with those there are.</summary>
internal sealed class KebabName<T> : JsonConverter<T>
    where T : struct, Enum
{
    private static readonly (T Value, string Name)[] s_names = [.. Enum.GetValues<T>().Select(v => (v, JsonNamingPolicy.KebabCaseLower.ConvertName(v.ToString())))];

    public override T Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString() : null;
        foreach (var (value, name) in s_names)
        {
            if (name == text)
            {
                return value;
            }
        }

        throw new JsonException($"{(text is null ? "the value" : $"'{text}'")} is none of {string.Join(", ", s_names.Select(n => n.Name))}");
    }

    public override void Write(Utf8JsonWriter writer, T value, JsonSerializerOptions options) =>
        writer.WriteStringValue(Array.Find(s_names, n => EqualityComparer<T>.Default.Equals(n.Value, value)).Name);
}

/// <summary>An elapsed time as whole hours or days of 24 hours: <c>48h</c>, <c>10d</c>, <c>0h</c>.</summary>
internal sealed class WholeHours : JsonConverter<Duration>
{
    private const int MostDays = 3650;

    public override Duration Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
        var isNumber = int.TryParse(text.AsSpan(0, Math.Max(0, text.Length - 1)), NumberStyles.None, CultureInfo.InvariantCulture, out var number);
        var hours = number * (text.EndsWith('d') ? 24L : 1);
        return isNumber && text[^1] is 'h' or 'd' && hours <= MostDays * 24L
            ? Duration.FromHours(hours)
            : throw new JsonException($"{(text.Length == 0 ? "the value" : $"'{text}'")} is no time: a whole number of hours or days, not negative, at most {MostDays} days, for instance 48h or 10d");
    }

    public override void Write(Utf8JsonWriter writer, Duration value, JsonSerializerOptions options) => writer.WriteStringValue(Text(value));

    internal static string Text(Duration value) => value != Duration.Zero && value.TotalHours % 24 == 0
        ? string.Create(CultureInfo.InvariantCulture, $"{value.Days}d")
        : string.Create(CultureInfo.InvariantCulture, $"{value.TotalHours}h");
}

/// <summary>A date of a calendar on the wall: <c>2019-05-12</c>.</summary>
internal sealed class CalendarDate : JsonConverter<LocalDate>
{
    public override LocalDate Read(ref Utf8JsonReader reader, Type typeToConvert, JsonSerializerOptions options)
    {
        var text = reader.TokenType == JsonTokenType.String ? reader.GetString()! : "";
        return LocalDatePattern.Iso.Parse(text) is { Success: true } parsed
            ? parsed.Value
            : throw new JsonException($"{(text.Length == 0 ? "the value" : $"'{text}'")} is no date like 2019-05-12");
    }

    public override void Write(Utf8JsonWriter writer, LocalDate value, JsonSerializerOptions options) => writer.WriteStringValue(LocalDatePattern.Iso.Format(value));
}
