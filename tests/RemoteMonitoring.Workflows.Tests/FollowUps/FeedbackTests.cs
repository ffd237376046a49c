using System.Text;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Workflows.Tests.FollowUps;

[Collection(TrainedOnce.Name)]
public sealed class FeedbackTests(TrainedHome trained)
{
    [Fact]
    public async Task What_staff_did_changes_no_label_and_no_feature()
    {
        var (without, manifest) = await trained.CopyAsync();
        var (with, _) = await trained.CopyAsync();
        await using var _1 = without;
        await using var _2 = with;
        for (var i = 0; i < 24; i++)
        {
            // Known well before the last rows, of patients with and without the outcome.
            await with.Store.Reference.AppendAsync(ReferenceKinds.Actions, Line(Action($"{i:D32}", TrainedHome.Patient(i), i % 2 == 0 ? ActionKind.Contacted : ActionKind.FalseAlarm, MadeUpFeed.At(5))), default);
        }

        foreach (var home in new[] { without, with })
        {
            foreach (var file in Directory.EnumerateFiles(Path.Combine(home.Store.Folder, "lake", "gold", "features"), "*", SearchOption.AllDirectories).Concat(Directory.EnumerateFiles(Path.Combine(home.Store.Folder, "lake", "models"), "*", SearchOption.AllDirectories)))
            {
                File.Delete(file);
            }
        }

        var one = await TrainingStage.RunAsync(without.Store, manifest, TrainedHome.Task, TrainedHome.Quick, null, default);
        var other = await TrainingStage.RunAsync(with.Store, manifest, TrainedHome.Task, TrainedHome.Quick, null, default);
        Assert.Equal(24, (await Feedback.ReadAsync(with.Store.Reference, default)).Count);
        Assert.Equal(one.Item1.Version, other.Item1.Version);
        var snapshots = await without.HashesAsync("gold/features");
        Assert.NotEmpty(snapshots);
        Assert.Equal(snapshots, await with.HashesAsync("gold/features"));
    }

    [Fact]
    public async Task It_says_what_was_shown_and_marks_what_was_taken_back_and_leaves_out_notes_and_names()
    {
        var shown = new ShownRisk("admission-7d", MadeUpFeed.At(3), "run-1", 0.25, ["body_weight", "heart_rate"]);
        WorklistAction[] actions =
        [
            Action("1", "p1", ActionKind.Contacted, MadeUpFeed.At(4)) with { Shown = [shown, shown with { Task = "admission-30d", Probability = 0.5 }], Note = "her words", By = "anna" },
            Action("2", "p1", ActionKind.NoAnswer, MadeUpFeed.At(5)),
            Action("3", "p1", ActionKind.Undo, MadeUpFeed.At(5)) with { Undoes = "2" },
        ];
        using var csv = new MemoryStream();
        await Feedback.WriteCsvAsync(Feedback.Of(actions), csv, default);
        Assert.Equal(
            """
            action,patient_id,care_team_id,kind,known,undone,until,why,task,as_of,run,probability,reasons
            1,p1,north,contacted,2025-03-05T00:00:00Z,false,,,admission-7d,2025-03-04T00:00:00Z,run-1,0.25,body_weight;heart_rate
            1,p1,north,contacted,2025-03-05T00:00:00Z,false,,,admission-30d,2025-03-04T00:00:00Z,run-1,0.5,body_weight;heart_rate
            2,p1,north,noAnswer,2025-03-06T00:00:00Z,true,,,,,,,

            """,
            Encoding.UTF8.GetString(csv.ToArray()).TrimStart('\uFEFF'),
            ignoreLineEndingDifferences: true);
        using var lines = new MemoryStream();
        await Feedback.WriteNdjsonAsync(Feedback.Of(actions), lines, default);
        Assert.Equal(
            [
                """{"action":"1","patient_id":"p1","care_team_id":"north","kind":"contacted","known":"2025-03-05T00:00:00Z","undone":false,"task":"admission-7d","as_of":"2025-03-04T00:00:00Z","run":"run-1","probability":0.25,"reasons":["body_weight","heart_rate"]}""",
                """{"action":"1","patient_id":"p1","care_team_id":"north","kind":"contacted","known":"2025-03-05T00:00:00Z","undone":false,"task":"admission-30d","as_of":"2025-03-04T00:00:00Z","run":"run-1","probability":0.5,"reasons":["body_weight","heart_rate"]}""",
                """{"action":"2","patient_id":"p1","care_team_id":"north","kind":"noAnswer","known":"2025-03-06T00:00:00Z","undone":true}""",
                "",
            ],
            Encoding.UTF8.GetString(lines.ToArray()).Split('\n'));
    }

    private static WorklistAction Action(string id, string patient, ActionKind kind, Instant known) => new() { Id = id, PatientId = patient, CareTeamId = "north", Kind = kind, By = "anna", Known = known };

    private static byte[] Line(WorklistAction action) => Encoding.UTF8.GetBytes(ReferenceJson.ToLine(action) + "\n");
}
