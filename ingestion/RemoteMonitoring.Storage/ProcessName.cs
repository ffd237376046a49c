using System.Diagnostics;
using System.Globalization;

namespace RemoteMonitoring.Storage;

/// <summary>Names who holds something by machine, process and its start, so that others on the machine can tell that it is gone.</summary>
public static class ProcessName
{
    private static int s_names;

    /// <summary>Another name of this process.</summary>
    public static string Next()
    {
        using var me = Process.GetCurrentProcess();
        return string.Create(CultureInfo.InvariantCulture, $"{Environment.MachineName}/{me.Id}/{me.StartTime.ToUniversalTime().Ticks}/{Interlocked.Increment(ref s_names)}");
    }

    /// <summary>Whether the process of a name, on this machine, is no more; false of other machines, of which nobody can tell.</summary>
    public static bool IsGone(string name)
    {
        if (name.Split('/') is not [var machine, var pid, var start, _] || machine != Environment.MachineName
            || !int.TryParse(pid, NumberStyles.None, CultureInfo.InvariantCulture, out var id) || !long.TryParse(start, NumberStyles.None, CultureInfo.InvariantCulture, out var ticks))
        {
            return false;
        }

        try
        {
            using var process = Process.GetProcessById(id);
            // The start of a process is reckoned from the clock, which may have been set meanwhile. To take the living for gone is worse
            // than to wait for a lease: so another process counts only where it began at quite another time.
            return process.HasExited || Math.Abs(process.StartTime.ToUniversalTime().Ticks - ticks) > 10 * TimeSpan.TicksPerMinute;
        }
        catch (ArgumentException)
        {
            return true;
        }
        catch (Exception e) when (e is InvalidOperationException or System.ComponentModel.Win32Exception)
        {
            return false; // another user's: nobody can tell
        }
    }
}
