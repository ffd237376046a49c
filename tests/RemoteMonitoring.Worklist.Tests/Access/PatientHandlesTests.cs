using RemoteMonitoring.Worklist.Access;

namespace RemoteMonitoring.Worklist.Tests.Access;

public sealed class PatientHandlesTests
{
    private readonly byte[] _key = new byte[32];

    [Fact]
    public void A_handle_finds_its_patient_and_no_other_text_does()
    {
        var handles = new PatientHandles(_key);
        var handle = handles.Of("S000001");
        Assert.Equal("S000001", handles.Find(handle));
        Assert.Null(handles.Find(handle[..^1]));
        Assert.Null(handles.Find("S000001"));
        Assert.DoesNotContain("S000001", handle, StringComparison.Ordinal);
    }

    [Fact]
    public void It_is_the_same_for_as_long_as_the_key_is()
    {
        Assert.Equal(new PatientHandles(_key).Of("p"), new PatientHandles(_key).Of("p"));
        _key[0] = 1;
        Assert.NotEqual(new PatientHandles(new byte[32]).Of("p"), new PatientHandles(_key).Of("p"));
    }
}
