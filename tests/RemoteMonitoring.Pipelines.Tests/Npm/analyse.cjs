// Holds queries to Kusto's grammar and types: node analyse.cjs FILE, a JSON of tables (name → columns with types) and queries; a line of JSON for each query, with
// what is wrong with it and the columns that come of it.
const { readFileSync } = require("node:fs");
require("@kusto/language-service-next/bridge.min.js");
require("@kusto/language-service-next/Kusto.Language.Bridge.min.js");

const { GlobalState, KustoCode, Symbols } = globalThis.Kusto.Language;
const { tables, queries } = JSON.parse(readFileSync(process.argv[2], "utf8"));
const symbols = Object.entries(tables).map(([name, columns]) => new Symbols.TableSymbol.$ctor7(name, `(${columns})`, null));
const globals = GlobalState.Default.WithDatabase(new Symbols.DatabaseSymbol.ctor("logs", symbols));

const listed = list => Array.from({ length: list.Count }, (_, i) => list.getItem(i));
for (const query of queries) {
    const code = KustoCode.ParseAndAnalyze(query, globals);
    const errors = listed(code.GetDiagnostics()).map(d => `${d.Message} (${query.slice(d.Start, d.Start + d.Length)})`);
    console.log(JSON.stringify({ query, errors, columns: (code.ResultType?.Columns ? listed(code.ResultType.Columns) : []).map(c => `${c.Name}:${c.Type.Name}`) }));
}
