using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class LiveReferenceTests
{
    [Fact]
    public async Task A_patient_who_left_has_left_also_where_the_look_that_saw_it_failed_half_way()
    {
        LakeOfOneFault? lake = null;
        await using var pages = await ServedPages.StartAsync(over: store => store.Over(lake = new LakeOfOneFault(store.Lake), store.Documents));
        var reference = pages.Services.Reference;
        Assert.Equal("team-001", (await reference.TodayAsync(default)).Patients["P-one"].CareTeamId);

        await pages.StateAsync(ReferenceKinds.Roster, pages.Patient("P-one", "team-002"));
        lake!.FailsOn = $"/{ReferenceKinds.Teams}/";
        await Assert.ThrowsAsync<LakeException>(() => reference.TodayAsync(default).AsTask());
        Assert.Null(lake.FailsOn);

        reference.Expire();
        var today = await reference.TodayAsync(default);
        Assert.Equal("team-002", today.Patients["P-one"].CareTeamId);
        Assert.Equal(["P-two"], today.PatientsOfTeam["team-001"]);
    }

    [Fact]
    public async Task A_team_has_its_new_name_also_where_what_comes_after_it_failed()
    {
        LakeOfOneFault? lake = null;
        await using var pages = await ServedPages.StartAsync(over: store => store.Over(lake = new LakeOfOneFault(store.Lake), store.Documents));
        await pages.Services.Reference.TodayAsync(default);
        await pages.StateAsync(ReferenceKinds.Teams, new CareTeam { CareTeamId = "team-001", Name = "South", Capacity = 5, Known = pages.Now });
        lake!.FailsOn = $"/{ReferenceKinds.Members}/";
        await Assert.ThrowsAsync<LakeException>(() => pages.Services.Reference.TodayAsync(default).AsTask());
        Assert.Equal("South", (await pages.Services.Reference.TodayAsync(default)).Teams["team-001"].Name);
    }

    /// <summary>A lake that fails to read once, where it is told to.</summary>
    private sealed class LakeOfOneFault(Lake lake) : Lake
    {
        public string? FailsOn { get; set; }

        public override string NameOf(string path) => lake.NameOf(path);

        public override Task<bool> TryCreateAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => lake.TryCreateAsync(path, content, cancellationToken);

        public override Task ReplaceAsync(string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken) => lake.ReplaceAsync(path, content, cancellationToken);

        public override Task<bool> ExistsAsync(string path, CancellationToken cancellationToken) => lake.ExistsAsync(path, cancellationToken);

        public override Task<byte[]?> TryReadAsync(string path, CancellationToken cancellationToken)
        {
            if (FailsOn is { } part && path.Contains(part, StringComparison.Ordinal))
            {
                FailsOn = null;
                throw new LakeException("away");
            }

            return lake.TryReadAsync(path, cancellationToken);
        }

        public override Task<Stream> OpenReadAsync(string path, CancellationToken cancellationToken) => lake.OpenReadAsync(path, cancellationToken);

        public override Task<IReadOnlyList<string>> ListAsync(string folder, CancellationToken cancellationToken) => lake.ListAsync(folder, cancellationToken);

        public override Task<bool> DeleteAsync(string path, CancellationToken cancellationToken) => lake.DeleteAsync(path, cancellationToken);
    }
}
