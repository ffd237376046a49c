using System.Security.Cryptography;
using System.Text;
using RemoteMonitoring.Risk.Tasks;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Which rows teach and which are foreseen; positions in <see cref="LabelledRows"/>.</summary>
/// <param name="Number">0-based.</param>
/// <param name="Train">Rows that may teach.</param>
/// <param name="Test">Rows held out.</param>
public sealed record Fold(int Number, int[] Train, int[] Test);

/// <summary>Folds that keep all rows of a patient together.</summary>
public static class GroupedFolds
{
    /// <summary>
    /// The fold of each patient, 0 … <paramref name="folds"/> − 1: patients with and without an event are dealt out in turn,
    /// each in the order of a hash of id and salt. A function of ids, events and salt, not of the order of the rows.
    /// </summary>
    public static int[] OfPatients(IReadOnlyList<string> patientIds, IReadOnlyList<bool> hasEvent, int folds, string salt)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(folds, 2);
        var order = Enumerable.Range(0, patientIds.Count)
            .OrderByDescending(p => hasEvent[p])
            .ThenBy(p => Hash(patientIds[p], salt))
            .ThenBy(p => patientIds[p], StringComparer.Ordinal);
        var fold = new int[patientIds.Count];
        var next = 0;
        foreach (var patient in order)
        {
            fold[patient] = next++ % folds;
        }

        return fold;
    }

    /// <summary>The fold of each of the named rows, by their patients; patients without a named row are not dealt out.</summary>
    internal static int[] OfRows(LabelledRows data, int[] rows, int folds, string salt)
    {
        var ids = new List<string>();
        var events = new List<bool>();
        var number = new int[data.Patients];
        Array.Fill(number, -1);
        foreach (var row in rows)
        {
            ref var n = ref number[data.Patient[row]];
            if (n < 0)
            {
                n = ids.Count;
                ids.Add(data.PatientId[row]);
                events.Add(false);
            }

            events[n] |= data.Label[row];
        }

        var fold = OfPatients(ids, events, folds, salt);
        return Array.ConvertAll(rows, row => fold[number[data.Patient[row]]]);
    }

    private static ulong Hash(string patientId, string salt) =>
        BitConverter.ToUInt64(SHA256.HashData(Encoding.UTF8.GetBytes(salt + "\n" + patientId)));
}

/// <summary>How held-out rows are chosen.</summary>
public enum SplitKind
{
    /// <summary>Patients the model has not seen, at any time.</summary>
    NewPatients,

    /// <summary>Later days of patients whose earlier days it may have seen.</summary>
    KnownPatientsLater,

    /// <summary>Later days of patients it has not seen: the strictest.</summary>
    NewPatientsLater,
}

/// <summary>Makes the folds of a <see cref="SplitKind"/>.</summary>
public static class Splits
{
    /// <summary>
    /// The folds, without those that have no test row or whose training rows are all of one label. Where time counts, a
    /// row teaches only when its label was certain (window and reporting delay over) at the first test instant: what lies
    /// between is purged. Where the task states windows, they are the folds of <see cref="SplitKind.KnownPatientsLater"/>, however many.
    /// </summary>
    public static IReadOnlyList<Fold> Of(SplitKind kind, LabelledRows data, int folds, int seed)
    {
        IEnumerable<Fold> all = kind switch
        {
            SplitKind.NewPatients => ByPatient(data, folds, seed, long.MinValue),
            SplitKind.KnownPatientsLater => data.Task.Windows is { } windows ? Forward(data, windows) : Forward(data, folds),
            SplitKind.NewPatientsLater => ByPatient(data, folds, seed, Quantile(data, 0.6)),
            _ => throw new System.Diagnostics.UnreachableException(),
        };
        return [.. all.Where(f => f.Test.Length > 0 && f.Train.Any(r => data.Label[r]) && f.Train.Any(r => !data.Label[r]))];
    }

    /// <summary>
    /// Patients of fold f against everybody else; from <paramref name="from"/> on (Unix microseconds; <see cref="long.MinValue"/>
    /// for "at any time") with training rows whose labels were certain by then.
    /// </summary>
    public static IEnumerable<Fold> ByPatient(LabelledRows data, int folds, int seed, long from)
    {
        var rows = Rows(data, _ => true);
        var fold = GroupedFolds.OfRows(data, rows, folds, $"folds/{seed}");
        for (var f = 0; f < folds; f++)
        {
            yield return new(
                f,
                Rows(data, r => fold[r] != f && (from == long.MinValue || data.LabelKnown[r] <= from)),
                Rows(data, r => fold[r] == f && data.AsOf[r] >= from));
        }
    }

    /// <summary>The later half of the rows cut into windows of about as many rows; each is foreseen from all that was certain at its start.</summary>
    public static IEnumerable<Fold> Forward(LabelledRows data, int windows)
    {
        for (var w = 0; w < windows; w++)
        {
            var from = Quantile(data, 0.5 + (0.5 * w / windows));
            var to = w == windows - 1 ? long.MaxValue : Quantile(data, 0.5 + (0.5 * (w + 1) / windows));
            yield return new(
                w,
                Rows(data, r => data.LabelKnown[r] <= from),
                Rows(data, r => data.AsOf[r] >= from && data.AsOf[r] < to));
        }
    }

    /// <summary>
    /// Windows of local days, by the day that a row is about; each is foreseen from all that was certain at its first row's
    /// as-of. Numbers are those of the windows, whether or not one before is empty.
    /// </summary>
    public static IEnumerable<Fold> Forward(LabelledRows data, ForwardWindows windows)
    {
        for (var w = 0; w < windows.Count; w++)
        {
            var (first, next) = (windows.First.PlusDays(w * windows.Days), windows.First.PlusDays((w + 1) * windows.Days));
            var test = Rows(data, r => data.Day[r] >= first && data.Day[r] < next);
            var from = test.Length == 0 ? long.MinValue : test.Min(r => data.AsOf[r]);
            yield return new(w, Rows(data, r => data.LabelKnown[r] <= from), test);
        }
    }

    private static long Quantile(LabelledRows data, double share)
    {
        if (data.Rows == 0)
        {
            return long.MinValue + 1;
        }

        var sorted = (long[])data.AsOf.Clone();
        Array.Sort(sorted);
        return sorted[(int)(share * (sorted.Length - 1))];
    }

    private static int[] Rows(LabelledRows data, Func<int, bool> take) => [.. Enumerable.Range(0, data.Rows).Where(take)];
}
