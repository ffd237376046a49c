using System.Text;
using RemoteMonitoring.Worklist.Delivery;

namespace RemoteMonitoring.Worklist.Audit;

/// <summary>Audit entries as CSV (RFC 4180), a line each in the order of time.</summary>
internal static class AuditCsv
{
    private const string Header = "at,event,user,patient_id,erased_patient,care_team_id,ground,reason,detail,address,care_team,lists,place,user_name,erased_at";

    public static string Of(IEnumerable<FoundEntry> entries)
    {
        var text = new StringBuilder(Header).Append("\r\n");
        foreach (var found in entries)
        {
            var e = found.Entry;
            text.AppendJoin(',', new[] { e.At.ToString(), e.Event.ToString(), e.User, e.PatientId, e.ErasedPatient, e.CareTeamId, e.Ground?.ToString(), e.Reason, e.Detail, e.Address.ToString(), found.TeamName, found.Shown, found.Where, found.UserName, found.ErasedAt?.ToString() }.Select(Field)).Append("\r\n");
        }

        return text.ToString();
    }

    private static string Field(string? text)
    {
        text = ListCsv.Harmless(text) ?? "";
        return text.AsSpan().ContainsAny(",\"\r\n") ? $"\"{text.Replace("\"", "\"\"", StringComparison.Ordinal)}\"" : text;
    }
}
