using System.Globalization;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Simulation;

/// <summary>What the reference log says of patients and teams when they join.</summary>
internal static class Roster
{
    private static readonly string[] s_regions = ["North", "East", "South", "West"];

    public static Patient Describe(PatientProfile profile, long enrolled, string zone) => new()
    {
        PatientId = profile.Id,
        CareTeamId = TeamOf(profile.Index),
        Age = profile.Age,
        Sex = profile.Female ? "female" : "male",
        Conditions = [.. Conditions(profile)],
        TimeZone = zone,
        Attributes = new Dictionary<string, double> { ["height_cm"] = profile.HeightCm },
        Known = Instant.FromUnixTimeSeconds(enrolled / 1_000_000),
    };

    public static IReadOnlyList<CareTeam> Teams(int patients, Instant known)
    {
        var size = SimulationParameters.Cohort.PatientsPerTeam;
        var teams = new CareTeam[(patients + size - 1) / size];
        for (var i = 0; i < teams.Length; i++)
        {
            teams[i] = new CareTeam
            {
                CareTeamId = TeamOf(i * size),
                Name = string.Create(CultureInfo.InvariantCulture, $"{s_regions[i % s_regions.Length]} team {(i / s_regions.Length) + 1}"),
                Capacity = Math.Max(1, (int)Math.Round(Math.Min(size, patients - (i * size)) * SimulationParameters.Cohort.TeamCapacity)),
                Known = known,
            };
        }

        return teams;
    }

    private static string TeamOf(int index) =>
        string.Create(CultureInfo.InvariantCulture, $"team-{(index / SimulationParameters.Cohort.PatientsPerTeam) + 1:D3}");

    private static IEnumerable<string> Conditions(PatientProfile profile)
    {
        if (profile.Has(Condition.HeartFailure))
        {
            yield return "heart-failure";
        }

        if (profile.Has(Condition.Copd))
        {
            yield return "copd";
        }

        if (profile.Has(Condition.Diabetes))
        {
            yield return "diabetes";
        }

        if (profile.Has(Condition.Hypertension))
        {
            yield return "hypertension";
        }

        if (profile.Has(Condition.Frailty))
        {
            yield return "frailty";
        }
    }
}
