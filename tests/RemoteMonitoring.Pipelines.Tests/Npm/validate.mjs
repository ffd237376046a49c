// Holds YAML to the schema of Azure Pipelines: node validate.mjs FILE…; a line of JSON for each file, with what is wrong with it.
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import Ajv from "ajv";
import { parse } from "yaml";

const require = createRequire(import.meta.url);
const schema = JSON.parse(readFileSync(require.resolve("schemastore/schemas/json/raw.githubusercontent.com/microsoft/azure-pipelines-vscode/master/service-schema.json"), "utf8"));
const ajv = new Ajv({ strict: false, allErrors: true, unicodeRegExp: false });
const validate = ajv.compile(schema);

// Scalars are text to the service and to the schema, but for the inputs of tasks, which have types. One input is newer than the schema.
const newer = new Set(["AzureCLI@2 keepAzSessionActive"]);
function prepared(node) {
    if (Array.isArray(node)) {
        return node.map(n => prepared(n));
    }

    if (node !== null && typeof node === "object") {
        return Object.fromEntries(Object.entries(node).map(([key, value]) =>
            [key, key !== "inputs" ? prepared(value) : Object.fromEntries(Object.entries(value).filter(([name]) => !newer.has(`${node.task} ${name}`)))]));
    }

    return typeof node === "number" || typeof node === "boolean" ? String(node) : node;
}

for (const file of process.argv.slice(2)) {
    const valid = validate(prepared(parse(readFileSync(file, "utf8"))));
    // Of alternatives that were all refused, those that got furthest say most.
    const errors = (validate.errors ?? []).sort((a, b) => b.instancePath.length - a.instancePath.length).slice(0, 8);
    console.log(JSON.stringify({ file, valid, errors: errors.map(e => `${e.instancePath}: ${e.message} ${JSON.stringify(e.params)}`) }));
}
