namespace RemoteMonitoring.EndToEnd.Tests;

/// <summary>Tests that run the program use both cores and the console: one class at a time.</summary>
[CollectionDefinition("runs the program", DisableParallelization = true)]
public sealed class OneAtATime;
