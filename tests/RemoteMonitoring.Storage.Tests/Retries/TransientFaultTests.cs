using Azure;
using Azure.Identity;
using Microsoft.Data.Sqlite;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Storage.Retries;

namespace RemoteMonitoring.Storage.Tests.Retries;

public sealed class TransientFaultTests
{
    [Theory]
    [InlineData(0, true)]
    [InlineData(408, true)]
    [InlineData(429, true)]
    [InlineData(500, true)]
    [InlineData(503, true)]
    [InlineData(400, false)]
    [InlineData(401, false)]
    [InlineData(403, false)]
    [InlineData(404, false)]
    [InlineData(409, false)]
    [InlineData(412, false)]
    [InlineData(507, false)]
    public void A_busy_or_silent_service_may_answer_later_and_a_refusal_stays(int status, bool passes)
    {
        Assert.Equal(passes, TransientFault.Is(status));
        var fault = new RequestFailedException(status, "x");
        Assert.Equal(passes, TransientFault.IsOfService(fault));
        Assert.Equal(passes, TransientFault.IsOfService(new AggregateException(new RequestFailedException(403, "y"), fault)));
        Assert.Equal(passes, TransientFault.IsOfService(new AuthenticationFailedException("z", fault)));
    }

    [Fact]
    public void A_broken_connection_and_a_timeout_pass_and_a_missing_sign_in_stays()
    {
        Assert.True(TransientFault.IsOfService(new IOException("cut")));
        Assert.True(TransientFault.IsOfService(new TaskCanceledException()));
        Assert.False(TransientFault.IsOfService(new CredentialUnavailableException("nobody")));
        Assert.False(TransientFault.IsOfService(new InvalidOperationException()));
    }

    [Theory]
    [InlineData(5, true)] // busy
    [InlineData(6, true)] // locked
    [InlineData(8, false)] // read-only
    [InlineData(10, false)] // disk I/O error
    [InlineData(11, false)] // damaged
    [InlineData(13, false)] // full
    public void A_locked_database_may_be_free_later_and_a_full_or_damaged_one_stays(int code, bool passes) => Assert.Equal(passes, TransientFault.Is(new SqliteException("x", code)));

    [Fact]
    public void A_missing_file_a_full_disk_and_a_fault_of_unknown_kind_stay()
    {
        Assert.False(TransientFault.Is(new FileNotFoundException()));
        Assert.False(TransientFault.Is(new IOException("No space left on device", 28)));
        Assert.False(TransientFault.Is(new IOException()));
        Assert.False(TransientFault.Is(new LakeException("x")));
        Assert.True(TransientFault.Is(new LakeException("x") { IsTransient = true }));
    }

    [Fact]
    public void A_file_that_another_has_open_may_be_free_later()
    {
        var file = Path.GetTempFileName();
        using (new FileStream(file, FileMode.Open, FileAccess.ReadWrite, FileShare.None))
        {
            Assert.True(TransientFault.Is(Assert.ThrowsAny<IOException>(() => File.ReadAllBytes(file))));
        }

        File.Delete(file);
    }
}
