using RemoteMonitoring.Telemetry.Catalog;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>One catalog reading within a rule. Either the vital is known at load, or the code is found in the body; the same for the unit.</summary>
internal sealed record ReadingPart
{
    public required NumberExpression Value { get; init; }

    /// <summary>Where the value is looked for, as hints name it.</summary>
    public required string Field { get; init; }

    public VitalSign? Vital { get; init; }

    public TextExpression? Code { get; init; }

    public UnitConversion Conversion { get; init; }

    /// <summary>Null where <see cref="Conversion"/> is known at load.</summary>
    public TextExpression? Unit { get; init; }

    public required bool IsRequired { get; init; }
}

/// <summary>What is made of an element: a reading, or the parts of one measurement, of which none stands where a required one is missing.</summary>
internal sealed record ReadingRule(ReadingPart[] Parts, bool IsRequired, TimeRule Time)
{
    public const int MaxParts = 16;
}

/// <summary>Rules for the same elements. Paths are places in the mapping's list of paths.</summary>
internal sealed record RuleGroup(string Key, int[] Each, List<int> Carried, List<ReadingRule> Rules);

/// <summary>A condition on the body: something is there, and, where a text is given, is that text.</summary>
internal sealed record ShapeCondition(int Path, byte[]? Text);

/// <summary>Which messages a mapping is for.</summary>
internal sealed record MatchRule((string Name, byte[] Value)[] Properties, ShapeCondition[][] Shape, ShapeCondition[] Unless)
{
    public bool IsByProperty => Properties.Length > 0;
}
