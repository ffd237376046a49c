using System.Diagnostics;

namespace RemoteMonitoring.Cli.Chaos;

/// <summary>Processes of this program, on homes of their own.</summary>
internal static class ChaosProcess
{
    /// <summary>Starts one; what it prints is passed over, what it says on standard error is the caller's to read.</summary>
    public static Process Start(string home, params IEnumerable<string> arguments)
    {
        var start = new ProcessStartInfo(Environment.ProcessPath!) { RedirectStandardError = true, RedirectStandardOutput = true };
        if (Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet")
        {
            start.ArgumentList.Add(typeof(Program).Assembly.Location);
        }

        foreach (var argument in (string[])[.. arguments, "--home", home])
        {
            start.ArgumentList.Add(argument);
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }

    /// <summary>Waits for one that nobody disturbs: it must come to a good end.</summary>
    public static async Task EndAsync(Process process, CancellationToken cancellationToken)
    {
        using var _ = process;
        var errors = process.StandardError.ReadToEndAsync(cancellationToken);
        await process.WaitForExitAsync(cancellationToken);
        if (process.ExitCode != ExitCodes.Done)
        {
            throw new UserException($"a process that nobody disturbed ended with exit code {process.ExitCode}: {(await errors).Trim().Split('\n')[^1]}");
        }
    }
}
