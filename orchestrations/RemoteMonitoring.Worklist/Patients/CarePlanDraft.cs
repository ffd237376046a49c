using System.Globalization;
using Microsoft.AspNetCore.Http;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.DailyRisk;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>A care plan as somebody typed it.</summary>
public sealed class CarePlanDraft
{
    private const int MostPreferenceCharacters = 500;

    private readonly IFormCollection _form;

    private CarePlanDraft(IFormCollection form) => _form = form;

    /// <summary>The <see cref="CarePlanRegister.VersionOf"/> the plan that was shown beside it.</summary>
    public string Version => _form["version"].ToString();

    /// <summary>How the patient wants to be reached.</summary>
    public string Preference => TypedText.Of(_form["preference"]);

    /// <summary>What is wrong with it, in a sentence; null where nothing is.</summary>
    public string? Problem { get; init; }

    /// <summary>What was typed into a field of a limit; empty where nothing was.</summary>
    public string this[string field] => _form[field].ToString();

    /// <summary>Reads a form.</summary>
    /// <param name="form">The form.</param>
    /// <param name="patientId">For whom.</param>
    /// <param name="by">Who states it.</param>
    /// <returns>The plan, null where something is wrong; and what was typed.</returns>
    public static (CarePlan? Plan, CarePlanDraft Typed) Read(IFormCollection form, string patientId, string by)
    {
        var typed = new CarePlanDraft(form);
        var limits = new List<PersonalLimit>();
        string? problem = null;
        foreach (var vital in VitalSignCatalog.Default.Vitals)
        {
            var (low, high) = (LimitOf(typed[$"low-{vital.Key}"], vital, ref problem), LimitOf(typed[$"high-{vital.Key}"], vital, ref problem));
            if (low >= high)
            {
                problem ??= $"{vital.Label}: the limit below must be less than the one above.";
            }

            if (low is not null || high is not null)
            {
                limits.Add(new PersonalLimit(vital.Key, low, high));
            }
        }

        if (typed.Preference.Length > MostPreferenceCharacters)
        {
            problem ??= $"The contact preference has more than {MostPreferenceCharacters} characters. Shorten it.";
        }

        var plan = new CarePlan { PatientId = patientId, Limits = limits, ContactPreference = typed.Preference.Length == 0 ? null : typed.Preference, By = by, Known = default };
        problem ??= CarePlanRule.Fault(plan) is { } fault ? $"Not as it is: {fault}." : null;
        return problem is null ? (plan, typed) : (null, typed.With(problem));
    }

    /// <summary>The same, and what is wrong with it.</summary>
    public CarePlanDraft With(string problem) => new(_form) { Problem = problem };

    private static double? LimitOf(string text, VitalSign vital, ref string? problem)
    {
        if (string.IsNullOrWhiteSpace(text))
        {
            return null;
        }

        if (double.TryParse(text.Trim().Replace(',', '.'), NumberStyles.AllowLeadingSign | NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var value) && value >= vital.Low && value <= vital.High)
        {
            return value;
        }

        problem ??= string.Create(CultureInfo.InvariantCulture, $"{ReasonText.WithUnit(vital)}: a limit is a number from {vital.Low} to {vital.High}.");
        return null;
    }
}
