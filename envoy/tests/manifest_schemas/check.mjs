// Holds Kubernetes manifests, a JSON array on standard input, against the published schemas; prints the errors of each.
//
// Two checks, because neither is enough: the compiled schemas know patterns, bounds and required fields but pass over
// unknown ones; the types refuse unknown fields at every depth. Rules in CEL are in neither.
// It must lie beside the node_modules that it uses: test_manifests.py copies it there.
import { readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import ts from "typescript";

const HERE = dirname(fileURLToPath(import.meta.url));
const EG = "@kubernetes-models/envoy-gateway/gateway.envoyproxy.io/v1alpha1";
const MODULES = {
  "extensions.istio.io/v1alpha1 WasmPlugin": "@kubernetes-models/istio/extensions.istio.io/v1alpha1/WasmPlugin",
  "gateway.envoyproxy.io/v1alpha1 Backend": `${EG}/Backend`,
  "gateway.envoyproxy.io/v1alpha1 ClientTrafficPolicy": `${EG}/ClientTrafficPolicy`,
  "gateway.envoyproxy.io/v1alpha1 EnvoyExtensionPolicy": `${EG}/EnvoyExtensionPolicy`,
  "gateway.networking.k8s.io/v1 HTTPRoute": "@kubernetes-models/gateway-api/gateway.networking.k8s.io/v1/HTTPRoute",
};

const name = (manifest) => `${manifest?.apiVersion} ${manifest?.kind}`;

/** What the compiled schema of its kind says against a manifest. */
async function schemaErrors(manifest) {
  const model = (await import(MODULES[name(manifest)]))[manifest.kind];
  try {
    await new model(manifest).validate();
    return [];
  } catch (error) {
    // Any throw counts: a validator that breaks must not look like one that agrees.
    return [`schema: ${error.message}`];
  }
}

/** What the types say against each of the manifests: their errors by index. */
function typeErrors(manifests) {
  const sources = new Map(
    manifests.map((manifest, index) => [
      join(HERE, `manifest-${index}.ts`),
      `import type { I${manifest.kind} } from ${JSON.stringify(MODULES[name(manifest)])};\n` +
        `export const manifest: I${manifest.kind} = ${JSON.stringify(manifest, null, 2)};\n`,
    ]),
  );
  const options = {
    module: ts.ModuleKind.ESNext,
    moduleResolution: ts.ModuleResolutionKind.Bundler,
    target: ts.ScriptTarget.ES2022,
    strict: true,
    noEmit: true,
    types: [],
    // Declarations are checked too: an import in them that led nowhere would make a field `any`, and take anything.
    skipLibCheck: false,
  };
  const host = ts.createCompilerHost(options);
  const { getSourceFile, fileExists, readFile } = host;
  host.fileExists = (file) => sources.has(file) || fileExists(file);
  host.readFile = (file) => sources.get(file) ?? readFile(file);
  host.getSourceFile = (file, ...rest) =>
    sources.has(file) ? ts.createSourceFile(file, sources.get(file), ...rest) : getSourceFile(file, ...rest);

  const files = [...sources.keys()];
  const errors = files.map(() => []);
  for (const diagnostic of ts.getPreEmitDiagnostics(ts.createProgram(files, options, host))) {
    const text = ts.flattenDiagnosticMessageText(diagnostic.messageText, " ");
    const index = files.indexOf(diagnostic.file?.fileName);
    if (index < 0) throw new Error(`the published types do not compile: ${diagnostic.file?.fileName}: ${text}`);
    errors[index].push(`types: ${text}`);
  }
  return errors;
}

const manifests = JSON.parse(readFileSync(0, "utf8"));
const known = manifests.filter((manifest) => Object.hasOwn(MODULES, name(manifest)));
const types = new Map(typeErrors(known).map((errors, index) => [known[index], errors]));
const report = [];
for (const manifest of manifests) {
  report.push(
    types.has(manifest)
      ? [...types.get(manifest), ...(await schemaErrors(manifest))]
      : [`no schema for \`${name(manifest)}\``],
  );
}
console.log(JSON.stringify(report));
