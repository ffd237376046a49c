using System.Text;
using System.Text.Json;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Import.Hospital;

/// <summary>
/// FHIR R4 Encounter and Patient resources from a file: newline-delimited JSON as a bulk export has it, or one resource or
/// Bundle. An encounter of a class with a stay (IMP, ACUTE, NONAC, EMER, OBSENC, SS) admits at its period's start and, finished,
/// discharges at its end; discharge disposition <c>exp</c> is a death then, and so is <c>Patient.deceasedDateTime</c>. One
/// cancelled or entered in error takes the admission back. Other resources are counted and change nothing.
/// </summary>
public static class FhirFile
{
    private static readonly string[] s_stays = ["IMP", "ACUTE", "NONAC", "EMER", "OBSENC", "SS"];

    private static readonly JsonDocumentOptions s_strict = new() { AllowDuplicateProperties = false, MaxDepth = 64 };

    /// <summary>Reads the file twice: first who the patients are, then what happened to them.</summary>
    public static HospitalEvents Read(string file, HospitalFileOptions options)
    {
        if (!File.Exists(file))
        {
            throw new ImportException($"{file}: there is no such file.");
        }

        return SourceFile.Guard(file, () =>
        {
            var events = new HospitalEvents(file, options);
            var ids = new Dictionary<string, string>(StringComparer.Ordinal);
            foreach (var (_, resource) in options.IdSystem is null ? [] : Resources(file, null))
            {
                if (Text(resource, "resourceType") == "Patient" && Text(resource, "id") is { } id && IdentifierOf(resource, options.IdSystem!) is { } identifier)
                {
                    ids[id] = identifier;
                }
            }

            foreach (var (line, resource) in Resources(file, events))
            {
                events.Read++;
                switch (Text(resource, "resourceType"))
                {
                    case "Encounter":
                        Encounter(line, resource, events, options, ids);
                        break;
                    case "Patient":
                        Deceased(line, resource, events, options, ids);
                        break;
                    case { } other:
                        events.Ignore($"{other} resources");
                        break;
                    default:
                        events.Problem(line, "resourceType", "is not there", "a FHIR resource says what it is");
                        break;
                }
            }

            events.Settle();
            return events;
        });
    }

    private static void Encounter(long line, JsonElement encounter, HospitalEvents events, HospitalFileOptions options, Dictionary<string, string> ids)
    {
        var (status, code) = (Text(encounter, "status"), encounter.TryGetProperty("class", out var c) ? Text(c, "code") : null);
        if (status is null || code is null)
        {
            events.Problem(line, status is null ? "Encounter.status" : "Encounter.class", "is not there", "R4 asks for it");
        }
        else if (!s_stays.Contains(code) || status is "planned")
        {
            events.Ignore(status is "planned" ? "planned encounters" : $"encounters of class {code}");
        }
        else if (PatientOf(line, Reference(encounter), events, options, ids) is { } patient && TryPeriod(line, encounter, events, out var start, out var end))
        {
            if (status is "cancelled" or "entered-in-error")
            {
                events.CancelAdmission(line, patient, start, options.Now);
                return;
            }

            events.Add(line, patient, CensusKind.Admitted, start);
            if (end is { } at && status == "finished")
            {
                events.Add(line, patient, CensusKind.Discharged, at);
                if (IsExpired(encounter))
                {
                    events.Add(line, patient, CensusKind.Died, at);
                }
            }
        }
    }

    private static void Deceased(long line, JsonElement patient, HospitalEvents events, HospitalFileOptions options, Dictionary<string, string> ids)
    {
        if (Text(patient, "deceasedDateTime") is { } time)
        {
            if (PatientOf(line, Text(patient, "id"), events, options, ids) is { } id && events.Time(line, "Patient.deceasedDateTime", time) is { } died)
            {
                events.Add(line, id, CensusKind.Died, died);
            }
        }
        else if (patient.TryGetProperty("deceasedBoolean", out var deceased) && deceased.ValueKind == JsonValueKind.True)
        {
            events.Problem(line, "Patient.deceasedBoolean", "says that the patient died, and not when", "give deceasedDateTime, or state it with 'rmon import census'");
        }
        else
        {
            events.Ignore("living patients");
        }
    }

    private static bool TryPeriod(long line, JsonElement encounter, HospitalEvents events, out Instant start, out Instant? end)
    {
        (start, end) = (default, null);
        var period = encounter.TryGetProperty("period", out var p) ? p : default;
        if (Text(period, "start") is not { } from)
        {
            events.Problem(line, "Encounter.period.start", "is not there", "an admission has a time");
            return false;
        }

        if (events.Time(line, "Encounter.period.start", from) is not { } begun)
        {
            return false;
        }

        start = begun;
        end = Text(period, "end") is { } to ? events.Time(line, "Encounter.period.end", to) : null;
        return Text(period, "end") is null || end is not null;
    }

    private static bool IsExpired(JsonElement encounter) =>
        encounter.TryGetProperty("hospitalization", out var stay) && stay.ValueKind == JsonValueKind.Object
        && stay.TryGetProperty("dischargeDisposition", out var disposition) && disposition.ValueKind == JsonValueKind.Object
        && Items(disposition, "coding").Any(c => Text(c, "code") == "exp");

    private static string? Reference(JsonElement encounter) =>
        encounter.TryGetProperty("subject", out var subject) && Text(subject, "reference") is { } reference
            ? reference.Split("/_history/")[0] is var plain && plain.StartsWith("urn:uuid:", StringComparison.Ordinal) ? plain["urn:uuid:".Length..] : plain[(plain.LastIndexOf('/') + 1)..]
            : null;

    private static string? PatientOf(long line, string? id, HospitalEvents events, HospitalFileOptions options, Dictionary<string, string> ids)
    {
        if (id is null)
        {
            events.Problem(line, null, "names no patient", "an encounter has a subject, a patient an id");
            return null;
        }

        if (options.IdSystem is null)
        {
            return id;
        }

        if (!ids.TryGetValue(id, out var identifier))
        {
            events.Problem(line, null, $"the file has no Patient '{id}' with an identifier of '{options.IdSystem}'", "put the patients into the same file, or name another system with --id-system");
        }

        return identifier;
    }

    private static string? IdentifierOf(JsonElement patient, string system) =>
        Items(patient, "identifier").Where(i => Text(i, "system") == system).Select(i => Text(i, "value")).FirstOrDefault(v => v is not null);

    /// <summary>Every resource with its line: of a Bundle, and of one resource over several lines, the first.</summary>
    private static IEnumerable<(long Line, JsonElement Resource)> Resources(string file, HospitalEvents? events)
    {
        using var reader = new StreamReader(file, Encoding.UTF8);
        for (var line = 1L; reader.ReadLine() is { } text; line++)
        {
            if (string.IsNullOrWhiteSpace(text))
            {
                continue;
            }

            if (TryParse(text) is { } document)
            {
                foreach (var resource in Entries(document))
                {
                    yield return (line, resource);
                }
            }
            else if (line == 1 && TryParse(text + "\n" + reader.ReadToEnd()) is { } whole)
            {
                foreach (var resource in Entries(whole))
                {
                    yield return (line, resource);
                }
            }
            else
            {
                if (line == 1)
                {
                    reader.BaseStream.Position = 0;
                    reader.DiscardBufferedData();
                    reader.ReadLine();
                }

                events?.Problem(line, null, "is not a JSON object", "a line holds one resource, or the whole file one");
            }
        }
    }

    private static IEnumerable<JsonElement> Entries(JsonElement document) => Text(document, "resourceType") == "Bundle"
        ? Items(document, "entry").Select(e => e.TryGetProperty("resource", out var resource) ? resource : default).Where(r => r.ValueKind == JsonValueKind.Object)
        : [document];

    private static JsonElement? TryParse(string text)
    {
        try
        {
            using var document = JsonDocument.Parse(text, s_strict);
            return document.RootElement.ValueKind == JsonValueKind.Object ? document.RootElement.Clone() : null;
        }
        catch (JsonException)
        {
            return null;
        }
    }

    private static IEnumerable<JsonElement> Items(JsonElement element, string name) =>
        element.TryGetProperty(name, out var array) && array.ValueKind == JsonValueKind.Array ? array.EnumerateArray().Where(i => i.ValueKind == JsonValueKind.Object) : [];

    private static string? Text(JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String && value.GetString() is { Length: > 0 } text ? text : null;
}
