/** Which folders of src/ each folder may import from: arrows go down only. */
const below = {
  runtime: [],
  onnx: [],
  data: [],
  autodiff: ["onnx"],
  engine: ["onnx"],
  models: ["onnx"],
  import: ["onnx"],
  training: ["autodiff", "engine", "onnx", "data"],
  reconstruction: ["training", "engine", "onnx", "data"],
  pruning: ["reconstruction", "training", "engine", "onnx", "data"],
  sharing: ["reconstruction", "training", "engine", "autodiff", "onnx", "data"],
  coding: ["runtime", "onnx"],
  report: ["pruning", "training", "onnx"],
  experiments: ["report", "pruning", "sharing", "coding", "runtime", "training", "engine", "models", "data", "onnx"],
  cli: [
    "experiments",
    "report",
    "pruning",
    "sharing",
    "coding",
    "runtime",
    "training",
    "engine",
    "models",
    "import",
    "data",
    "onnx",
  ],
};

const layers = Object.entries(below).map(([folder, allowed]) => ({
  name: `${folder}-imports-down`,
  severity: "error",
  comment: `src/${folder} may import ${allowed.join(", ") || "no other folder"}.`,
  from: { path: `^src/${folder}/` },
  to: { path: "^src/[^/]+/", pathNot: `^src/(${[folder, ...allowed].join("|")})/` },
}));

const only = (name, to, from) => ({ name, severity: "error", from: { path: "^src/", pathNot: from }, to });

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...layers,
    // Types may refer to each other: an attribute can hold a graph.
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    {
      name: "no-unknown-folder",
      severity: "error",
      from: { path: "^src/[^/]+/", pathNot: `^src/(${Object.keys(below).join("|")})/` },
      to: {},
    },
    { name: "all-imports-resolve", severity: "error", from: {}, to: { couldNotResolve: true } },
    // The core runs in browsers too.
    only("node-only-at-the-edges", { dependencyTypes: ["core"] }, "^src/(cli|data)/|^src/engine/node\\.ts$"),
    only("one-place-for-onnxruntime-node", { path: "node_modules/onnxruntime-node/" }, "^src/engine/node\\.ts$"),
    only("one-place-for-onnxruntime-web", { path: "node_modules/onnxruntime-web/" }, "^src/engine/web\\.ts$"),
    only("protobuf-only-for-models", { path: "node_modules/@bufbuild/protobuf/" }, "^src/(onnx|import)/"),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
