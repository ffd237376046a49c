using System.Text;
using System.Text.Json;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;

namespace RemoteMonitoring.Telemetry.Mappings;

/// <summary>Applies a mapping to a body that stands on the tape. An element of an array that yields nothing is a rejected reading, and so is a body.</summary>
internal static class MappingEngine
{
    public static bool HasProperties(MatchRule match, string? properties)
    {
        Span<byte> value = stackalloc byte[256];
        Span<byte> utf8Name = stackalloc byte[256];
        foreach (var (name, expected) in match.Properties)
        {
            // Most messages have none of the names asked for: that much is seen without reading JSON.
            if (properties is null || (!properties.Contains(name, StringComparison.Ordinal) && !properties.Contains('\\', StringComparison.Ordinal))
                || !Encoding.UTF8.TryGetBytes(name, utf8Name, out var length)
                || !ApplicationProperties.TryGet(properties, utf8Name[..length], value, out var found) || !value[..found].SequenceEqual(expected))
            {
                return false;
            }
        }

        return true;
    }

    public static bool HasShape(MatchRule match, in Evaluation e, BodyTape tape, PathStep[][] steps)
    {
        foreach (var unless in match.Unless)
        {
            if (Holds(unless, in e, tape, steps))
            {
                return false;
            }
        }

        if (match.Shape.Length == 0)
        {
            return true;
        }

        foreach (var group in match.Shape)
        {
            var all = true;
            foreach (var condition in group)
            {
                all = all && Holds(condition, in e, tape, steps);
            }

            if (all)
            {
                return true;
            }
        }

        return false;
    }

    public static void Extract(DeviceMapping mapping, ref Evaluation e, BodyTape tape, PathStep[][] steps, ref ReadingOutput output)
    {
        foreach (var group in mapping.Groups)
        {
            foreach (var each in group.Each)
            {
                var walk = new Walk(mapping, group, tape);
                if (steps[each] is [{ Kind: PathStepKind.Anywhere }])
                {
                    walk.Anywhere(ref e, ref output);
                }
                else
                {
                    walk.Along(0, steps[each], ref e, ref output);
                }

                if (output.IsOverfull)
                {
                    output.RejectOverfull();
                    return;
                }
            }
        }

        if (output.Received == 0)
        {
            output.RejectWhole(RejectionReason.MissingField, mapping.NothingFound);
        }
    }

    private static bool Holds(ShapeCondition condition, in Evaluation e, BodyTape tape, PathStep[][] steps)
    {
        var path = steps[condition.Path];
        return path is [{ Kind: PathStepKind.Anywhere }, var name] ? tape.HasName(name.NameId) : Holds(0, path, condition.Text, in e, tape);
    }

    private static bool Holds(int node, ReadOnlySpan<PathStep> steps, byte[]? text, in Evaluation e, BodyTape tape)
    {
        for (var i = 0; i < steps.Length; i++)
        {
            if (steps[i].Kind is PathStepKind.Each or PathStepKind.AnyMember)
            {
                if (tape[node].Type != (steps[i].Kind == PathStepKind.Each ? JsonTokenType.StartArray : JsonTokenType.StartObject))
                {
                    return false;
                }

                var end = tape[node].Next;
                for (var item = node + 1; item < end; item = tape[item].Next)
                {
                    if (Holds(item, steps[(i + 1)..], text, in e, tape))
                    {
                        return true;
                    }
                }

                return false;
            }

            node = e.Follow(node, steps.Slice(i, 1));
            if (node == Evaluation.RepeatedNode)
            {
                return text is null; // it is there; the mapping will say that it is there twice
            }

            if (node < 0)
            {
                return false;
            }
        }

        return tape[node].Type != JsonTokenType.Null && (text is null || e.IsText(node, text));
    }

    /// <summary>Goes through the elements of one path.</summary>
    private ref struct Walk(DeviceMapping mapping, RuleGroup group, BodyTape tape)
    {
        private readonly ReadOnlySpan<int> _carried = System.Runtime.InteropServices.CollectionsMarshal.AsSpan(group.Carried);
        private bool _isFirst = true;

        /// <summary>Follows steps from a node and applies the rules where they end; true where something came of it.</summary>
        public bool Along(int node, ReadOnlySpan<PathStep> steps, ref Evaluation e, ref ReadingOutput output)
        {
            for (var i = 0; i < steps.Length; i++)
            {
                if (steps[i].Kind is PathStepKind.Each or PathStepKind.AnyMember)
                {
                    return Through(node, steps[i].Kind == PathStepKind.Each, steps[(i + 1)..], ref e, ref output);
                }

                node = e.Follow(node, steps.Slice(i, 1));
                if (node < 0)
                {
                    return false;
                }
            }

            return Apply(node, ref e, ref output);
        }

        /// <summary>Applies the rules to every object of the body. Of an array in which some elements are readings, all are taken to be meant as such.</summary>
        public void Anywhere(ref Evaluation e, ref ReadingOutput output)
        {
            for (var node = 0; node < tape.Count && !output.IsOverfull; node++)
            {
                if (tape[node].Type == JsonTokenType.StartObject && !tape[node].IsElement)
                {
                    Apply(node, ref e, ref output);
                }
                else if (tape[node].Type == JsonTokenType.StartArray)
                {
                    ApplyToElements(node, ref e, ref output);
                }
            }
        }

        private void ApplyToElements(int array, ref Evaluation e, ref ReadingOutput output)
        {
            var any = false;
            var end = tape[array].Next;
            for (var item = array + 1; item < end && !output.IsOverfull; item = tape[item].Next)
            {
                any |= tape[item].IsUsed = tape[item].Type == JsonTokenType.StartObject && Apply(item, ref e, ref output);
            }

            for (var item = array + 1; any && item < end && !output.IsOverfull; item = tape[item].Next)
            {
                if (!tape[item].IsUsed && !HoldsObject(item))
                {
                    output.Reject(RejectionReason.MissingField, mapping.NothingInElement, Raw(item, e.Body), null, double.NaN);
                }
            }
        }

        private readonly bool HoldsObject(int node)
        {
            var end = tape[node].Next;
            for (var i = node + 1; i < end; i++)
            {
                if (tape[i].Type == JsonTokenType.StartObject)
                {
                    return true;
                }
            }

            return false;
        }

        private bool Through(int node, bool isArray, ReadOnlySpan<PathStep> rest, ref Evaluation e, ref ReadingOutput output)
        {
            if (tape[node].Type != (isArray ? JsonTokenType.StartArray : JsonTokenType.StartObject))
            {
                return false;
            }

            var any = false;
            var isOuter = false;
            foreach (var step in rest)
            {
                isOuter |= step.Kind == PathStepKind.Each;
            }

            var end = tape[node].Next;
            for (var item = node + 1; item < end && !output.IsOverfull; item = tape[item].Next)
            {
                if (isOuter && isArray)
                {
                    e.EnterParent(item);
                }

                var used = Along(item, rest, ref e, ref output);
                any |= used;
                if (isArray && !used)
                {
                    output.Reject(RejectionReason.MissingField, mapping.NothingInElement, Raw(item, e.Body), null, double.NaN);
                    any = true;
                }
            }

            return any;
        }

        private bool Apply(int node, ref Evaluation e, ref ReadingOutput output)
        {
            e.EnterElement(node, _carried, _isFirst);
            _isFirst = false;
            var used = false;
            foreach (var rule in group.Rules)
            {
                used |= rule.Parts.Length == 1
                    ? Single(rule, node, ref e, ref output)
                    : Composite(rule, node, ref e, ref output);
            }

            return used;
        }

        private readonly bool Single(ReadingRule rule, int node, ref Evaluation e, ref ReadingOutput output)
        {
            var part = rule.Parts[0];
            var found = part.Value.Evaluate(ref e, out var value);
            if (found == Found.Absent)
            {
                return rule.IsRequired && Missing(rule, part, node, ref e, ref output);
            }

            Make(rule, part, found, value, node, ref e, ref output);
            return true;
        }

        private readonly bool Composite(ReadingRule rule, int node, ref Evaluation e, ref ReadingOutput output)
        {
            Span<double> values = stackalloc double[ReadingRule.MaxParts];
            Span<Found> found = stackalloc Found[ReadingRule.MaxParts];
            Span<bool> bad = stackalloc bool[ReadingRule.MaxParts];
            var any = false;
            ReadingPart? missing = null;
            for (var i = 0; i < rule.Parts.Length; i++)
            {
                found[i] = rule.Parts[i].Value.Evaluate(ref e, out values[i]);
                any |= found[i] != Found.Absent;
                missing ??= found[i] == Found.Absent && rule.Parts[i].IsRequired ? rule.Parts[i] : null;
            }

            if (!any && !rule.IsRequired)
            {
                return false;
            }

            if (missing is not null)
            {
                return Missing(rule, missing, node, ref e, ref output);
            }

            for (var i = 0; i < rule.Parts.Length; i++)
            {
                if (found[i] != Found.Absent)
                {
                    // A bad one is evaluated again, for its problem.
                    Make(rule, rule.Parts[i], found[i] == Found.Bad ? rule.Parts[i].Value.Evaluate(ref e, out _) : found[i], values[i], node, ref e, ref output);
                }
            }

            return true;
        }

        private readonly bool Missing(ReadingRule rule, ReadingPart part, int node, ref Evaluation e, ref ReadingOutput output)
        {
            var whole = rule.Parts.Length == 1 ? "reading" : "measurement";
            output.Reject(RejectionReason.MissingField, $"the {whole} has no {part.Field}", Raw(node, e.Body), part.Vital?.Code, double.NaN);
            return true;
        }

        private readonly void Make(ReadingRule rule, ReadingPart part, Found found, double sent, int node, ref Evaluation e, ref ReadingOutput output)
        {
            if (found == Found.NoReading)
            {
                return;
            }

            (RejectionReason Reason, string Hint)? problem = found == Found.Bad ? (RejectionReason.Unparsable, e.Problem!) : null;
            var code = part.Vital?.Code;
            var vital = part.Vital;
            var time = 0L;
            var value = double.NaN;
            if (part.Code is not null)
            {
                var foundCode = FindCode(part.Code, ref e, out vital, out code, out var unknown);
                if (foundCode == Found.NoReading)
                {
                    return;
                }

                problem ??= unknown;
            }

            problem ??= rule.Time.Evaluate(ref e, in output, out time) switch
            {
                Found.Bad => (RejectionReason.Unparsable, e.Problem!),
                Found.Absent => (RejectionReason.MissingField, "the reading has no time"),
                _ => null,
            };
            var conversion = part.Conversion;
            if (problem is null && part.Unit is not null)
            {
                problem = FindUnit(part.Unit, vital!, ref e, out conversion);
                if (problem is null && conversion.Unit is null)
                {
                    return;
                }
            }

            problem ??= ReadingJudge.Judge(vital!, in conversion, sent, time, output.EnqueuedTime, out value);
            if (problem is { } p)
            {
                output.Reject(p.Reason, p.Hint, Raw(node, e.Body), code, sent);
            }
            else
            {
                output.Accept(vital!, value, time);
            }
        }

        private static Found FindCode(TextExpression expression, ref Evaluation e, out VitalSign? vital, out string? code, out (RejectionReason Reason, string Hint)? problem)
        {
            (vital, code, problem) = (null, null, null);
            var found = expression.Evaluate(ref e, out var text);
            if (found == Found.Value && !VitalSignCatalog.Default.TryGetByCode(text, out vital, out code))
            {
                code = Encoding.UTF8.GetString(text);
                problem = ReadingJudge.UnknownCode(code);
            }
            else if (found is Found.Absent or Found.Bad)
            {
                problem = found == Found.Bad ? (RejectionReason.Unparsable, e.Problem!) : (RejectionReason.MissingField, "the reading has no code");
            }

            return found;
        }

        private static (RejectionReason Reason, string Hint)? FindUnit(TextExpression expression, VitalSign vital, ref Evaluation e, out UnitConversion conversion)
        {
            conversion = default;
            return expression.Evaluate(ref e, out var text) switch
            {
                Found.Value => vital.TryGetUnit(text, out conversion) ? null : ReadingJudge.WrongUnit(vital, Encoding.UTF8.GetString(text)),
                Found.Absent => (RejectionReason.MissingField, "the reading has no unit"),
                Found.Bad => (RejectionReason.Unparsable, e.Problem!),
                _ => null,
            };
        }

        private readonly ReadOnlySpan<byte> Raw(int node, ReadOnlySpan<byte> body)
        {
            ref readonly var n = ref tape[node];
            return n.Type == JsonTokenType.String ? body.Slice(n.Start - 1, n.Length + 2) : body.Slice(n.Start, n.Length);
        }
    }
}
