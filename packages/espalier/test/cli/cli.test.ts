import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { parseHTML } from "linkedom";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { int } from "../../src/onnx/attributes.ts";
import { dense, flatten, relu } from "../../src/onnx/build/layers.ts";
import { sequential } from "../../src/onnx/build/sequential.ts";
import { GraphBuilder } from "../../src/onnx/builder.ts";
import { emptyModel } from "../../src/onnx/graph.ts";
import { readModel } from "../../src/onnx/read.ts";
import { isFloat32 } from "../../src/onnx/tensor.ts";
import { writeModel } from "../../src/onnx/write.ts";
import { blobNet, normNet } from "../blobs.ts";
import { espalier } from "./espalier.ts";
import { inOwnProcess } from "./own-process.ts";

const folder = mkdtempSync(join(tmpdir(), "espalier-cli-"));
const at = (name: string) => join(folder, name);
const blobs = at("blobs.ts");

beforeAll(() => {
  // A dataset that, when asked to, presses Ctrl-C after so many batches.
  const source = new URL("../blobs.ts", import.meta.url).pathname;
  writeFileSync(
    blobs,
    `import { blobs } from ${JSON.stringify(source)};
     const data = blobs();
     const { read } = data.train;
     let batches = 0;
     data.train = { ...data.train, read(...given) {
       if (++batches === Number(process.env.ESPALIER_TEST_STOP)) process.kill(process.pid, "SIGINT");
       read(...given);
     } };
     export default () => { batches = 0; return data; };`,
  );
  writeFileSync(at("package.json"), '{ "type": "module" }');
  writeFileSync(at("net.onnx"), writeModel(blobNet()));
  writeFileSync(at("norm.onnx"), writeModel(normNet()));
  const other = sequential([flatten(), dense(5), relu(), dense(4)], { name: "other", input: [1, 4, 4], seed: 1 });
  const weight = other.initializers.get("fc1.weight");
  if (isFloat32(weight)) weight.data.fill(0, 0, 20);
  writeFileSync(at("other.onnx"), writeModel(other));
  writeFileSync(
    at("one-class.ts"),
    `import { blobs } from ${JSON.stringify(source)};
     const data = blobs();
     const { read } = data.train;
     data.train = { ...data.train, read(...given) { read(...given); given[1].label?.fill(2); } };
     export default data;`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

const training = ["--data", blobs, "--epochs", "3", "--batch", "20", "--optimizer", "adam", "--learning-rate", "0.01"];

describe("the commands", () => {
  it("train, eval, inspect and prune follow one another", async () => {
    const trained = await espalier("train", at("net.onnx"), ...training, "--out", at("dense.onnx"), "--json");
    expect(trained.status).toBe(0);
    const training1 = JSON.parse(trained.stdout);
    expect(training1).toMatchObject({ parameters: 256, epochs: 3, file: at("dense.onnx") });
    expect(trained.stderr).toMatch(/train 3\/3: loss [\d.]+, validation error [\d.]+%, [\d,]+ samples\/s, \d+ s left/);
    expect(existsSync(at("dense.onnx.checkpoint"))).toBe(false);

    const evaluated = JSON.parse((await espalier("eval", at("dense.onnx"), "--data", blobs, "--json")).stdout);
    expect(Object.keys(evaluated)).toEqual(["samples", "top1", "top5", "error", "loss", "measure"]);
    expect(evaluated).toMatchObject({ samples: 100, error: training1.testError });
    expect((await espalier("eval", at("dense.onnx"), "--data", blobs)).stdout).toContain("100 samples: error");

    const out = at("pruned");
    const pruned = await espalier(
      "prune",
      at("dense.onnx"),
      ...training,
      "--rate",
      "4",
      "--rounds",
      "2",
      "--out",
      out,
      "--json",
    );
    expect(pruned.status).toBe(0);
    const summary = JSON.parse(pruned.stdout);
    expect(summary).toMatchObject({ network: "dense", parameters: 256, baseline: { testError: training1.testError } });
    expect(summary.compressionRate).toBeGreaterThanOrEqual(4);
    expect(readdirSync(out).sort()).toEqual(["pruned.esp", "pruned.onnx", "report.html"]);
    expect(readFileSync(summary.files.report, "utf8")).toContain("dense on blobs");
    const checked = JSON.parse((await espalier("eval", summary.files.onnx, "--data", blobs, "--json")).stdout);
    expect(checked.error).toBe(summary.pruned.testError);

    const inspected = JSON.parse((await espalier("inspect", summary.files.onnx, "--json")).stdout);
    expect(inspected).toMatchObject({
      parameters: 256,
      nonzero: summary.nonzero,
      bytes: readFileSync(summary.files.onnx).length,
    });
    expect(inspected.layers.map(({ name }: { name: string }) => name)).toEqual(["fc1", "fc2"]);
    const table = (await espalier("inspect", summary.files.onnx, "--data", blobs)).stdout;
    expect(table).toMatch(/layer.*weights.*MACs.*act\. non-zero.*kept/);

    const compact = await espalier("compact", summary.files.onnx, "--out", at("compact.onnx"), "--json");
    expect(JSON.parse(compact.stdout)).toMatchObject({ file: at("compact.onnx"), bytesBefore: inspected.bytes });
    expect(JSON.parse(compact.stdout).difference).toBeLessThan(1e-5);
    const small = JSON.parse((await espalier("eval", at("compact.onnx"), "--data", blobs, "--json")).stdout);
    expect(small.error).toBe(summary.pruned.testError);
  });

  it("train BatchNormalization by the batch's statistics, or frozen", async () => {
    const meanOf = (file: string) => readModel(readFileSync(file), file).initializers.get("norm1.mean")?.data;
    const before = meanOf(at("norm.onnx"));
    const once = [...training.slice(0, 2), "--epochs", "1", "--batch", "20"];
    for (const how of ["batch", "frozen"]) {
      const out = at(`norm-${how}`);
      const trained = await espalier(
        "train",
        at("norm.onnx"),
        ...once,
        "--batch-norm",
        how,
        "--out",
        `${out}.onnx`,
        "--json",
      );
      expect(trained.status).toBe(0);
      const result = JSON.parse(trained.stdout);
      expect(result.parameters).toBe(886);
      const { error } = JSON.parse((await espalier("eval", `${out}.onnx`, "--data", blobs, "--json")).stdout);
      expect(error).toBe(result.testError);
      expect(JSON.parse((await espalier("inspect", `${out}.onnx`, "--json")).stdout).parameters).toBe(886);
      const pruning = ["--density", "fc1=0.5", "--rounds", "1", "--batch-norm", how, "--out", out];
      expect((await espalier("prune", `${out}.onnx`, ...once, ...pruning)).status).toBe(0);
      const [dense, pruned] = [meanOf(`${out}.onnx`), meanOf(join(out, "pruned.onnx"))];
      if (how === "frozen") expect([dense, pruned]).toEqual([before, before]);
      else {
        expect(dense).not.toEqual(before);
        expect(pruned).not.toEqual(dense);
      }
    }
    const wrong = await espalier("train", at("norm.onnx"), ...once, "--batch-norm", "none", "--out", at("no.onnx"));
    expect(wrong.status).toBe(2);
    expect(wrong.stderr).toContain("batch, frozen");
  });

  it("prune by density and quality, leaving frozen layers alone", async () => {
    const args = ["prune", at("net.onnx"), ...training, "--rounds", "1", "--json"];
    const before = readModel(readFileSync(at("net.onnx")));
    const dense = JSON.parse(
      (await espalier(...args, "--density", "fc1=0.5", "--freeze", "fc2", "--out", at("a"))).stdout,
    );
    expect(dense.layers.map(({ density }: { density: number }) => density)).toEqual([0.5, 1]);
    const after = readModel(readFileSync(dense.files.onnx));
    expect(after.initializers.get("fc2.weight")?.data).toEqual(before.initializers.get("fc2.weight")?.data);
    expect(after.initializers.get("fc1.bias")?.data).not.toEqual(before.initializers.get("fc1.bias")?.data);
    const quality = JSON.parse((await espalier(...args, "--quality", "fc*=1", "--out", at("b"))).stdout);
    for (const { density } of quality.layers) expect(density).toBeLessThan(0.6);
  });

  it("search for a small network, with the best so far on disk, and go on after Ctrl-C", async () => {
    const dense = at("searched.onnx");
    await espalier("train", at("net.onnx"), ...training, "--epochs", "8", "--out", dense);
    const command = ["prune", dense, ...training, "--input-dropout", "0.1", "--max-loss", "3", "--json", "--out"];
    const whole = await espalier(...command, at("search"));
    expect(whole.status).toBe(0);
    expect(whole.stderr).toMatch(/round 2: [\d.]+x, validation error [\d.]+% in epoch \d/);
    const summary = JSON.parse(whole.stdout);
    expect(summary.compressionRate).toBeGreaterThan(2);
    expect(summary.pruned.validationError).toBeLessThanOrEqual(summary.baseline.validationError + 3);
    expect(readFileSync(summary.files.report, "utf8")).toContain("Size against accuracy");
    const out = at("search-stopped");
    const stopped = await inOwnProcess([...command, out], { env: { ESPALIER_TEST_STOP: "100" } });
    expect(stopped.status).toBe(130);
    expect(readdirSync(out).sort()).toEqual(["checkpoint.onnx", "pruned.onnx"]);
    // Round 1 is done, so what is on disk is smaller than what came in.
    const best = JSON.parse((await espalier("inspect", join(out, "pruned.onnx"), "--json")).stdout);
    expect(best.nonzero).toBeLessThan(best.parameters);
    const resumed = JSON.parse((await espalier(...command, out, "--resume")).stdout);
    expect(readFileSync(resumed.files.onnx)).toEqual(readFileSync(summary.files.onnx));
  });

  it("cut what is zero in another file, gradually or in turn", async () => {
    const args = ["prune", at("net.onnx"), ...training, "--json", "--out"];
    const gradual = JSON.parse(
      (await espalier(...args, at("gradual"), "--splicing", "--rounds", "1", "--density", "fc1=0.25")).stdout,
    );
    expect(gradual.layers[0].density).toBe(0.25);
    const same = JSON.parse((await espalier(...args, at("same"), "--mask-of", gradual.files.onnx)).stdout);
    expect(same.nonzero).toBe(gradual.nonzero);
    const turns = await espalier(
      ...args,
      at("turns"),
      "--in-turn",
      "fc1",
      "fc2",
      "--density",
      "fc*=0.5",
      "--rounds",
      "1",
    );
    expect(turns.stderr).toMatch(/prune, fc1: .*\n(.*\n)*prune, fc2: /);
    expect(JSON.parse(turns.stdout).nonzero).toBe(96 + 24 + 16);
  });

  it("stop at Ctrl-C and resume to the same bytes", async () => {
    const command = ["train", at("net.onnx"), ...training, "--out"];
    await espalier(...command, at("whole.onnx"));
    for (const stop of ["25", "55"]) {
      const out = at(`stopped-${stop}.onnx`);
      const stopped = await inOwnProcess([...command, out], { env: { ESPALIER_TEST_STOP: stop } });
      expect(stopped.status).toBe(130);
      expect(stopped.stderr).toMatch(/\.onnx\.checkpoint: continue with the same command and --resume/);
      expect(existsSync(out)).toBe(false);
      const other = await espalier(...command, out, "--resume", "--seed", "9");
      expect([other.status, other.stdout]).toEqual([2, ""]);
      expect(other.stderr).toMatch(/belongs to a run with other options/);
      expect((await espalier(...command, out, "--resume")).status).toBe(0);
      expect(readFileSync(out)).toEqual(readFileSync(at("whole.onnx")));
    }
  });

  it("scan each layer, and go on with a scan that was interrupted", async () => {
    const out = at("scan");
    const command = ["scan", at("net.onnx"), "--data", blobs, "--out", out, "--densities", "1,0.5,0.1", "--json"];
    const whole = JSON.parse((await espalier(...command, "--retrain", "1")).stdout);
    expect(readdirSync(out).sort()).toEqual(["scan.html", "scan.json"]);
    expect(whole.layers.map(({ name }: { name: string }) => name)).toEqual(["fc1", "fc2"]);
    expect(whole.layers[0].points.map(({ density }: { density: number }) => density)).toEqual([1, 0.5, 0.1]);
    expect(readFileSync(whole.files.report, "utf8")).toContain("After a short retraining");
    const stopped = await inOwnProcess([...command, "--retrain", "1"], { env: { ESPALIER_TEST_STOP: "8" } });
    expect(stopped.status).toBe(130);
    const forgotten = await espalier(...command, "--retrain", "1");
    expect([forgotten.status, forgotten.stderr]).toEqual([2, expect.stringMatching(/continue it with --resume/)]);
    const resumed = JSON.parse((await espalier(...command, "--retrain", "1", "--resume")).stdout);
    expect(resumed.layers).toEqual(whole.layers);
    const table = await espalier(...command.slice(0, -1), "--layers", "fc2");
    expect(table.stdout).toMatch(/error at.*100\.0%.*50\.0%.*10\.0%/);
    expect(table.stdout).not.toContain("fc1");
  });

  it("explain themselves, with examples", async () => {
    for (const command of ["demo", "train", "eval", "inspect", "scan", "prune", "compact", "reproduce"]) {
      const help = await espalier(command, "--help");
      expect(help.status).toBe(0);
      expect(help.stdout).toContain(`Examples:\n  espalier ${command}`);
    }
  });
});

describe("the program", () => {
  it("tells its version", async () => {
    const about = JSON.parse(readFileSync(new URL("../../package.json", import.meta.url), "utf8"));
    expect(await espalier("--version")).toMatchObject({ status: 0, stdout: `${about.version}\n` });
  });

  it("explains a command, and what is within one", async () => {
    expect(await espalier("help", "scan")).toEqual(await espalier("scan", "--help"));
    expect((await espalier("help", "import", "caffe")).stdout).toContain("--prototxt <file>");
    expect((await espalier("help")).stdout).toContain("reproduce");
  });

  it("shows the options of the data at hand alone", async () => {
    const shown = async (...data: string[]) => (await espalier("train", "lenet-5", ...data, "--help")).stdout;
    const all = await shown();
    for (const option of ["Photographs (images:DIR)", "--crop", "--window", "--parts"]) expect(all).toContain(option);
    const digits = await shown("--data", "mnist");
    for (const option of ["--crop", "--window", "--parts"]) expect(digits).not.toContain(option);
    const text = await shown("--data", "text:book.txt");
    for (const option of ["--window", "--parts"]) expect(text).toContain(option);
    expect(text).not.toContain("--crop");
    expect(digits).toMatch(/Training:[\s\S]*--clip-norm/);
  });

  it("shows in a report the command that was given, each word as it was", async () => {
    const out = at("as it was given");
    const given = ["--density", "fc1=0.5,fc*=0.75", "--epochs", "1", "--rounds", "1", "--freeze", "fc2", "--l2", "0.0"];
    const also = ["--clip-norm=1.5", "--threads", "1", "--batch", "20", "--criterion", "taylor", "--nesterov"];
    const args = ["prune", ...given, at("net.onnx"), "--data", blobs, ...also, "--out", out, "--json"];
    expect((await espalier(...args)).status).toBe(0);
    const { document } = parseHTML(readFileSync(join(out, "report.html"), "utf8"));
    const shown = document.querySelector("code")?.textContent;
    const quoted = new Map([
      [out, `'${out}'`],
      ["fc1=0.5,fc*=0.75", "'fc1=0.5,fc*=0.75'"],
    ]);
    expect(shown).toBe(["espalier", ...args.map((word) => quoted.get(word) ?? word)].join(" "));
  });
});

describe("a mistake ends with status 2 and one sentence", () => {
  const data = ["--data", blobs];
  const out = ["--out", at("out")];

  it.each<[string, string[], RegExp]>([
    ["an unknown command", ["frobnicate"], /unknown command 'frobnicate'/],
    ["an unknown option", ["demo", "--fast"], /unknown option '--fast'/],
    ["a misspelled command", ["prnue"], /\(Did you mean prune\?\)/],
    ["a misspelled option", ["eval", at("net.onnx"), "--dta", "mnist"], /'--dta' \(Did you mean --data\?\)/],
    ["help for no command", ["help", "scna"], /no command "scna": choose one of .* \(did you mean scan\?\)/],
    [
      "a misspelled criterion",
      ["prune", at("net.onnx"), ...data, ...out, "--rate", "2", "--criterion", "tailor"],
      /'tailor' is invalid\. Choose one of .* \(did you mean taylor\?\)/,
    ],
    ["a misspelled network", ["train", "lenet5", ...data, ...out], /\(did you mean lenet-5\?\)/],
    ["a misspelled experiment", ["reproduce", "tabel1", ...out], /\(did you mean table1\?\)/],
    ["a misspelled SPEC", ["eval", at("net.onnx"), "--data", "mnsit"], /not in a known form.*\(did you mean mnist\?\)/],
    ["photographs of nothing", ["inspect", at("net.onnx"), "--crop", "8"], /--crop is about photographs: give --data/],
    [
      "training without labels",
      ["prune", at("net.onnx"), ...data, ...out, "--unlabeled", "--rate", "2", "--resume", "--splicing"],
      /trains nothing .*: leave out --splicing and --resume/,
    ],
    ["a missing option", ["eval", at("net.onnx")], /--data <spec>' not specified/],
    ["a missing model beside a misspelled option", ["eval", "--dta", "mnist"], /'--dta' \(Did you mean --data\?\)/],
    ["a missing file", ["inspect", at("nothing.onnx")], /Cannot read .*nothing\.onnx: there is no such file/],
    ["a folder for a file", ["inspect", folder], /it is a folder/],
    [
      "an unknown network",
      ["train", "lenet-6", ...data, ...out],
      /no network "lenet-6": choose one of lenet-300-100, lenet-5/,
    ],
    ["unknown data", ["eval", at("net.onnx"), "--data", "cifar"], /not in a known form/],
    ["data of another shape", ["eval", at("net.onnx"), "--data", "mnist"], /samples of MNIST are \[1,28,28\]/],
    ["a density of 1.5", ["prune", at("net.onnx"), ...data, ...out, "--density", "fc1=1.5"], /density 1\.5 of "fc1"/],
    ["a density that is not a number", ["prune", at("net.onnx"), ...data, ...out, "--density", "fc1"], /LAYER=NUMBER/],
    [
      "an unknown layer",
      ["prune", at("net.onnx"), ...data, ...out, "--density", "fc7=0.5"],
      /No layer is called "fc7"/,
    ],
    [
      "an unknown layer to freeze",
      ["prune", at("net.onnx"), ...data, ...out, "--rate", "2", "--freeze", "x*"],
      /No layer is called "x\*"/,
    ],
    [
      "nothing left to train",
      ["prune", at("net.onnx"), ...data, ...out, "--rate", "2", "--freeze", "*"],
      /Every layer is frozen/,
    ],
    [
      "a list that is given twice",
      ["prune", at("net.onnx"), ...data, ...out, "--density", "fc1=0.5", "--density", "fc2=0.5"],
      /--density .*given twice: write one list/,
    ],
    ["no target", ["prune", at("net.onnx"), ...data, ...out], /give --max-loss, --rate \(or both\)/],
    [
      "a search that is told how to go",
      ["prune", at("net.onnx"), ...data, ...out, "--max-loss", "1", "--in-turn", "fc1"],
      /searches by itself: leave out --in-turn\./,
    ],
    [
      "masks of another network",
      ["prune", at("net.onnx"), ...data, ...out, "--mask-of", at("other.onnx")],
      /masks are those of another network: "fc1\.weight" is \[5,16\] there and is \[12,16\] here/,
    ],
    [
      "masks with more to say",
      ["prune", at("net.onnx"), ...data, ...out, "--mask-of", at("other.onnx"), "--rounds", "2"],
      /leave out --rounds/,
    ],
    [
      "samples of one class",
      ["train", at("net.onnx"), "--data", at("one-class.ts"), "--out", at("never.onnx")],
      /All 400 training samples of blobs are of class 2: nothing can be learned/,
    ],
    ["an unknown experiment", ["reproduce", "fig9", ...out], /no experiment "fig9": choose one of table1, table3/],
    [
      "two targets",
      ["prune", at("net.onnx"), ...data, ...out, "--rate", "2", "--quality", "fc1=1"],
      /give --max-loss, --rate \(or both\)/,
    ],
    [
      "a rate that no pruning reaches",
      ["prune", at("net.onnx"), ...data, ...out, "--rate", "1000"],
      /cannot be reached/,
    ],
    ["a folder that is a file", ["demo", "--out", at("net.onnx")], /Cannot write into .*net\.onnx/],
    ["a folder that cannot be written", ["demo", "--out", "/proc/espalier"], /Cannot write into \/proc\/espalier/],
    [
      "nothing to resume",
      ["train", at("net.onnx"), ...data, "--out", at("never.onnx"), "--resume"],
      /no checkpoint .*never\.onnx\.checkpoint/,
    ],
    [
      "a density of 0 to scan",
      ["scan", at("net.onnx"), ...data, ...out, "--densities", "0.5,0"],
      /density is a number/,
    ],
    ["no scan to resume", ["scan", at("net.onnx"), ...data, ...out, "--resume"], /no .*scan\.partial\.json to resume/],
    ["an unknown device", ["inspect", at("net.onnx"), "--device", "abacus"], /'abacus' is invalid/],
    ["a device that is not there", ["inspect", at("net.onnx"), "--device", "coreml"], /no device "coreml"/],
    ["no epochs", ["train", at("net.onnx"), ...data, ...out, "--epochs", "0"], /number of epochs is a number from 1/],
    [
      "a batch of half a sample",
      ["train", at("net.onnx"), ...data, ...out, "--batch", "1.5"],
      /batch size is a whole number/,
    ],
  ])("%s", async (_, args, message) => {
    const { status, stdout, stderr } = await espalier(...args);
    expect(stderr).toMatch(message);
    expect(status).toBe(2);
    expect(stdout).toBe("");
    expect(stderr.trim().split("\n")).toHaveLength(1);
    expect(stderr).not.toMatch(/\n\s+at /);
  });

  it("a model that is none", async () => {
    writeFileSync(at("text.onnx"), "hello");
    writeFileSync(at("cut.onnx"), readFileSync(at("net.onnx")).subarray(0, 900));
    for (const name of ["text.onnx", "cut.onnx"]) {
      const { status, stderr } = await espalier("eval", at(name), ...data);
      expect([status, stderr.trim().split("\n").length]).toEqual([2, 1]);
      expect(stderr).toContain(name);
    }
  });

  it("a model that cannot be run", async () => {
    const model = emptyModel("odd-net");
    model.inputs.push({ name: "x", dtype: "float32", shape: ["batch", 4] });
    const graph = new GraphBuilder(model);
    graph.emit("Gather", ["x", graph.ints([99])], { axis: int(1) }, "y");
    model.outputs.push({ name: "y" });
    writeFileSync(at("odd.onnx"), writeModel(model));
    const { status, stderr } = await inOwnProcess(["inspect", at("odd.onnx")]);
    expect(stderr).toMatch(/espalier: The model "odd-net" cannot be run \(.*indices.*\): export it again\./);
    expect([status, stderr.trim().split("\n").length]).toEqual([2, 1]);
  });

  it("a disk that takes no more leaves nothing half-written", async () => {
    // The shell's limit on the size of files stands for a full disk: writing begins and then fails.
    const args = ["train", at("net.onnx"), ...training, "--out", at("full/dense.onnx")];
    const { status, stderr } = await inOwnProcess(args, {
      env: { TSX_DISABLE_CACHE: "1" },
      by: ["sh", "-c", `trap "" XFSZ; ulimit -f 1; exec "$0" "$@"`],
    });
    expect(stderr).toMatch(/espalier: Cannot write .*dense\.onnx\.checkpoint: the file would be larger than/);
    expect(status).toBe(2);
    expect(readdirSync(at("full"))).toEqual([]);
  });
});
