using System.Globalization;
using System.Text;
using NodaTime;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Telemetry;
using RemoteMonitoring.Telemetry.Reference;
using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Patients;

/// <summary>
/// States care plans, each by somebody who saw the one before: of two who saw the same one is written and the other is told, whichever processes
/// they are in. Safe for several tasks at once.
/// </summary>
public sealed class CarePlanRegister(ReferenceLog log, LiveReference reference, TimeProvider time)
{
    /// <summary>Tells a plan from a later one of the patient, however soon that came; null for none.</summary>
    public static string VersionOf(CarePlan? plan) => plan?.Known.ToUnixTimeTicks().ToString(CultureInfo.InvariantCulture) ?? "";

    /// <summary>States a plan; its <see cref="CarePlan.Known"/> is set to now, after the one before.</summary>
    /// <param name="plan">The plan.</param>
    /// <param name="version">The <see cref="VersionOf"/> what was seen.</param>
    /// <param name="cancellationToken">Cancels.</param>
    /// <returns>Whether it was stated; false where another holds than was seen.</returns>
    public async Task<bool> TryStateAsync(CarePlan plan, string version, CancellationToken cancellationToken)
    {
        while (true)
        {
            reference.Expire();
            var today = await reference.TodayAsync(cancellationToken);
            var before = today.CarePlans.GetValueOrDefault(plan.PatientId);
            if (VersionOf(before) != version)
            {
                return false;
            }

            var now = UnixMicros.ToInstant(Instant.FromDateTimeOffset(time.GetUtcNow()).ToUnixMicros());
            var stated = plan with { Known = before is null ? now : Instant.Max(now, before.Known + Duration.FromNanoseconds(1000)) };
            if (await log.TryAppendAsync(ReferenceKinds.CarePlans, today.CarePlansRead + 1, Encoding.UTF8.GetBytes(ReferenceJson.ToLine(stated) + "\n"), cancellationToken))
            {
                reference.Expire();
                return true;
            }
        }
    }
}
