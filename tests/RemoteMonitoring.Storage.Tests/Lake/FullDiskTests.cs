using System.Diagnostics;
using RemoteMonitoring.Storage.Lake;

namespace RemoteMonitoring.Storage.Tests.Lake;

public sealed class FullDiskTests
{
    [Fact]
    public async Task A_full_disk_is_one_clear_line_and_changes_nothing()
    {
        using var disk = SmallDisk.TryMount();
        if (disk is null)
        {
            return;
        }

        var lake = new LakeDirectory(Path.Combine(disk.Folder, "lake"));
        await lake.TryCreateAsync("bronze/there.bin", new byte[8_000], default);
        await lake.ReplaceAsync("manifest.json", new byte[] { 1, 2, 3 }, default);
        var before = TempLake.Of(disk.Folder);

        var created = await Assert.ThrowsAsync<LakeException>(() => lake.TryCreateAsync("bronze/new.bin", new byte[200_000], default));
        var replaced = await Assert.ThrowsAsync<LakeException>(() => lake.ReplaceAsync("manifest.json", new byte[200_000], default));
        var table = await Assert.ThrowsAsync<LakeException>(() => lake.TryCreateTableAsync("bronze/new.parquet", new ParquetTable().Bytes("b", [.. Incompressible()]), default));

        foreach (var (e, name) in new[] { (created, "bronze/new.bin"), (replaced, "manifest.json"), (table, "bronze/new.parquet") })
        {
            e.SaysInOneLine(lake.FullPath(name));
            Assert.Contains("the disk is full", e.Message, StringComparison.Ordinal);
            Assert.False(e.IsTransient);
        }

        Assert.Equal(before, TempLake.Of(disk.Folder));
        Assert.True(await lake.TryCreateAsync("bronze/new.bin", new byte[1_000], default));
    }

    [Fact]
    public async Task A_disk_that_is_full_but_for_the_folder_of_a_file_is_the_same_line()
    {
        using var disk = SmallDisk.TryMount();
        if (disk is null)
        {
            return;
        }

        var lake = new LakeDirectory(Path.Combine(disk.Folder, "lake"));
        // Deep new folders use up what the draft left: the name cannot be put in place.
        var path = string.Join('/', Enumerable.Range(0, 64)) + "/a.bin";
        var e = await Assert.ThrowsAsync<LakeException>(() => lake.TryCreateAsync(path, new byte[1_000], default));
        e.SaysInOneLine(lake.FullPath(path));
        Assert.Contains("the disk is full", e.Message, StringComparison.Ordinal);
        Assert.Empty(TempLake.Of(disk.Folder));
    }

    private static IEnumerable<byte[]> Incompressible()
    {
        var random = new Random(1);
        for (var i = 0; i < 200; i++)
        {
            var bytes = new byte[1_000];
            random.NextBytes(bytes);
            yield return bytes;
        }
    }

    /// <summary>A file system of 64 KB and 40 names, in memory.</summary>
    private sealed class SmallDisk : IDisposable
    {
        private readonly string[] _asRoot;

        private SmallDisk(string folder, string[] asRoot) => (Folder, _asRoot) = (folder, asRoot);

        public string Folder { get; }

        /// <summary>Null where this user may not mount: then a run that counts (CI=true) fails.</summary>
        public static SmallDisk? TryMount()
        {
            var folder = Directory.CreateTempSubdirectory("rmon-disk-").FullName;
            foreach (var asRoot in new string[][] { [], ["sudo", "-n"] })
            {
                if (Run([.. asRoot, "mount", "-t", "tmpfs", "-o", "size=64k,nr_inodes=40,mode=777", "tmpfs", folder]))
                {
                    return new SmallDisk(folder, asRoot);
                }
            }

            Directory.Delete(folder);
            Assert.False(
                Environment.GetEnvironmentVariable("CI") == "true",
                "The tests of a full disk need to mount a small tmpfs: run them on Linux as root, in a container with --cap-add SYS_ADMIN, or with passwordless sudo.");
            return null;
        }

        public void Dispose()
        {
            Assert.True(Run([.. _asRoot, "umount", Folder]));
            Directory.Delete(Folder);
        }

        private static bool Run(string[] command)
        {
            try
            {
                using var process = Process.Start(new ProcessStartInfo(command[0], command[1..]) { RedirectStandardError = true, RedirectStandardOutput = true })!;
                process.WaitForExit();
                return process.ExitCode == 0;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                return false;
            }
        }
    }
}
