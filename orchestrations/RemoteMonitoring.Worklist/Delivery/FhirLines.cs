using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using Hl7.Fhir.Model;
using Hl7.Fhir.Serialization;
using Hl7.Fhir.Validation;
using NodaTime;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Workflows.Features;
using Task = System.Threading.Tasks.Task;

namespace RemoteMonitoring.Worklist.Delivery;

/// <summary>What is exported of one patient.</summary>
/// <param name="PatientId">Whose.</param>
/// <param name="Zone">Zone of their days.</param>
/// <param name="Predictions">Predictions.</param>
/// <param name="Readings">Readings; those that a prediction names as reasons come along without.</param>
public sealed record FhirSubject(string PatientId, DateTimeZone Zone, IReadOnlyList<Prediction> Predictions, IReadOnlyList<PatientReading> Readings);

/// <summary>
/// FHIR R4 as NDJSON: the model as <c>Device</c>, readings as <c>Observation</c>, predictions as <c>RiskAssessment</c>; patients and devices are named by
/// identifier. Every resource is validated and read again strictly before it leaves; one that does not hold, or is of a code or unit that the catalog
/// does not have, is left out and counted. The last line is an <c>OperationOutcome</c> that says how many there are and what was left out.
/// </summary>
/// <param name="cohort">Cohort, within which identifiers are names.</param>
public sealed class FhirLines(string cohort)
{
    private readonly HashSet<string> _written = new(StringComparer.Ordinal);
    private readonly SortedDictionary<string, int> _leftOut = new(StringComparer.Ordinal);
    private int _count;

    /// <summary>Resources that were left out, by why.</summary>
    public IReadOnlyDictionary<string, int> LeftOut => _leftOut;

    /// <summary>Resources so far.</summary>
    public int Count => _count;

    /// <summary>The lines of one patient; a resource that was written before is not written again.</summary>
    public IEnumerable<string> Of(FhirSubject subject)
    {
        var resources = new FhirResources(cohort, subject.PatientId, subject.Zone);
        foreach (var reading in subject.Readings)
        {
            if (Line(resources.Of(reading)) is { } line)
            {
                yield return line;
            }
        }

        foreach (var prediction in subject.Predictions)
        {
            var basis = prediction.Reasons.Select(resources.Of).OfType<Made>().ToArray();
            foreach (var made in (Made[])[resources.Model(prediction), .. basis])
            {
                if (Line(made) is { } line)
                {
                    yield return line;
                }
            }

            // What it rests on is there, else it is not named.
            if (Line(resources.Of(prediction, [.. basis.Select(b => b.Resource?.Id).OfType<string>().Where(id => _written.Contains($"Observation/{id}"))])) is { } assessment)
            {
                yield return assessment;
            }
        }
    }

    /// <summary>Writes the lines of patients, and the summary last.</summary>
    public async Task WriteAsync(IEnumerable<FhirSubject> subjects, Stream output, CancellationToken cancellationToken)
    {
        await using var writer = new StreamWriter(output, new UTF8Encoding(false), leaveOpen: true) { NewLine = "\n" };
        foreach (var line in subjects.SelectMany(Of))
        {
            await writer.WriteLineAsync(line.AsMemory(), cancellationToken);
        }

        await writer.WriteLineAsync(Summary().AsMemory(), cancellationToken);
    }

    /// <summary>The last line.</summary>
    public string Summary()
    {
        var left = _leftOut.Values.Sum();
        var issues = new OperationOutcome
        {
            Issue =
            [
                new OperationOutcome.IssueComponent
                {
                    Severity = left == 0 ? OperationOutcome.IssueSeverity.Information : OperationOutcome.IssueSeverity.Warning,
                    Code = OperationOutcome.IssueType.Informational,
                    Diagnostics = string.Create(CultureInfo.InvariantCulture, $"{_count} resources; {left} left out{(left == 0 ? "" : ": " + string.Join(", ", _leftOut.Select(l => $"{l.Value} {l.Key}")))}. Decision support for trained staff; not a medical device."),
                },
            ],
        };
        return issues.ToJson();
    }

    private string? Line(Made made)
    {
        if (made.Resource is not { } resource)
        {
            return LeaveOut(made.Problem!);
        }

        if (!_written.Add($"{resource.TypeName}/{resource.Id}"))
        {
            return null;
        }

        var json = resource.ToJson();
        if (resource.Validate(ModelInfo.ModelInspector, NarrativeValidationKind.None).Count > 0
            || !FhirJsonDeserializer.STRICT.TryDeserializeResource(json, out _, out var issues) || issues.Any())
        {
            _written.Remove($"{resource.TypeName}/{resource.Id}");
            return LeaveOut($"{resource.TypeName} that is not valid");
        }

        _count++;
        return json;
    }

    private string? LeaveOut(string why)
    {
        _leftOut[why] = _leftOut.GetValueOrDefault(why) + 1;
        return null;
    }

    /// <summary>A resource, or why there is none.</summary>
    internal sealed record Made(Resource? Resource, string? Problem)
    {
        public static implicit operator Made(Resource resource) => new(resource, null);
    }

    internal static string IdOf(params string[] parts) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\n', parts))).AsSpan(0, 16));
}
