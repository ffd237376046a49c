using System.Net;
using System.Text;
using Microsoft.AspNetCore.Hosting.Server;
using Microsoft.AspNetCore.Hosting.Server.Features;
using Microsoft.Extensions.DependencyInjection;
using NodaTime;
using RemoteMonitoring.Storage;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Workflows.Engine;
using RemoteMonitoring.Workflows.Engine.Embedded;
using RemoteMonitoring.Workflows.FollowUps;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Delivery;

public sealed class FollowUpEndpointTests : IAsyncLifetime, IAsyncDisposable
{
    private readonly string _root = Directory.CreateTempSubdirectory("rmon-acknowledge-").FullName;
    private readonly HttpClient _http = new();
    private CohortStore _store = null!;
    private JournalClient _client = null!;
    private WorklistServices _services = null!;
    private Microsoft.AspNetCore.Builder.WebApplication _app = null!;

    private static readonly FollowUpInput s_input = new() { Cohort = "ward", Kind = FollowUpKind.Listed, CareTeamId = "north", PatientId = "patient-417", Task = "admission-7d", AsOf = Instant.FromUtc(2026, 11, 23, 0, 0), Run = "run-1" };

    public async Task InitializeAsync()
    {
        _store = CohortStore.Open(_root, "ward");
        _client = new JournalClient(Path.Combine(_root, "ward", "workflows.db"), TimeProvider.System);
        _services = new WorklistServices(_store, new PatientHandles(_store.MakeHandleKey().Bytes), _client, TimeProvider.System);
        _app = WorklistApp.Create(_services, new WorklistOptions(IPAddress.Loopback, 0));
        await _app.StartAsync();
        _http.BaseAddress = new Uri(_app.Services.GetRequiredService<IServer>().Features.Get<IServerAddressesFeature>()!.Addresses.First());
        Assert.True(await FollowUpActivities.StartAsync(_store, _client, s_input, default));
        await _store.Reference.AppendAsync(
            ReferenceKinds.Roster, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(new Patient { PatientId = s_input.PatientId, CareTeamId = "north", Known = s_input.AsOf }) + "\n"), default);
    }

    Task IAsyncLifetime.DisposeAsync() => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        _services.Dispose();
        _http.Dispose();
        await _store.DisposeAsync();
        Directory.Delete(_root, recursive: true);
    }

    [Fact]
    public async Task Whoever_has_the_token_takes_notice_once_however_often_they_ask()
    {
        var path = PathOf(s_input.Key, "anna", In(1));
        Assert.DoesNotContain("patient-417", path, StringComparison.Ordinal);
        Assert.Equal((HttpStatusCode.OK, "Acknowledged.\n"), await PostAsync(path));
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(path)).Status);
        await _services.Actions.RefreshAsync(default);
        var action = Assert.Single(_services.Actions.Of("patient-417").All);
        Assert.Equal((ActionKind.Acknowledge, "anna", "north"), (action.Kind, action.By, action.CareTeamId));
        // And the workflow was told, twice as it was asked.
        Assert.Equal(InstanceStatus.Running, (await _client.FindAsync(s_input.InstanceId, default))!.Status);
    }

    [Fact]
    public async Task Many_at_once_are_one_action_for_each_user()
    {
        var answers = await Task.WhenAll(Enumerable.Range(0, 12).Select(i => PostAsync(PathOf(s_input.Key, $"user-{i % 3}", In(1)))));
        Assert.All(answers, a => Assert.Equal(HttpStatusCode.OK, a.Status));
        await _services.Actions.RefreshAsync(default);
        Assert.Equal(["user-0", "user-1", "user-2"], _services.Actions.Of("patient-417").All.Select(a => a.By).Order(StringComparer.Ordinal));
    }

    [Fact]
    public async Task Nobody_else_does_and_nothing_is_written()
    {
        var good = PathOf(s_input.Key, "anna", In(1));
        var other = (s_input with { PatientId = "another" }).Key;
        foreach (var path in new[]
        {
            good.Replace("user=anna", "user=ben", StringComparison.Ordinal),
            good.Replace("team=north", "team=south", StringComparison.Ordinal),
            good.Replace("patient=", "patient=A", StringComparison.Ordinal),
            good.Replace("&team=north", "", StringComparison.Ordinal),
            good.Replace(s_input.Key, other, StringComparison.Ordinal),
            good[..^1] + (good[^1] == '0' ? '1' : '0'),
            good[..good.IndexOf("&token", StringComparison.Ordinal)],
            PathOf(s_input.Key, "anna", In(-1)),
            $"follow-ups/{s_input.Key}/acknowledge",
            $"follow-ups/{s_input.Key}/acknowledge?user=anna&expires=99999999999999999999&token={new string('0', 64)}",
            $"follow-ups/{s_input.Key}/acknowledge?user=anna&expires=9223372036854775807&token={new string('0', 64)}",
            $"follow-ups/..%2f..%2fx/acknowledge?user=anna&expires=1&token={new string('0', 64)}",
        })
        {
            var (status, said) = await PostAsync(path);
            Assert.Equal((HttpStatusCode.Forbidden, 1), (status, said.Count(c => c == '\n')));
        }

        Assert.Equal(HttpStatusCode.NotFound, (await _http.GetAsync(new Uri(good, UriKind.Relative))).StatusCode);
        Assert.Equal(HttpStatusCode.NotFound, (await PostAsync(PathOf(other, "anna", In(1), "of-nobody"))).Status);
        await _services.Actions.RefreshAsync(default);
        Assert.Empty(_services.Actions.All);
        Assert.Empty(await OnRecordAsync());
    }

    [Fact]
    public async Task Each_press_is_on_record_before_it_counts()
    {
        await PostAsync(PathOf(s_input.Key, "anna", In(1)));
        await PostAsync(PathOf(s_input.Key, "anna", In(1)));
        Assert.All(await OnRecordAsync(), e => Assert.Equal(
            (AuditEvent.Acted, "anna", "patient-417", "north", "Acknowledge by link", AddressClass.Loopback), (e.Event, e.User, e.PatientId, e.CareTeamId, e.Detail, e.Address)));
        Assert.Equal(2, (await OnRecordAsync()).Count);
    }

    [Fact]
    public async Task Of_a_workflow_that_these_pages_do_not_find_it_is_written_down_all_the_same()
    {
        var elsewhere = s_input with { Task = "elsewhere" };
        Assert.Equal((HttpStatusCode.OK, "Acknowledged.\n"), await PostAsync(PathOf(elsewhere.Key, "anna", In(1))));
        await _services.Actions.RefreshAsync(default);
        Assert.Equal(ActionKind.Acknowledge, Assert.Single(_services.Actions.Of("patient-417").All).Kind);
        // Of one that was closed so long ago that it is forgotten nothing is.
        var past = s_input with { Task = "long ago" };
        await _store.Lake.TryCreateAsync(Storage.Lake.LakePaths.RunArchive(past.InstanceId), Array.Empty<byte>(), default);
        Assert.Equal((HttpStatusCode.OK, "The follow-up was closed before.\n"), await PostAsync(PathOf(past.Key, "anna", In(1))));
        await _services.Actions.RefreshAsync(default);
        Assert.Single(_services.Actions.Of("patient-417").All);
    }

    [Fact]
    public async Task A_user_who_was_disabled_since_is_refused()
    {
        var path = PathOf(s_input.Key, "anna", In(1));
        Member Stated(bool? isDisabled) => new() { UserName = "anna", DisplayName = "Anna", Roles = [Role.CareManager], Teams = ["north"], IsDisabled = isDisabled, By = "admin", Known = default };
        await _services.Members.ChangeAsync("anna", _ => Stated(true), default);
        Assert.Equal(HttpStatusCode.Forbidden, (await PostAsync(path)).Status);
        await _services.Actions.RefreshAsync(default);
        Assert.Empty(_services.Actions.All);
        await _services.Members.ChangeAsync("anna", _ => Stated(null), default);
        Assert.Equal(HttpStatusCode.OK, (await PostAsync(path)).Status);
    }

    private static Instant In(int hours) => Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()) + Duration.FromHours(hours);

    private string PathOf(string key, string user, Instant expires, string? patient = null) =>
        new AcknowledgementToken(_store).PathOf(new Acknowledgement(key, user, "north", patient ?? _store.MakeHandleKey().HandleOf(s_input.PatientId), expires));

    private Task<IReadOnlyList<AuditEntry>> OnRecordAsync() => _services.Audit.OfDayAsync(Instant.FromDateTimeOffset(TimeProvider.System.GetUtcNow()).InUtc().Date, default);

    private async Task<(HttpStatusCode Status, string Said)> PostAsync(string path)
    {
        using var nothing = new StringContent("", Encoding.UTF8);
        using var response = await _http.PostAsync(new Uri(path, UriKind.Relative), nothing);
        return (response.StatusCode, await response.Content.ReadAsStringAsync());
    }
}
