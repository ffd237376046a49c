using System.CommandLine;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon models</c>: models from elsewhere, and the bands of any.</summary>
internal static class ModelsCommand
{
    public static Command Create() => new("models", "Register models made elsewhere, and decide where the bands of a model begin")
    {
        ModelsRegisterCommand.Create(),
        ModelsBandsCommand.Create(),
    };
}
