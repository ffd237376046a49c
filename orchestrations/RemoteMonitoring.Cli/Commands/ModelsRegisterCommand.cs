using System.CommandLine;
using System.Globalization;
using System.Text.Json.Nodes;
using RemoteMonitoring.Risk.Elsewhere;
using RemoteMonitoring.Risk.Scoring;
using RemoteMonitoring.Risk.Training;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;
using RemoteMonitoring.Workflows.Training;

namespace RemoteMonitoring.Cli.Commands;

/// <summary><c>rmon models register TASK</c>: a model that was made elsewhere becomes a version that can score.</summary>
internal static class ModelsRegisterCommand
{
    public static Command Create()
    {
        var task = TaskFiles.Argument();
        var onnx = new Option<string?>("--onnx") { Description = "An ONNX model", HelpName = "FILE" };
        var trees = new Option<string?>("--lightgbm") { Description = "LightGBM's model text, as any language writes it", HelpName = "FILE" };
        var url = new Option<string?>("--http") { Description = "An endpoint that takes rows as JSON, such as an online endpoint of Azure Machine Learning", HelpName = "URL" };
        var mapping = new Option<string>("--features") { Description = "What the model's features are made of, and what it answers with", HelpName = "MAPPING.json", Required = true };
        var key = new Option<string?>("--key-variable") { Description = "Environment variable, of a name that begins with RMON_MODEL_KEY, that holds the endpoint's bearer key when scoring; the key itself is never kept", HelpName = "NAME" };
        var rows = new Option<int>("--batch-rows") { Description = "Rows of a call to the endpoint", DefaultValueFactory = _ => 500, HelpName = "N" };
        var timeout = new Option<double>("--timeout") { Description = "Seconds a call may take", DefaultValueFactory = _ => 30, HelpName = "SECONDS" };
        var platt = new Option<string?>("--platt") { Description = "From its log-odds to calibrated ones, where you know: slope and intercept", HelpName = "SLOPE,INTERCEPT" };
        var calibrate = new Option<bool>("--calibrate") { Description = "Fit that on the labelled rows of this cohort" };
        var until = ScoreCommand.AsOfOption("--trained-until", "Up to when what taught it was known. Default: now, so that days before are marked as retrospective");
        var by = new Option<string>("--by") { Description = "Who registers it", HelpName = "NAME", Required = true };
        var why = new Option<string>("--why") { Description = "Why, in a sentence; it is kept, so no patient belongs in it", HelpName = "TEXT", Required = true };
        var command = new Command("register", "Register a model made elsewhere: an ONNX file, LightGBM's text, or an endpoint")
        {
            task, onnx, trees, url, mapping, key, rows, timeout, platt, calibrate, until, by, why,
        };
        command.Validators.Add(result =>
        {
            if (new[] { onnx, trees, url }.Count(o => result.GetValue(o) is not null) != 1)
            {
                result.AddError("Name one model: --onnx FILE, --lightgbm FILE or --http URL.");
            }
            else if (result.GetValue(calibrate) && result.GetValue(platt) is not null)
            {
                result.AddError("Choose one of --calibrate and --platt.");
            }
            else if (result.GetValue(url) is null && (result.GetValue(key) is not null || result.GetResult(rows) is { Implicit: false } || result.GetResult(timeout) is { Implicit: false }))
            {
                result.AddError("--key-variable, --batch-rows and --timeout go with --http.");
            }
        });
        command.SetAction(async (parsed, token) =>
        {
            var terminal = GlobalOptions.TerminalOf(parsed);
            var definition = TaskFiles.Of(parsed.GetRequiredValue(task));
            var mappingFile = parsed.GetRequiredValue(mapping);
            await using var store = await GlobalOptions.OpenCohortAsync(parsed, token);
            var file = parsed.GetValue(onnx) ?? parsed.GetValue(trees);
            var asked = new ModelFromElsewhere
            {
                Task = definition,
                Kind = parsed.GetValue(onnx) is not null ? ModelKind.Onnx : parsed.GetValue(trees) is not null ? ModelKind.LightGbm : ModelKind.Http,
                File = file is null ? null : await ReadAsync(file, token),
                Mapping = await ReadAsync(mappingFile, token),
                MappingName = mappingFile,
                Endpoint = parsed.GetValue(url) is { } address
                    ? new HttpEndpoint { Url = AddressOf(address), BatchRows = parsed.GetValue(rows), Timeout = Seconds(parsed.GetValue(timeout)), KeyVariable = parsed.GetValue(key) }
                    : null,
                TrainedUntil = ScoreCommand.AsOf(parsed.GetValue(until)),
                Calibration = parsed.GetValue(platt) is { } text ? PlattOf(text) : null,
                CalibrateOn = parsed.GetValue(calibrate) ? await TrainCommand.CompactedAsync(store, token) : null,
                By = parsed.GetRequiredValue(by),
                Why = parsed.GetRequiredValue(why),
            };
            var (version, document, alreadyThere, isChallenger) = await ModelRegistration.RegisterAsync(store, asked, TimeProvider.System, token);
            var folder = store.Lake.NameOf(LakePaths.Model(definition.Name, version, "").TrimEnd('/'));
            terminal.Line($"{(alreadyThere ? "nothing new: " : "")}version {version} of the model for {definition.Name}{(alreadyThere ? " stands" : "")}: {folder}");
            terminal.Line($"probabilities {document.Origin?.Calibration ?? "as given"}{(document.Kind == ModelKind.LightGbm ? "" : "; it gives no reasons")}");
            terminal.Line(isChallenger
                ? $"It is the challenger, and {(document.Kind == ModelKind.Http ? "is asked" : "scores")} in the shadow of each night. To score with it: rmon score {definition.Name} --model {ModelVersions.Challenger}"
                : $"To score with it: rmon score {definition.Name} --model {version}");
            terminal.Document(new JsonObject
            {
                ["task"] = definition.Name,
                ["version"] = version,
                ["folder"] = folder,
                ["kind"] = document.Kind.ToString().ToLowerInvariant(),
                ["calibration"] = document.Origin?.Calibration,
                ["slope"] = document.Calibration.Slope,
                ["intercept"] = document.Calibration.Intercept,
                ["already_there"] = alreadyThere,
                ["challenger"] = isChallenger,
            });
            return ExitCodes.Done;
        });
        return command;
    }

    private static async Task<byte[]> ReadAsync(string file, CancellationToken cancellationToken) =>
        File.Exists(file) ? await File.ReadAllBytesAsync(file, cancellationToken) : throw new UserException($"{file}: there is no such file.");

    private static Uri AddressOf(string text) =>
        Uri.TryCreate(text, UriKind.Absolute, out var url) ? url : throw new UserException("--http takes an address like https://NAME.REGION.inference.ml.azure.com/score.", ExitCodes.Usage);

    private static TimeSpan Seconds(double seconds) =>
        seconds is > 0 and <= 600 ? TimeSpan.FromSeconds(seconds) : throw new UserException($"--timeout takes seconds, above 0 and at most 600; got {seconds}.", ExitCodes.Usage);

    private static PlattScaling PlattOf(string text) =>
        text.Split(',') is [var slope, var intercept]
        && double.TryParse(slope, CultureInfo.InvariantCulture, out var a) && double.TryParse(intercept, CultureInfo.InvariantCulture, out var b)
        && a > 0 && double.IsFinite(a) && double.IsFinite(b)
            ? new PlattScaling(a, b)
            : throw new UserException($"--platt takes a slope above 0 and an intercept, like 0.9,-0.2; got '{text}'.", ExitCodes.Usage);
}
