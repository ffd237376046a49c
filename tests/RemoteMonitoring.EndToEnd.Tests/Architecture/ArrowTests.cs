namespace RemoteMonitoring.EndToEnd.Tests.Architecture;

/// <summary>
/// The table of the design: which room may see which, and which package is whose. Held against the project files, which say
/// what is allowed, and against the compiled assemblies, which say what is used.
/// </summary>
public sealed class ArrowTests
{
    private static readonly Dictionary<string, string[]> s_maySee = new()
    {
        ["Telemetry"] = [],
        ["Features"] = ["Telemetry"],
        ["Storage"] = ["Telemetry"],
        ["Ingestion"] = ["Telemetry", "Storage"],
        ["Cohorts"] = ["Telemetry"],
        ["Risk"] = ["Features", "Telemetry", "Storage"],
        ["Workflows"] = ["Ingestion", "Features", "Risk", "Storage", "Telemetry"],
        ["Worklist"] = ["Workflows", "Storage", "Telemetry"],
        ["Functions"] = ["Telemetry", "Storage", "Ingestion", "Cohorts", "Features", "Risk", "Workflows", "Worklist"],
        ["Cli"] = ["Telemetry", "Storage", "Ingestion", "Cohorts", "Features", "Risk", "Workflows", "Worklist", "Functions"],
    };

    /// <summary>Packages, and the assemblies they bring, by how their names start; and the rooms that may know them.</summary>
    private static readonly (string[] Names, string[] Rooms)[] s_owned =
    [
        (["Parquet"], ["Storage"]),
        (["Microsoft.Data.Sqlite", "SQLitePCLRaw"], ["Storage", "Ingestion", "Workflows"]),
        (["Azure.Storage.Blobs", "Microsoft.Azure.Cosmos", "Azure.Security.KeyVault", "Newtonsoft.Json"], ["Storage"]),
        (["Azure.Identity"], ["Storage", "Ingestion", "Workflows", "Cli"]),
        (["Microsoft.ML", "LightGBM"], ["Risk"]),
        (["CsvHelper"], ["Cohorts", "Workflows"]),
        (["Cronos"], ["Workflows"]),
        (["NCrontab"], []), // tests only
        (["Confluent.Kafka"], ["Ingestion"]),
        (["MQTTnet"], ["Ingestion"]),
        (["Microsoft.AspNetCore.Authentication.OpenIdConnect", "Microsoft.IdentityModel"], ["Worklist"]),
        (["System.CommandLine", "Spectre.Console"], ["Cli"]),
        (["OpenTelemetry", "Azure.Monitor"], ["Cli"]),
        (["DuckDB"], []), // tests and benchmarks only
        (["Hl7.Fhir"], ["Worklist"]),
        (["YamlDotNet"], []), // tests only
        (["NJsonSchema"], []), // tests only
    ];

    public static TheoryData<string> Rooms => [.. Repository.Rooms.Select(r => r.Room)];

    [Theory]
    [MemberData(nameof(Rooms))]
    public void A_project_names_only_the_rooms_it_may_see(string room)
    {
        Assert.True(s_maySee.ContainsKey(room), $"The design has no room '{room}': add it to its table and to this one, or put its code into a room that is there.");
        Assert.Empty(Of(room).Project.References.Except(s_maySee[room]));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void The_compiled_room_uses_only_the_rooms_it_may_see(string room)
    {
        var seen = Of(room).References.Select(name => Repository.Rooms.FirstOrDefault(r => r.Assembly == name)?.Room).OfType<string>();
        Assert.Empty(seen.Except(s_maySee[room]));
    }

    [Theory]
    [MemberData(nameof(Rooms))]
    public void Packages_stay_in_the_rooms_that_own_them(string room)
    {
        foreach (var (names, rooms) in s_owned.Where(o => !o.Rooms.Contains(room)))
        {
            bool Owned(string name) => names.Any(n => name == n || name.StartsWith(n + ".", StringComparison.Ordinal));
            Assert.DoesNotContain(Of(room).Project.Packages, Owned);
            Assert.DoesNotContain(Of(room).References, Owned);
        }
    }

    [Fact]
    public void The_owners_do_use_their_packages() // else the names above are wrong, and forbid nothing
    {
        bool Uses(string room, string name) => Of(room).References.Any(r => r == name || r.StartsWith(name + ".", StringComparison.Ordinal));
        Assert.True(Uses("Storage", "Parquet"));
        Assert.True(Uses("Storage", "Microsoft.Data.Sqlite"));
        Assert.True(Uses("Storage", "Azure.Storage.Blobs"));
        Assert.True(Uses("Storage", "Microsoft.Azure.Cosmos"));
        Assert.True(Uses("Storage", "Azure.Security.KeyVault"));
        Assert.True(Uses("Risk", "Microsoft.ML"));
        Assert.True(Uses("Cohorts", "CsvHelper"));
        Assert.True(Uses("Workflows", "Cronos"));
        Assert.True(Uses("Worklist", "Microsoft.AspNetCore.Authentication.OpenIdConnect"));
        Assert.True(Uses("Worklist", "Hl7.Fhir"));
        Assert.True(Uses("Cli", "System.CommandLine"));
        Assert.True(Uses("Cli", "OpenTelemetry"));
        Assert.True(Uses("Cli", "Azure.Monitor"));
    }

    [Fact]
    public void No_room_of_the_table_sees_one_that_sees_it()
    {
        foreach (var (room, seen) in s_maySee)
        {
            Assert.DoesNotContain(seen, other => s_maySee[other].Contains(room));
        }
    }

    [Theory]
    [InlineData("Telemetry")]
    [InlineData("Features")]
    public void Pure_rooms_touch_neither_files_nor_network_nor_clock(string room)
    {
        string[] impure = ["System.IO.File", "System.IO.FileStream", "System.IO.Directory", "System.TimeProvider", "System.Console", "System.Diagnostics.Process"];
        Assert.Empty(Of(room).Types.Intersect(impure));
        Assert.DoesNotContain(Of(room).Types, t => t.StartsWith("System.Net.", StringComparison.Ordinal));
        // Iterators ask for their thread; the compiler writes that.
        Assert.DoesNotContain(
            Of(room).Members.Except(["System.Environment.get_CurrentManagedThreadId"]), m => m.StartsWith("System.Environment.", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("Telemetry")]
    [InlineData("Features")]
    public void Pure_rooms_reduce_nothing_at_the_width_of_the_hardware(string room) => Assert.DoesNotContain(Of(room).Types, type =>
        type.StartsWith("System.Runtime.Intrinsics.", StringComparison.Ordinal)
        || type.StartsWith("System.Numerics.Vector", StringComparison.Ordinal)
        || type.StartsWith("System.Numerics.Tensors.", StringComparison.Ordinal));

    [Fact]
    public void Functions_sees_what_it_may_and_nothing_sees_it()
    {
        Assert.Empty(Repository.Functions.References.Except(s_maySee["Functions"]));
        Assert.DoesNotContain(Repository.Rooms.Concat(Repository.TestProjects), p => p.References.Contains("Functions"));
    }

    private static CompiledRoom Of(string room) => CompiledRoom.All.Single(r => r.Project.Room == room);
}
