using RemoteMonitoring.Storage;
using RemoteMonitoring.Storage.Lake;
using RemoteMonitoring.Workflows.Registry;

namespace RemoteMonitoring.Workflows.Training;

/// <summary>
/// The snapshot that a training was given. An erasure takes the patient's rows out of it before it looks at models: as long as the file is what it was, what was written
/// before is found by every erasure to come; where it is not, what was made of it may have rows that were erased.
/// </summary>
internal sealed class GivenSnapshot(CohortStore store, string task, string version, string path, string sha256)
{
    /// <summary>Throws <see cref="LakeException"/> where the snapshot is no longer what was given, after taking away what the version has of it.</summary>
    public async Task CheckAsync(CancellationToken cancellationToken)
    {
        var lake = store.Lake;
        if (await lake.TryReadAsync(path, cancellationToken) is { } bytes && Lake.Hash(bytes) == sha256)
        {
            return;
        }

        // A version that was decided about was whole before the erasure, which found its files.
        if (!(await new ModelRegistry(store, TimeProvider.System).ReadAsync(task, cancellationToken)).Knows(version))
        {
            foreach (var file in await lake.ListAsync($"models/{task}/{version}", cancellationToken))
            {
                await lake.DeleteAsync(file, CancellationToken.None);
            }
        }

        throw new LakeException($"{lake.NameOf(path)}: is not what the training was given any more; rows may have been erased. Nothing of what it made is kept: train again.");
    }
}
