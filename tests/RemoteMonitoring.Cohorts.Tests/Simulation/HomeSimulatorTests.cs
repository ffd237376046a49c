using System.Buffers;
using System.Security.Cryptography;
using System.Text;
using NodaTime;
using RemoteMonitoring.Cohorts.Simulation;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Catalog;
using RemoteMonitoring.Telemetry.Mappings;
using RemoteMonitoring.Telemetry.Messages;
using RemoteMonitoring.Telemetry.Readings;
using RemoteMonitoring.Telemetry.Reference;

namespace RemoteMonitoring.Cohorts.Tests.Simulation;

public sealed class HomeSimulatorTests
{
    private static readonly SimulationOptions s_options = new() { Patients = 500, Days = 120, Seed = 7 };
    private static readonly Lazy<SimulatedCohort> s_cohort = new(() => HomeSimulator.Run(s_options));

    private const FeedBlemishes WrongTime = FeedBlemishes.ClockOff | FeedBlemishes.ClockReset;

    private static SimulatedCohort Cohort => s_cohort.Value;

    [Fact]
    public void The_same_options_write_the_same_bytes()
    {
        var options = new SimulationOptions { Patients = 40, Days = 40, Seed = 3 };

        Assert.Equal(HashOfFeed(options), HashOfFeed(options));
    }

    [Fact]
    public void Another_seed_is_another_stream()
    {
        var options = new SimulationOptions { Patients = 40, Days = 40, Seed = 3 };
        var other = options with { Seed = 4 };

        Assert.NotEqual(HashOfFeed(options), HashOfFeed(other));
        Assert.NotEqual(HomeSimulator.Run(options).Header.Epoch, HomeSimulator.Run(other).Header.Epoch);
    }

    [Fact]
    public void A_shorter_run_is_what_a_longer_one_had_known_by_its_end()
    {
        var options = new SimulationOptions { Patients = 60, Days = 60 };
        var end = options.Start.PlusDays(60).AtMidnight().InUtc().ToInstant();
        var shorter = HomeSimulator.Run(options);
        var longer = HomeSimulator.Run(options with { Days = 90 });

        Assert.Equal(shorter.Messages.Select(Line), longer.Messages.TakeWhile(m => m.EnqueuedTime < end).Select(Line));
        AssertPrefix(shorter.Reference.Patients, longer.Reference.Patients, p => p.Known, end);
        AssertPrefix(shorter.Reference.Assignments, longer.Reference.Assignments, a => a.Known, end);
        AssertPrefix(shorter.Reference.Census, longer.Reference.Census, c => c.Known, end);
        AssertPrefix(shorter.Reference.Outcomes, longer.Reference.Outcomes, o => o.Known, end);
        AssertPrefix(shorter.Reference.Contacts, longer.Reference.Contacts, c => c.Known, end);
    }

    [Fact]
    public void A_patient_lives_the_same_life_however_many_others_there_are()
    {
        var options = new SimulationOptions { Patients = 30, Days = 60 };
        var few = HomeSimulator.Run(options);
        var many = HomeSimulator.Run(options with { Patients = 70 });
        var theirs = few.Reference.Patients.Select(p => p.PatientId).ToHashSet();
        var devices = few.Messages.Select(m => m.DeviceId).ToHashSet();

        Assert.Equal(
            few.Reference.Census.Select(ReferenceJson.ToLine),
            many.Reference.Census.Where(c => theirs.Contains(c.PatientId)).Select(ReferenceJson.ToLine));
        Assert.Equal(few.Messages.Select(Line), many.Messages.Where(m => devices.Contains(m.DeviceId)).Select(Line));
    }

    [Fact]
    public void Messages_come_in_enqueued_order_and_before_the_feed_ends()
    {
        var last = s_options.Start.AtMidnight().InUtc().ToInstant();
        var count = 0L;
        foreach (var message in Cohort.Messages)
        {
            Assert.True(message.EnqueuedTime >= last);
            last = message.EnqueuedTime;
            count++;
        }

        Assert.True(last < s_options.Start.PlusDays(s_options.Days).AtMidnight().InUtc().ToInstant());
        Assert.Equal(Cohort.Header.Messages, count);
    }

    [Fact]
    public void Every_blemish_occurs()
    {
        Assert.Equal(Enum.GetValues<FeedBlemishes>().Length - 1, Cohort.Truth.MessagesByBlemish.Count);
        Assert.All(Cohort.Truth.MessagesByBlemish, b => Assert.True(b.Value > 0, $"no message is {b.Key}"));
    }

    [Fact]
    public void Every_reading_without_a_fault_is_accepted_and_most_kinds_of_rejection_occur()
    {
        const FeedBlemishes Harmless = FeedBlemishes.None | FeedBlemishes.Redelivered | FeedBlemishes.Late | FeedBlemishes.NewestFirst
            | FeedBlemishes.Stranger | FeedBlemishes.BetweenPatients | FeedBlemishes.OtherPerson | FeedBlemishes.NoMessageId | FeedBlemishes.OtherUnit;
        var reasons = new HashSet<RejectionReason>();
        foreach (var (message, blemishes) in Cohort.Messages.Zip(Cohort.Truth.Blemishes))
        {
            var (_, rejected) = Extract(message);
            reasons.UnionWith(rejected.Reason);
            if ((blemishes & ~Harmless) == 0)
            {
                Assert.True(rejected.Count == 0, $"{string.Join("; ", rejected.Hint)} in {Encoding.UTF8.GetString(message.Body.Span)}");
            }
        }

        Assert.Superset(
            new HashSet<RejectionReason>
            {
                RejectionReason.Unparsable, RejectionReason.UnknownCode, RejectionReason.Implausible,
                RejectionReason.SuspectedUnitMixUp, RejectionReason.FutureTime, RejectionReason.TooOld,
            },
            reasons);
    }

    [Theory]
    [InlineData(1UL)]
    [InlineData(2UL)]
    public void Rare_lives_are_lived_too(ulong seed)
    {
        // Among thousands some took none of the devices on offer, died on their first day, or left before they were enrolled.
        var cohort = HomeSimulator.Run(new SimulationOptions { Patients = 6000, Days = 45, Seed = seed });
        Assert.Contains(
            cohort.Reference.Patients, p => !cohort.Reference.Assignments.Any(a => a.PatientId == p.PatientId));
    }

    [Fact]
    public void A_message_sent_again_has_the_same_body_and_the_same_id_or_none()
    {
        var first = new Dictionary<(string Device, string? Id, string Body), DeviceMessage>();
        var withoutId = 0;
        foreach (var (message, blemishes) in Cohort.Messages.Zip(Cohort.Truth.Blemishes))
        {
            var key = (message.DeviceId, message.MessageId, Convert.ToBase64String(message.Body.Span));
            if ((blemishes & FeedBlemishes.Redelivered) == 0)
            {
                first[key] = message;
                continue;
            }

            Assert.True(first.ContainsKey(key));
            withoutId += message.MessageId is null ? 1 : 0;
        }

        Assert.True(withoutId > 0);
        Assert.Equal(first.Keys.Count(k => k.Id is not null), first.Keys.Where(k => k.Id is not null).Select(k => k.Id).Distinct().Count());
    }

    [Fact]
    public void Nothing_is_known_before_it_happens_and_the_log_is_in_the_order_it_was_known()
    {
        var reference = Cohort.Reference;

        Assert.All(reference.Assignments, a => Assert.True(a.Known >= a.From && (a.To is null || a.Known >= a.To)));
        Assert.All(reference.Census, c => Assert.True(c.Known >= c.Effective));
        Assert.All(reference.Outcomes, o => Assert.True(o.Known >= o.Effective));
        Assert.All(reference.Contacts, c => Assert.True(c.Known >= c.Effective));
        AssertInOrder(reference.Patients, p => p.Known);
        AssertInOrder(reference.Assignments, a => a.Known);
        AssertInOrder(reference.Census, c => c.Known);
        AssertInOrder(reference.Outcomes, o => o.Known);
        AssertInOrder(reference.Contacts, c => c.Known);
        Assert.Contains(reference.Outcomes, o => o.Known - o.Effective > Duration.FromDays(3));
    }

    [Fact]
    public void A_stay_alternates_between_home_and_hospital_and_ends_once()
    {
        Assert.All(Cohort.Reference.Census.GroupBy(c => c.PatientId), steps =>
        {
            var kinds = steps.Select(s => s.Kind).ToList();
            Assert.Equal(steps.OrderBy(s => s.Effective).Select(s => s.Kind), kinds);
            Assert.Equal(CensusKind.Enrolled, kinds[0]);
            for (var i = 1; i < kinds.Count; i++)
            {
                Assert.Contains(kinds[i], kinds[i - 1] switch
                {
                    CensusKind.Enrolled or CensusKind.Discharged => [CensusKind.Admitted, CensusKind.Withdrawn, CensusKind.Died],
                    CensusKind.Admitted => [CensusKind.Discharged, CensusKind.Withdrawn, CensusKind.Died],
                    _ => Array.Empty<CensusKind>(),
                });
            }
        });
    }

    [Fact]
    public void Nobody_measures_in_hospital_before_enrolment_or_after_the_end()
    {
        var assignments = new AssignmentIndex(Cohort.Reference.Assignments);

        // What is known a month later: at its end the feed need not have heard of the last discharges.
        var census = HomeSimulator.Run(s_options with { Days = s_options.Days + 40 }).Reference.Census.ToLookup(c => c.PatientId);
        var attributed = 0;
        foreach (var (message, blemishes) in Cohort.Messages.Zip(Cohort.Truth.Blemishes))
        {
            if ((blemishes & WrongTime) != 0)
            {
                continue;
            }

            var (accepted, _) = Extract(message);
            for (var i = 0; i < accepted.Count; i++)
            {
                var time = accepted.EffectiveTime[i];
                if (assignments.Find(message.DeviceId, time, out var patient, out _) == AssignmentStatus.Assigned)
                {
                    var last = census[patient!].LastOrDefault(c => c.Effective.ToUnixMicros() <= time);
                    Assert.True(last?.Kind is CensusKind.Enrolled or CensusKind.Discharged, $"{patient} measured at {UnixMicros.Format(time)} while {last?.Kind}");
                    attributed++;
                }
            }
        }

        Assert.True(attributed > 100_000);
    }

    [Fact]
    public void A_kit_that_goes_to_another_patient_measures_for_both_and_for_nobody_in_between()
    {
        var assignments = new AssignmentIndex(Cohort.Reference.Assignments);
        var handedOn = Cohort.Reference.Assignments.GroupBy(a => a.DeviceId).Where(g => g.Select(a => a.PatientId).Distinct().Count() > 1).Select(g => g.Key).ToHashSet();
        var patients = new HashSet<(string, string?)>();
        foreach (var (message, blemishes) in Cohort.Messages.Zip(Cohort.Truth.Blemishes))
        {
            if (handedOn.Contains(message.DeviceId) && (blemishes & (WrongTime | FeedBlemishes.CutOff)) == 0 && Extract(message).Accepted is { Count: > 0 } accepted)
            {
                var status = assignments.Find(message.DeviceId, accepted.EffectiveTime[0], out var patient, out _);
                Assert.Equal((blemishes & FeedBlemishes.BetweenPatients) != 0, status == AssignmentStatus.Unassigned);
                patients.Add((message.DeviceId, patient));
            }
        }

        Assert.True(handedOn.Count > 10);
        Assert.True(patients.Count(p => p.Item2 is not null) > handedOn.Count);
    }

    [Fact]
    public void Options_out_of_range_are_refused()
    {
        Assert.Throws<ArgumentOutOfRangeException>(() => HomeSimulator.Run(new SimulationOptions { Patients = 0 }));
        Assert.Throws<ArgumentOutOfRangeException>(() => HomeSimulator.Run(new SimulationOptions { Days = 5000 }));
    }

    private static (ReadingBatch Accepted, QuarantineBatch Rejected) Extract(DeviceMessage message)
    {
        var accepted = new ReadingBatch();
        var rejected = new QuarantineBatch();
        var enqueued = message.EnqueuedTime.ToUnixMicros();
        new ReadingExtractor(VitalSignCatalog.Default, MappingSet.Bundled).Extract(message.ReceivedAt(0, enqueued), accepted, rejected);
        return (accepted, rejected);
    }

    private static string Line(DeviceMessage message)
    {
        var output = new ArrayBufferWriter<byte>();
        RoutedMessageJson.Write(output, message);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    private static void AssertPrefix<T>(IReadOnlyList<T> shorter, IReadOnlyList<T> longer, Func<T, Instant> known, Instant end) =>
        Assert.Equal(shorter.Select(ReferenceJson.ToLine), longer.Where(row => known(row) < end).Select(ReferenceJson.ToLine));

    private static void AssertInOrder<T>(IReadOnlyList<T> rows, Func<T, Instant> known) =>
        Assert.True(rows.Zip(rows.Skip(1)).All(p => known(p.First) <= known(p.Second)));

    private static string HashOfFeed(SimulationOptions options)
    {
        var folder = Directory.CreateTempSubdirectory("rmon-simulator-").FullName;
        try
        {
            var cohort = HomeSimulator.Run(options);
            FeedWriter.Write(folder, cohort.Header, cohort.Messages, cohort.Reference);
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            foreach (var file in Directory.EnumerateFiles(folder, "*", SearchOption.AllDirectories).Order(StringComparer.Ordinal))
            {
                hash.AppendData(Encoding.UTF8.GetBytes(Path.GetRelativePath(folder, file)));
                hash.AppendData(File.ReadAllBytes(file));
            }

            return Convert.ToHexString(hash.GetHashAndReset());
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }
}
