import { cpSync, existsSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { tryBundlers } from "./bundlers.ts";
import { inEmptyFolder, ROOT, run } from "./shell.ts";

// `npm run pack:try -- FOLDER` installs the tarballs that `npm run pack -- FOLDER` has left into an empty project, as
// users do, and tries what they bring: types, the library, the command line, the runtime, and bundlers. It asks the npm
// registry for what they depend on.

/** Where nothing answers: the install script of onnxruntime-node then fails, as where only the registry can be reached. */
const NOWHERE = "http://127.0.0.1:9";
const MISSING = /onnxruntime-node is not installed/g;

const folder = resolve(process.argv[2] ?? "packed");
const tarballs = readdirSync(folder)
  .filter((name) => name.endsWith(".tgz"))
  .map((name) => join(folder, name));

await inEmptyFolder((project) => {
  writeFileSync(join(project, "package.json"), JSON.stringify({ private: true, type: "module" }));
  const offline = { GLOBAL_AGENT_HTTP_PROXY: NOWHERE, GLOBAL_AGENT_HTTPS_PROXY: NOWHERE };
  run(project, ["npm", "install", "--no-audit", "--no-fund", ...tarballs], offline);
  console.log("npm install: done");

  compile(project);
  run(project, ["node", "make.js"]);
  runReadme(project);
  tryQueue(project);
  tryEngine(
    project,
    existsSync(join(project, "node_modules/onnxruntime-node")) ? "onnxruntime-node" : "onnxruntime-web",
  );
  run(project, ["npm", "install", "onnxruntime-node"], { ONNXRUNTIME_NODE_INSTALL: "skip" });
  tryEngine(project, "onnxruntime-node");
});

await tryBundlers(tarballs);

/** Compiles the programs of a project in TypeScript, with the types that the packages bring, under both resolutions. */
function compile(project: string): void {
  cpSync(join(import.meta.dirname, "consumer"), project, { recursive: true });
  run(project, [
    "npm",
    "install",
    "--no-audit",
    "--no-fund",
    "--save-dev",
    `@types/node@${versionOf(join(ROOT, "node_modules/@types/node"))}`,
  ]);
  const common = ["--strict", "--target", "es2023", "--lib", "es2023,dom", "--types", "node", "make.ts", "agree.ts"];
  run(project, ["tsc", "--noEmit", "--module", "esnext", "--moduleResolution", "bundler", ...common]);
  run(project, ["tsc", "--module", "nodenext", ...common]);
  console.log("types: under bundler and nodenext");
}

/** Runs the README's ten lines as they are. */
function runReadme(project: string): void {
  const readme = readFileSync(join(ROOT, "README.md"), "utf8");
  const [, code = ""] = /## The library in ten lines[\s\S]*?```js\n([\s\S]*?)```/.exec(readme) ?? [];
  writeFileSync(join(project, "small.js"), code);
  const { stdout } = run(project, ["node", "small.js"]);
  if (!/^small\.esp: \d+ bytes/m.test(stdout)) throw new Error(`The README's ten lines print: ${stdout}`);
  console.log(`the README's ten lines: ${stdout.trim()}`);
}

/** Tries what a worker says where the packages of a queue are not installed, as a plain install leaves them out. */
function tryQueue(project: string): void {
  const words = "npx espalier worker --queue redis://127.0.0.1:9 --store store 2>&1";
  const { stdout } = run(project, ["sh", "-c", `${words}; [ $? = 2 ]`]);
  if (!stdout.includes("npm install bullmq ioredis")) throw new Error(`Without bullmq a worker says: ${stdout}`);
  console.log("a queue: says what to install");
}

/** Tries the command line, and that the runtime agrees with the engine that is there. */
function tryEngine(project: string, expected: string): void {
  const version = run(project, ["npx", "espalier", "--version"]).stdout.trim();
  const packed = versionOf(join(project, "node_modules/espalier"));
  if (version !== packed) throw new Error(`espalier --version prints ${version}, not ${packed}.`);
  const inspected = run(project, ["npx", "espalier", "inspect", "model.onnx", "--json"]);
  const { parameters } = JSON.parse(inspected.stdout);
  if (parameters !== 67) throw new Error(`espalier inspect counts ${parameters} parameters: ${inspected.stdout}`);
  run(project, ["npx", "espalier", "compress", "model.onnx", "--out", "model.esp"]);
  const compacted = run(project, ["npx", "espalier", "compact", "model.onnx", "--out", "compact.onnx"]);
  const agreed = run(project, ["node", "agree.js"]);
  if (agreed.stdout.trim() !== expected) throw new Error(`The engine is ${agreed.stdout.trim()}, not ${expected}.`);
  const sentences = expected === "onnxruntime-web" ? 1 : 0;
  for (const { stderr } of [compacted, agreed]) {
    if ([...stderr.matchAll(MISSING)].length !== sentences) throw new Error(`On ${expected} it says: ${stderr}`);
  }
  console.log(`command line, library, runtime: on ${expected}`);
}

function versionOf(folder: string): string {
  return JSON.parse(readFileSync(join(folder, "package.json"), "utf8")).version;
}
