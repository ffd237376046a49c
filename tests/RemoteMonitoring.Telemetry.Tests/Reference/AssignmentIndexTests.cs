using CsCheck;
using NodaTime;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Telemetry.Tests.Reference;

public sealed class AssignmentIndexTests
{
    private static readonly Instant s_start = Instant.FromUtc(2025, 1, 1, 0, 0);

    private static readonly Gen<DeviceAssignment> s_stated = Gen.Select(
        Gen.OneOf("d", "e"), Gen.OneOf("A", "B", "C"), Gen.Int[0, 8], Gen.Int[0, 4].Nullable(), Gen.Int[0, 9],
        (device, patient, from, length, known) => Statement(patient, from, from + length, known) with { DeviceId = device });

    [Fact]
    public void Handing_a_device_back_does_not_make_its_earlier_readings_known_later()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("A", 0, 30, known: 31)]);

        Assert.Equal(AssignmentStatus.Assigned, index.Find("d", Day(10), out var patient, out var known));
        Assert.Equal("A", patient);
        Assert.Equal(Day(0), known);
        Assert.Equal(AssignmentStatus.Unassigned, index.Find("d", Day(30), out _, out _));
    }

    [Fact]
    public void A_longer_assignment_is_known_for_the_added_days_only_since_it_was_stated()
    {
        var index = new AssignmentIndex([Statement("A", 0, 10, known: 0), Statement("A", 0, 20, known: 12)]);

        index.Find("d", Day(5), out _, out var before);
        index.Find("d", Day(15), out _, out var added);
        Assert.Equal(Day(0), before);
        Assert.Equal(Day(12), added);
    }

    [Fact]
    public void A_corrected_patient_is_known_since_the_correction()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 0, null, known: 3)]);

        index.Find("d", Day(1), out var patient, out var known);
        Assert.Equal("B", patient);
        Assert.Equal(Day(3), known);
    }

    [Fact]
    public void Two_indexes_differ_just_where_their_histories_do() => Gen.Select(s_stated.Array[0, 5], s_stated.Array[0, 3]).Sample((before, more) =>
    {
        var (was, now) = (new AssignmentIndex(before), new AssignmentIndex([.. before, .. more]));
        var changes = now.Differences(was).ToArray();
        foreach (var device in (string[])["d", "e"])
        {
            for (var day = -1; day < 12; day++)
            {
                AssignmentSegment[] then = [.. was.History(device, Day(day), out var statusThen)];
                AssignmentSegment[] since = [.. now.History(device, Day(day), out var statusNow)];
                var isOther = !then.SequenceEqual(since) || statusThen != statusNow;
                var change = changes.SingleOrDefault(c => c.DeviceId == device && c.From <= Day(day) && Day(day) < c.To);
                Assert.Equal(isOther, change is not null);
                if (change is not null)
                {
                    Assert.Equal(then.Concat(since).Select(s => s.PatientId).OfType<string>().Distinct().Order(), change.Patients.Order());
                    Assert.Equal(statusThen != AssignmentStatus.Assigned || statusNow != AssignmentStatus.Assigned, change.IsNobodys);
                }
            }
        }
    });

    [Fact]
    public void Of_two_statements_known_at_one_instant_the_last_holds()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 40), Statement("A", 0, 30, known: 40)]);

        Assert.Equal(AssignmentStatus.Assigned, index.Find("d", Day(29), out _, out _));
        Assert.Equal(AssignmentStatus.Unassigned, index.Find("d", Day(30), out _, out _));
    }

    [Fact]
    public void What_was_held_before_a_correction_stays_in_the_history()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 0, null, known: 3), Statement("B", 0, 1, known: 5)]);

        var history = index.History("d", Day(1), out var status).ToArray();
        Assert.Equal(AssignmentStatus.Unassigned, status);
        Assert.Equal([new("A", Day(0), Day(3)), new("B", Day(3), Day(5)), new AssignmentSegment(null, Day(5), UnixMicros.Open)], history);
    }

    [Fact]
    public void Of_statements_known_at_one_instant_only_the_last_is_in_the_history()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 0, null, known: 3), Statement("A", 0, null, known: 3)]);

        Assert.Equal([new AssignmentSegment("A", Day(0), UnixMicros.Open)], index.History("d", Day(1), out _).ToArray());
    }

    [Fact]
    public void A_statement_that_ends_where_it_starts_takes_the_device_back_and_what_started_before_holds_again()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 2, null, known: 2), Statement("B", 2, 2, known: 4)]);

        Assert.Equal(
            [new("A", Day(0), Day(2)), new("B", Day(2), Day(4)), new AssignmentSegment("A", Day(4), UnixMicros.Open)],
            index.History("d", Day(3), out _).ToArray());
    }

    [Fact]
    public void A_device_that_nobody_had_and_one_that_nobody_knows_have_no_history()
    {
        var index = new AssignmentIndex([Statement("A", 5, null, known: 0)]);

        Assert.True(index.History("d", Day(4), out var unassigned).IsEmpty);
        Assert.True(index.History("e", Day(6), out var unknown).IsEmpty);
        Assert.Equal((AssignmentStatus.Unassigned, AssignmentStatus.Unknown), (unassigned, unknown));
    }

    [Fact]
    public void The_history_says_of_every_instant_what_the_statements_known_by_then_say() => Gen.Select(
        Gen.Select(Gen.OneOf("A", "B"), Gen.Int[0, 5], Gen.Int[-1, 5].Nullable(), Gen.Int[0, 8], (p, from, length, known) => Statement(p, from, from + length, known)).Array[1, 12],
        Gen.Int[0, 10],
        Gen.Int[0, 9]).Sample((stated, effective, knownBy) =>
        {
            var history = new AssignmentIndex(stated).History("d", Day(effective), out var status).ToArray();
            var held = history.FirstOrDefault(s => s.KnownFrom <= Day(knownBy) && Day(knownBy) < s.KnownTo).PatientId;
            return held == Who(stated, effective, knownBy)
                && (status == AssignmentStatus.Assigned) == (Who(stated, effective, 9) is not null)
                && history.Zip(history.Skip(1)).All(pair => pair.First.KnownTo == pair.Second.KnownFrom && pair.First.PatientId != pair.Second.PatientId)
                && (history.Length == 0 || (history[0].PatientId is not null && history[^1].KnownTo == UnixMicros.Open));
        }, iter: 5000);

    [Fact]
    public void Finding_allocates_nothing()
    {
        var index = new AssignmentIndex([Statement("A", 0, null, known: 0), Statement("B", 0, 20, known: 3), Statement("C", 10, null, known: 5)]);
        var found = Look(index);
        var before = GC.GetAllocatedBytesForCurrentThread();
        found += Look(index);
        Assert.Equal(0, GC.GetAllocatedBytesForCurrentThread() - before);
        Assert.Equal(2 * 300, found);
    }

    private static int Look(AssignmentIndex index)
    {
        var found = 0;
        for (var i = 0; i < 100; i++)
        {
            found += index.History("d", Day(i % 10), out _).Length;
            found += index.Find("d", Day(i), out _, out _) == AssignmentStatus.Assigned ? 1 : 0;
        }

        return found;
    }

    /// <summary>The rule, written down without an index.</summary>
    private static string? Who(DeviceAssignment[] stated, int effective, int knownBy) => stated
        .Where(s => s.Known.ToUnixMicros() <= Day(knownBy))
        .GroupBy(s => s.From)
        .Select(sameStart => sameStart.OrderBy(s => s.Known).Last())
        .Where(s => s.From.ToUnixMicros() <= Day(effective) && (s.To is not { } to || Day(effective) < to.ToUnixMicros()))
        .OrderBy(s => s.From)
        .LastOrDefault()?.PatientId;

    private static long Day(int day) => (s_start + Duration.FromDays(day)).ToUnixMicros();

    private static DeviceAssignment Statement(string patient, int from, int? to, int known) => new()
    {
        DeviceId = "d",
        PatientId = patient,
        From = s_start + Duration.FromDays(from),
        To = to is { } t ? s_start + Duration.FromDays(t) : null,
        Known = s_start + Duration.FromDays(known),
    };
}
