using NodaTime;
using RemoteMonitoring.Cohorts.Import;

namespace RemoteMonitoring.Cohorts.Tests.Import;

public sealed class ReferenceCsvDevicesTests
{
    [Fact]
    public void An_assignment_may_name_the_devices_model_and_need_not()
    {
        var file = Path.GetTempFileName();
        try
        {
            File.WriteAllText(file, "device_id,patient_id,from,device_model\nd1,A,2025-01-01T00:00:00Z,Acme Cuff 2\nd2,B,2025-01-01T00:00:00Z,\n");
            var read = ReferenceCsv.ReadAssignments(file, Instant.FromUtc(2025, 1, 2, 0, 0));
            Assert.Empty(read.Problems);
            Assert.Equal(["Acme Cuff 2", null], read.Rows.Select(r => r.DeviceModel));
        }
        finally
        {
            File.Delete(file);
        }
    }
}
