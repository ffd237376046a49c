using System.Collections.Frozen;
using System.Diagnostics.CodeAnalysis;
using System.Reflection;
using System.Text.Json;
using System.Text.Json.Serialization;

namespace RemoteMonitoring.Telemetry.Catalog;

/// <summary>The vital signs, laboratory values and home observations the system knows, read from <c>vital-signs.json</c>.</summary>
public sealed class VitalSignCatalog
{
    private readonly FrozenDictionary<string, VitalSign> _byCode;
    private readonly FrozenDictionary<string, VitalSign>.AlternateLookup<ReadOnlySpan<char>> _byCodeSpan;
    private readonly FrozenDictionary<string, VitalSign> _byKey;
    private readonly (string Code, VitalSign Vital)[] _codes;
    private readonly Utf8Index _codeIndex;

    private VitalSignCatalog(VitalSignFile file)
    {
        Vitals = [.. file.Vitals.Select((row, i) => new VitalSign(i, row))];
        _byKey = Vitals.ToFrozenDictionary(v => v.Key, StringComparer.Ordinal);
        _byCode = Vitals
            .SelectMany(v => v.AlternateCodes.Append(v.Code).Select(code => KeyValuePair.Create(code, v)))
            .ToFrozenDictionary(StringComparer.Ordinal);
        _byCodeSpan = _byCode.GetAlternateLookup<ReadOnlySpan<char>>();
        _codes = [.. _byCode.Select(c => (c.Key, c.Value))];
        _codeIndex = new Utf8Index([.. _codes.Select(c => c.Code)]);
    }

    /// <summary>The catalog shipped with this version.</summary>
    public static VitalSignCatalog Default { get; } = Load();

    /// <summary>All vitals; a vital's <see cref="VitalSign.Index"/> is its position here.</summary>
    public IReadOnlyList<VitalSign> Vitals { get; }

    /// <summary>The vital with this key; an unknown key is a programming error and throws.</summary>
    public VitalSign this[string key] => _byKey.TryGetValue(key, out var vital)
        ? vital
        : throw new ArgumentException($"The catalog has no vital '{key}'; it has {string.Join(", ", Vitals.Select(v => v.Key))}.", nameof(key));

    /// <summary>The vital with this key, where there is one.</summary>
    public bool TryGetByKey(string key, [NotNullWhen(true)] out VitalSign? vital) => _byKey.TryGetValue(key, out vital);

    /// <summary>The vital with this code, canonical or alternate.</summary>
    public bool TryGetByCode(ReadOnlySpan<char> code, out VitalSign? vital) => _byCodeSpan.TryGetValue(code, out vital);

    /// <summary>The same, for a code as it stands in a message; <paramref name="text"/> is the code, one string for all who have it.</summary>
    internal bool TryGetByCode(ReadOnlySpan<byte> utf8Code, out VitalSign? vital, out string? text)
    {
        var found = _codeIndex.Find(utf8Code);
        (text, vital) = found < 0 ? default((string?, VitalSign?)) : _codes[found];
        return found >= 0;
    }

    private static VitalSignCatalog Load()
    {
        using var stream = Assembly.GetExecutingAssembly().GetManifestResourceStream("vital-signs.json")!;
        return new VitalSignCatalog(JsonSerializer.Deserialize(stream, VitalSignJson.Default.VitalSignFile)!);
    }
}

internal sealed record VitalSignFile
{
    public required int SchemaVersion { get; init; }

    public required IReadOnlyList<VitalSignRow> Vitals { get; init; }
}

// Optional fields have setters: the source-generated reader passes init-only properties to the constructor, all of them,
// and so replaces the default of one that the file leaves out by null or zero.
internal sealed record VitalSignRow
{
    public required string Key { get; init; }

    public required string Code { get; init; }

    /// <summary>"unconfirmed" where the code could not be checked against the standard.</summary>
    public string? CodeStatus { get; set; }

    public IReadOnlyList<string> AlternateCodes { get; set; } = [];

    public required string Display { get; init; }

    public required string Label { get; init; }

    public required string Unit { get; init; }

    public required IReadOnlyList<UnitRow> AcceptedUnits { get; init; }

    public required double[] Range { get; init; }

    public required string RangeSource { get; init; }
}

internal sealed record UnitRow
{
    public required string Unit { get; init; }

    public double Subtract { get; set; }

    public double Multiply { get; set; } = 1;

    public double Divide { get; set; } = 1;

    public IReadOnlyList<string> Aliases { get; set; } = [];
}

[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.CamelCase,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow)]
[JsonSerializable(typeof(VitalSignFile))]
internal sealed partial class VitalSignJson : JsonSerializerContext;
