using Microsoft.ML;
using Microsoft.ML.Data;
using RemoteMonitoring.Features.Vectors;

namespace RemoteMonitoring.Risk.Training;

/// <summary>Feature values row after row, shape [rows × columns], NaN where unknown.</summary>
internal sealed class FeatureMatrix
{
    internal FeatureMatrix(float[] values, int columns, IReadOnlyList<string>? names = null)
    {
        Values = values;
        Names = names;
        Columns = columns;
        Rows = columns == 0 ? 0 : values.Length / columns;
    }

    internal float[] Values { get; }

    /// <summary>Names of the columns, where they have some.</summary>
    internal IReadOnlyList<string>? Names { get; }

    internal int Rows { get; }

    internal int Columns { get; }

    internal ReadOnlySpan<float> Row(int row) => Values.AsSpan(row * Columns, Columns);

    /// <summary>The rows of the table named by <paramref name="order"/>, or all of them.</summary>
    internal static FeatureMatrix From(FeatureTable table, int[]? order = null)
    {
        var columns = table.Columns.Count;
        var rows = order?.Length ?? table.Rows;
        var values = new float[checked(rows * columns)];
        // Blocks of rows, so that the part of the target being filled stays in the cache whatever the number of columns.
        const int Block = 256;
        for (var start = 0; start < rows; start += Block)
        {
            var end = Math.Min(rows, start + Block);
            for (var c = 0; c < columns; c++)
            {
                var column = table.Values[c];
                for (var r = start; r < end; r++)
                {
                    values[(r * columns) + c] = ToFloat(column[order is null ? r : order[r]]);
                }
            }
        }

        return new(values, columns, [.. table.Columns.Select(c => c.Name)]);
    }

    /// <summary>32 bits, NaN for anything that is not a finite number.</summary>
    internal static float ToFloat(double value) => double.IsFinite(value) ? (float)Math.Clamp(value, -float.MaxValue, float.MaxValue) : float.NaN;

    /// <summary>The same rows without the columns that any of the patterns names.</summary>
    internal FeatureMatrix Without(IReadOnlyList<string> patterns)
    {
        var names = Names ?? throw new InvalidOperationException("The columns have no names.");
        int[] kept = [.. Enumerable.Range(0, Columns).Where(c => !patterns.Any(p => ColumnPattern.Matches(p, names[c])))];
        var values = new float[checked(Rows * kept.Length)];
        for (var r = 0; r < Rows; r++)
        {
            var row = Row(r);
            for (var c = 0; c < kept.Length; c++)
            {
                values[(r * kept.Length) + c] = row[kept[c]];
            }
        }

        return new(values, kept.Length, [.. kept.Select(c => names[c])]);
    }

    /// <summary>The named rows one after the other.</summary>
    internal float[] Copy(int[] rows)
    {
        var values = new float[checked(rows.Length * Columns)];
        for (var i = 0; i < rows.Length; i++)
        {
            Row(rows[i]).CopyTo(values.AsSpan(i * Columns));
        }

        return values;
    }

    /// <summary>The named rows as ML.NET reads them, with a label where there is one.</summary>
    internal IDataView View(int[] rows, bool[]? label) => new RowsView(this, rows, label);

    /// <summary>
    /// Rows of the matrix as an <see cref="IDataView"/> of <c>Features</c> and <c>Label</c>. Logistic regression
    /// reads its input once for every step, so a getter is one copy of a span: no reflection, no object a row.
    /// </summary>
    private sealed class RowsView : IDataView
    {
        private readonly FeatureMatrix _matrix;
        private readonly int[] _rows;
        private readonly bool[]? _label;

        internal RowsView(FeatureMatrix matrix, int[] rows, bool[]? label)
        {
            (_matrix, _rows, _label) = (matrix, rows, label);
            var schema = new DataViewSchema.Builder();
            schema.AddColumn("Features", new VectorDataViewType(NumberDataViewType.Single, matrix.Columns));
            schema.AddColumn("Label", BooleanDataViewType.Instance);
            Schema = schema.ToSchema();
        }

        public DataViewSchema Schema { get; }

        public bool CanShuffle => false;

        public long? GetRowCount() => _rows.Length;

        public DataViewRowCursor GetRowCursor(IEnumerable<DataViewSchema.Column> columnsNeeded, Random? rand = null) => new Cursor(this);

        public DataViewRowCursor[] GetRowCursorSet(IEnumerable<DataViewSchema.Column> columnsNeeded, int n, Random? rand = null) =>
            [GetRowCursor(columnsNeeded, rand)];

        private sealed class Cursor(RowsView view) : DataViewRowCursor
        {
            private int _at = -1;

            public override DataViewSchema Schema => view.Schema;

            public override long Position => _at;

            public override long Batch => 0;

            public override bool IsColumnActive(DataViewSchema.Column column) => true;

            public override bool MoveNext()
            {
                if (_at + 1 >= view._rows.Length)
                {
                    _at = -1;
                    return false;
                }

                _at++;
                return true;
            }

            public override ValueGetter<DataViewRowId> GetIdGetter() => (ref DataViewRowId id) => id = new DataViewRowId((ulong)_at, 0);

            public override ValueGetter<TValue> GetGetter<TValue>(DataViewSchema.Column column)
            {
                if (column.Index == 0)
                {
                    ValueGetter<VBuffer<float>> features = (ref VBuffer<float> value) =>
                    {
                        var editor = VBufferEditor.Create(ref value, view._matrix.Columns);
                        view._matrix.Row(view._rows[_at]).CopyTo(editor.Values);
                        value = editor.Commit();
                    };
                    return (ValueGetter<TValue>)(Delegate)features;
                }

                ValueGetter<bool> label = (ref bool value) => value = view._label is { } l && l[view._rows[_at]];
                return (ValueGetter<TValue>)(Delegate)label;
            }
        }
    }
}
