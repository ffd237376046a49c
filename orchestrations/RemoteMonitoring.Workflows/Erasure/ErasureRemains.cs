using System.Globalization;
using NodaTime;
using RemoteMonitoring.Ingestion.Erasure;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.FollowUps;

namespace RemoteMonitoring.Workflows.Erasure;

/// <summary>What an erasure cannot take away: where it is, until when it stays there, and what to do.</summary>
internal static class ErasureRemains
{
    /// <summary>Days that the continuous backup of Cosmos DB goes back at the most; with the other choice they are seven.</summary>
    private const int MostBackup = 30;
    private const int LeastBackup = 7;

    /// <summary>Days that the deployment has Event Hubs keep what came from the hub.</summary>
    private const int Stream = 7;

    /// <summary>Days that the service keeps the runs of a Logic App.</summary>
    private const int LogicApp = 90;

    /// <summary>Names it all in a report; <paramref name="folder"/> is the cohort's on this machine.</summary>
    public static void Name(string folder, bool isInAzure, ErasureReport report, Instant now)
    {
        string Until(int days) => (now + Duration.FromDays(days)).ToString("uuuu-MM-dd", CultureInfo.InvariantCulture);
        foreach (var model in report.Models)
        {
            report.Remains.Add($"models/{model}: was taught with rows of the patient; train again, and delete it, to be rid of what it learned from them");
        }

        if (Path.GetDirectoryName(folder) is { } home && Directory.Exists(Path.Combine(home, "feeds")))
        {
            report.Remains.Add($"{Path.Combine(home, "feeds")}: feeds that were ingested are their sources' own and are not rewritten; delete those that hold the patient (ingesting them again brings nothing back)");
        }

        report.Remains.Add("sources of messages (an IoT hub, an event hub, feeds elsewhere) within their retention, and files written for others ('rmon features export', 'rmon export', 'rmon feedback', and what was downloaded or printed from the pages): delete the patient there");
        if (isInAzure)
        {
            report.Remains.Add($"Event Hubs: messages are kept until {Until(Stream)} as pipelines/azure has it, and what comes from there again is kept out");
            report.Remains.Add("follow-ups in the task hub of the Functions app that runs this home's workflows, and on each machine that runs 'rmon serve' for it: ended and forgotten, with their histories, within a minute of their next round; 'GET /api/runs?workflow=follow-up' and 'rmon follow-ups list' show that none is left. Where none of these runs any more, delete the task hub, or the file workflows.db");
            report.Remains.Add($"runs of the Logic App that tells of follow-ups, by handle: until {Until(LogicApp)}, by the service");
        }

        // Whether or not there is a file now: there may have been one, and what was sent is not known here for ever.
        report.Remains.Add($"receivers of follow-ups, if {FollowUpFile.FileName} ever named any: were told of the patient by a handle, or by id where the settings said so; delete what they kept");
        if (report.Things.Any(t => t.Name.StartsWith(LakePaths.ReportFolder + "/", StringComparison.Ordinal)))
        {
            report.Remains.Add("copies of the tables for reports in Power BI, and reports that were printed or saved ('rmon report history --out'): refresh the semantic model whole, since a refresh by increments keeps older months, and delete the files");
        }

        report.Remains.Add(isInAzure
            ? $"the continuous backup of Cosmos DB: expires {Until(LeastBackup)} where it goes back {LeastBackup} days, {Until(MostBackup)} where {MostBackup}; whoever restores an instant of before erases again. The lake has no backup, version or soft delete as pipelines/azure makes it; of others that you made: let them expire, and erase again after a restore"
            : "backups ('rmon backup' and copies of the folder): stay until you delete them; after restoring one, restore bronze/reference/erasures and the key too, and erase again");
    }
}
