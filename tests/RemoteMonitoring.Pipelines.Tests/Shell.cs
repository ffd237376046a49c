using System.ComponentModel;
using System.Diagnostics;

namespace RemoteMonitoring.Pipelines.Tests;

/// <summary>Programs that are run beside the tests; one that is not there fails with how to get it.</summary>
internal static class Shell
{
    public static async Task<(int Exit, string Said)> RunAsync(string hint, string folder, string program, IEnumerable<string> arguments, params (string Name, string Value)[] settings)
    {
        var start = new ProcessStartInfo(program, arguments) { WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true };
        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        try
        {
            using var process = Process.Start(start)!;
            var (made, said) = (process.StandardOutput.ReadToEndAsync(), process.StandardError.ReadToEndAsync());
            await process.WaitForExitAsync();
            return (process.ExitCode, await made + await said);
        }
        catch (Win32Exception)
        {
            Assert.Fail(hint);
            throw;
        }
    }
}
