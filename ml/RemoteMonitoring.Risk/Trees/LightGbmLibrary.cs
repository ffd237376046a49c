using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace RemoteMonitoring.Risk.Trees;

/// <summary>The C interface of LightGBM, as much of it as is needed here. Every call that fails throws with what the library says.</summary>
internal static partial class LightGbmLibrary
{
    /// <summary>Sum of the trees.</summary>
    internal const int RawScore = 1;

    /// <summary>Shapley values by column, then the mean raw score.</summary>
    internal const int Contributions = 3;

    private const string Name = "lib_lightgbm";
    private const int Float32 = 0;

    /// <summary>A table of training rows, [rows × columns], binned; like <paramref name="reference"/> where one is given.</summary>
    internal static DatasetHandle Dataset(float[] values, int columns, float[] label, string parameters, DatasetHandle? reference)
    {
        Check(DatasetCreateFromMat(values, Float32, values.Length / columns, columns, 1, parameters, reference?.DangerousGetHandle() ?? 0, out var handle));
        var dataset = new DatasetHandle(handle);
        Check(DatasetSetField(dataset, "label", label, label.Length, Float32));
        return dataset;
    }

    internal static void NameColumns(DatasetHandle dataset, IReadOnlyList<string> names) =>
        Check(DatasetSetFeatureNames(dataset, [.. names], names.Count));

    internal static BoosterHandle Booster(DatasetHandle training, string parameters)
    {
        Check(BoosterCreate(training, parameters, out var handle));
        return new BoosterHandle(handle);
    }

    /// <summary>A trained model; throws where the text is none.</summary>
    internal static BoosterHandle Load(string text)
    {
        Check(BoosterLoadModelFromString(text, out _, out var handle));
        return new BoosterHandle(handle);
    }

    internal static void AddValidation(BoosterHandle booster, DatasetHandle validation) => Check(BoosterAddValidData(booster, validation));

    /// <summary>Grows one tree; false when there was nothing left to split.</summary>
    internal static bool Grow(BoosterHandle booster)
    {
        Check(BoosterUpdateOneIter(booster, out var finished));
        return finished == 0;
    }

    /// <summary>The one metric of the parameters on the validation rows.</summary>
    internal static double Validate(BoosterHandle booster)
    {
        var results = new double[1];
        Check(BoosterGetEval(booster, 1, out _, results));
        return results[0];
    }

    /// <summary>The first trees as LightGBM's model text.</summary>
    internal static string Text(BoosterHandle booster, int trees)
    {
        var buffer = new byte[1 << 20];
        Check(BoosterSaveModelToString(booster, 0, trees, 0, buffer.Length, out var length, buffer));
        if (length > buffer.Length)
        {
            buffer = new byte[length];
            Check(BoosterSaveModelToString(booster, 0, trees, 0, buffer.Length, out length, buffer));
        }

        return Encoding.UTF8.GetString(buffer, 0, (int)length - 1);
    }

    /// <summary>Predicts rows, [rows × columns]: one number a row for <see cref="RawScore"/>, columns + 1 for <see cref="Contributions"/>.</summary>
    internal static double[] Predict(BoosterHandle booster, float[] values, int columns, int kind, int threads)
    {
        var rows = values.Length / columns;
        var results = new double[rows * (kind == Contributions ? columns + 1 : 1)];
        Check(BoosterPredictForMat(booster, values, Float32, rows, columns, 1, kind, 0, -1, $"num_threads={threads} verbosity=-1", out _, results));
        return results;
    }

    private static void Check(int status)
    {
        if (status != 0)
        {
            throw new InvalidOperationException($"LightGBM: {Marshal.PtrToStringUTF8(GetLastError())}");
        }
    }

    [LibraryImport(Name, EntryPoint = "LGBM_GetLastError")]
    private static partial nint GetLastError();

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetCreateFromMat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DatasetCreateFromMat(
        [In] float[] data, int type, int rows, int columns, int isRowMajor, string parameters, nint reference, out nint dataset);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetSetField", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DatasetSetField(DatasetHandle dataset, string field, [In] float[] values, int count, int type);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetSetFeatureNames", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int DatasetSetFeatureNames(DatasetHandle dataset, [In] string[] names, int count);

    [LibraryImport(Name, EntryPoint = "LGBM_DatasetFree")]
    private static partial int DatasetFree(nint dataset);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterCreate", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int BoosterCreate(DatasetHandle training, string parameters, out nint booster);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterLoadModelFromString", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int BoosterLoadModelFromString(string text, out int iterations, out nint booster);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterFree")]
    private static partial int BoosterFree(nint booster);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterAddValidData")]
    private static partial int BoosterAddValidData(BoosterHandle booster, DatasetHandle validation);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterUpdateOneIter")]
    private static partial int BoosterUpdateOneIter(BoosterHandle booster, out int finished);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterGetEval")]
    private static partial int BoosterGetEval(BoosterHandle booster, int data, out int length, [Out] double[] results);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterSaveModelToString")]
    private static partial int BoosterSaveModelToString(
        BoosterHandle booster, int start, int count, int importance, long capacity, out long length, [Out] byte[] text);

    [LibraryImport(Name, EntryPoint = "LGBM_BoosterPredictForMat", StringMarshalling = StringMarshalling.Utf8)]
    private static partial int BoosterPredictForMat(
        BoosterHandle booster, [In] float[] data, int type, int rows, int columns, int isRowMajor, int kind, int start, int count, string parameters, out long length, [Out] double[] results);

    /// <summary>Training rows held by the library.</summary>
    internal sealed class DatasetHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal DatasetHandle(nint dataset)
            : base(true) => SetHandle(dataset);

        protected override bool ReleaseHandle() => DatasetFree(handle) == 0;
    }

    /// <summary>A model held by the library.</summary>
    internal sealed class BoosterHandle : SafeHandleZeroOrMinusOneIsInvalid
    {
        internal BoosterHandle(nint booster)
            : base(true) => SetHandle(booster);

        protected override bool ReleaseHandle() => BoosterFree(handle) == 0;
    }
}
