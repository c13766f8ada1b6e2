/** What experiments and the library are made of. */
const methods = [
  "pruning",
  "sharing",
  "quantization",
  "coding",
  "training",
  "tasks",
  "adoption",
  "operators",
  "engine",
  "models",
  "data",
  "onnx",
];

/**
 * Which folders of packages/espalier/src each folder may import from: arrows go down only. The runtime is a package of
 * its own, of which its exports alone can be seen.
 */
const below = {
  onnx: [],
  data: ["onnx"],
  operators: ["onnx"],
  autodiff: ["onnx"],
  engine: ["onnx"],
  models: ["onnx"],
  import: ["onnx"],
  adoption: ["operators", "engine", "onnx", "data"],
  tasks: ["adoption", "onnx", "data"],
  training: ["tasks", "adoption", "autodiff", "operators", "engine", "onnx", "data"],
  reconstruction: ["training", "tasks", "operators", "engine", "onnx", "data"],
  pruning: ["reconstruction", "training", "tasks", "operators", "engine", "onnx", "data"],
  sharing: ["coding", "reconstruction", "training", "tasks", "operators", "engine", "autodiff", "onnx", "data"],
  quantization: ["sharing", "reconstruction", "training", "tasks", "adoption", "operators", "engine", "onnx", "data"],
  coding: ["onnx"],
  report: ["pruning", "sharing", "training", "tasks", "adoption", "operators", "engine", "onnx", "data"],
  experiments: ["report", ...methods],
  runtime: [],
  library: ["experiments", "report", "import", ...methods],
  jobs: [...methods],
  cli: ["library", "jobs", "experiments", "report", "import", ...methods],
};

/** The same of packages/runtime/src. */
const inRuntime = {
  codec: [],
  loading: ["codec"],
  kernels: [],
  network: ["kernels", "codec"],
  open: ["network", "codec"],
};

/** The same of packages/studio/src: what is drawn asks the state, which asks the worker. */
const inStudio = {
  work: [],
  state: ["work"],
  parts: ["state"],
  style: [],
};

const layersOf = (root, folders) =>
  Object.entries(folders).map(([folder, allowed]) => ({
    name: `${folder}-imports-down`,
    severity: "error",
    comment: `${root}${folder} may import ${allowed.join(", ") || "no other folder"}.`,
    from: { path: `^${root}${folder}/` },
    to: { path: `^${root}[^/]+/`, pathNot: `^${root}(${[folder, ...allowed].join("|")})/` },
  }));

const known = (root, folders) => ({
  name: `no-unknown-folder-in-${root.split("/")[1]}`,
  severity: "error",
  from: { path: `^${root}[^/]+/`, pathNot: `^${root}(${Object.keys(folders).join("|")})/` },
  to: {},
});

const ESPALIER = "packages/espalier/src/";
const RUNTIME = "packages/runtime/src/";
const STUDIO = "packages/studio/src/";
const only = (name, to, from) => ({
  name,
  severity: "error",
  from: { path: "^packages/[^/]+/src/", pathNot: from },
  to,
});

/** @type {import("dependency-cruiser").IConfiguration} */
export default {
  forbidden: [
    ...layersOf(ESPALIER, below),
    ...layersOf(RUNTIME, inRuntime),
    ...layersOf(STUDIO, inStudio),
    known(ESPALIER, below),
    known(RUNTIME, inRuntime),
    known(STUDIO, inStudio),
    {
      name: "the-runtime-depends-on-nothing",
      severity: "error",
      from: { path: `^${RUNTIME}`, pathNot: `^${RUNTIME}kernels/assembly/` },
      to: { pathNot: `^${RUNTIME}` },
    },
    {
      name: "packages-meet-at-their-exports",
      severity: "error",
      from: { path: `^${ESPALIER}` },
      to: { path: `^${RUNTIME}`, pathNot: `^${RUNTIME}(index|errors|codec/index|loading/worker)\\.ts$` },
    },
    {
      name: "the-studio-uses-what-is-exported",
      severity: "error",
      from: { path: `^${STUDIO}` },
      to: { path: `^(${ESPALIER}|${RUNTIME})`, pathNot: `^(${ESPALIER}|${RUNTIME})index\\.ts$` },
    },
    // Types may refer to each other: an attribute can hold a graph.
    {
      name: "no-cycles",
      severity: "error",
      from: {},
      to: { circular: true, viaOnly: { dependencyTypesNot: ["type-only"] } },
    },
    { name: "all-imports-resolve", severity: "error", from: {}, to: { couldNotResolve: true } },
    // The core runs in browsers too.
    only("node-only-at-the-edges", { dependencyTypes: ["core"] }, `^${ESPALIER}((cli|data|jobs)/|engine/node\\.ts$)`),
    only("one-place-for-onnxruntime-node", { path: "node_modules/onnxruntime-node/" }, `^${ESPALIER}engine/node\\.ts$`),
    only("one-place-for-onnxruntime-web", { path: "node_modules/onnxruntime-web/" }, `^${ESPALIER}engine/web\\.ts$`),
    only("queues-only-for-jobs", { path: "node_modules/(bullmq|ioredis)/" }, `^${ESPALIER}jobs/queue/`),
    only("protobuf-only-for-models", { path: "node_modules/@bufbuild/protobuf/" }, `^${ESPALIER}(onnx|import)/`),
  ],
  options: {
    doNotFollow: { path: "node_modules" },
    exclude: { path: "^packages/[^/]+/dist/" },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: "tsconfig.json" },
    enhancedResolveOptions: { exportsFields: ["exports"], conditionNames: ["import", "node", "default", "types"] },
  },
};
