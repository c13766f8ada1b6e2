import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { type Browser, chromium, type Page } from "playwright-core";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { encode } from "../../packages/espalier/src/coding/encode.ts";
import { decode } from "../../packages/espalier/src/data/images/decode.ts";
import { writeInput } from "../../packages/espalier/src/data/images/network-input.ts";
import { openDeepCompression } from "../../packages/espalier/src/import/caffe/deep-compression.ts";
import { type CaffeImport, importCaffe } from "../../packages/espalier/src/import/caffe/import-caffe.ts";
import { readPrototxt } from "../../packages/espalier/src/import/caffe/net.ts";
import { choosePreprocessing } from "../../packages/espalier/src/library/caffe-preprocessing.ts";
import { writeModel } from "../../packages/espalier/src/onnx/write.ts";
import { barriersIn } from "./accessible.ts";
import { FLAGS, findChromium } from "./browser.ts";
import { type RepositoryServer, serveRepository } from "./serve.ts";

const executablePath = findChromium();
const data = new URL("../../../shared/data/", import.meta.url);
const skipped = executablePath === undefined || !existsSync(data);
if (skipped) {
  const missing = existsSync(data) ? "no Chromium here (Debian: apt-get install chromium)" : "no ../shared";
  console.warn(`The test of the photograph page is skipped: there is ${missing}.`);
}

/** A browser may take so long to start on a busy machine, ms. */
const START = 90_000;
const FOLDER = "/examples/photograph";
/** Photographs that the network names right, by some distance. */
const SPOONBILL = "n02006656_spoonbill.jpg";
const CHAIR = "n02791124_barber_chair.jpg";

const at = (name: string) => fileURLToPath(new URL(name, data));
const photograph = (name: string) => at(`imagenet-sample/${name}`);

/** The authors' SqueezeNet. */
function squeezenet() {
  const file = (name: string) => readFileSync(at(`songhan-squeezenet/${name}`));
  const net = readPrototxt(file("SqueezeNet_deploy.prototxt"), "prototxt");
  return importCaffe(net, openDeepCompression(file("compressed_SqueezeNet.net"), "net"));
}

describe.skipIf(skipped)("the photograph page in Chromium", () => {
  let imported: CaffeImport;
  let esp: Uint8Array;
  let server: RepositoryServer;
  let browser: Browser;
  let page: Page;
  const complaints: string[] = [];

  beforeAll(async () => {
    imported = squeezenet();
    // Quicker to write than what `espalier compress` makes.
    esp = encode(imported.model, { mode: "huffman" });
    const files = {
      [`${FOLDER}/squeezenet.esp`]: esp,
      [`${FOLDER}/synsets.txt`]: readFileSync(at("synsets.txt")),
    };
    server = await serveRepository({ files });
    browser = await chromium.launch({ executablePath, args: FLAGS });
    page = await browser.newPage();
    page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
    page.on("pageerror", ({ message }) => complaints.push(message));
    await page.goto(`${server.address}${FOLDER}/`);
  }, START);

  afterAll(async () => {
    await browser?.close();
    server?.close();
  });

  const text = async (id: string) => (await page.locator(`#${id}`).textContent()) ?? "";

  /** Waits for the names of what is in the photograph, the likeliest first, with their probabilities. */
  const named = async () => {
    await expect.poll(() => page.locator("#names > li").count(), { timeout: 60_000 }).toBe(5);
    const names = await page.locator("#names span").allTextContents();
    const shares = await page.$$eval("#names data", (found) =>
      found.map((share) => Number(share.getAttribute("value"))),
    );
    return { names, shares };
  };
  const timed = (engine: string) =>
    expect.poll(() => text(`${engine}-run`), { timeout: 60_000 }).toMatch(/^[\d,]+ ms$/);

  it("names what is in a photograph, from the sparse form and then through ONNX Runtime", async () => {
    await page.setInputFiles("#file", photograph(SPOONBILL));
    const sparse = await named();
    expect(sparse.names[0]).toBe("spoonbill");
    await timed("sparse");
    expect(await text("dense-run")).toBe("");

    await page.check("#dense");
    const dense = await named();
    await timed("dense");
    expect(dense.names).toEqual(sparse.names);
    for (const [k, share] of dense.shares.entries()) expect(Math.abs(share - sparse.shares[k])).toBeLessThan(1e-4);
    expect(dense.shares[0]).toBeGreaterThan(0.9);
    expect(dense.shares).toEqual(dense.shares.toSorted((a, b) => b - a));
    expect(await text("sparse-run")).toMatch(/ ms$/);
    expect(complaints).toEqual([]);
  });

  it("tells how much came over the wire", async () => {
    const kilobytes = async (id: string) => Number((await text(id)).replace(/,| kB$/g, ""));
    expect(await kilobytes("sparse-network")).toBe(Math.round(esp.length / 1000));
    expect(await kilobytes("dense-network")).toBe(Math.round(writeModel(imported.model).length / 1000));
    expect(await kilobytes("sparse-engine")).toBeLessThan(450);
    expect(await kilobytes("dense-engine")).toBeGreaterThan(10_000);
  });

  it("makes the input of a photograph that the command line makes", async () => {
    const chosen = choosePreprocessing(imported.model.inputs[0], imported.transform, {});
    if (!chosen) throw new Error("The network takes no photographs.");
    const expected = new Float32Array(3 * 227 * 227);
    writeInput(await decode(photograph(CHAIR), chosen.preprocessing), chosen.preprocessing, expected);
    const base64 = readFileSync(photograph(CHAIR)).toString("base64");
    const input = await page.evaluate<number[]>(`(async () => {
      const { asInput } = await import("./input.js");
      const file = await (await fetch("data:image/jpeg;base64,${base64}")).blob();
      return Array.from(asInput(await createImageBitmap(file)));
    })()`);
    const differences = input.map((value, i) => Math.abs(value - expected[i]));
    expect(input).toHaveLength(expected.length);
    // Two decoders of JPEG round in their own ways.
    expect(differences.reduce((a, b) => Math.max(a, b))).toBeLessThanOrEqual(4);
    expect(differences.reduce((a, b) => a + b) / input.length).toBeLessThan(0.2);
  });

  it("takes photographs that are dropped, its own pictures, and no other files", async () => {
    const drop = (bytes: Uint8Array, type: string) => {
      const base64 = Buffer.from(bytes).toString("base64");
      return page.evaluate(`{
        const dataTransfer = new DataTransfer();
        const bytes = Uint8Array.from(atob("${base64}"), (c) => c.charCodeAt(0));
        dataTransfer.items.add(new File([bytes], "dropped", { type: "${type}" }));
        document.body.dispatchEvent(new DragEvent("drop", { bubbles: true, cancelable: true, dataTransfer }));
      }`);
    };
    const first = () => expect.poll(() => page.locator("#names span").first().textContent(), { timeout: 60_000 });
    await page.check("#sparse");
    await drop(readFileSync(photograph(CHAIR)), "image/jpeg");
    await first().toBe("barber chair");
    await drop(Uint8Array.of(1, 2, 3), "image/jpeg");
    await expect.poll(() => text("message")).toBe("dropped is not a photograph that this browser can read.");
    for (const [i, name] of ["Granny Smith", "balloon", "coffee mug", "traffic light"].entries()) {
      await page.locator("#samples > button").nth(i).click();
      await first().toBe(name);
    }
    expect(await text("message")).toBe("");
    expect(complaints).toEqual([]);
  });

  it("can be perceived and reached", async () => {
    expect(await barriersIn(page)).toEqual([]);
  });

  it.each([400, 1280])("fits into a window of %i pixels", async (width) => {
    await page.setViewportSize({ width, height: 800 });
    expect(await page.evaluate("document.documentElement.scrollWidth")).toBe(width);
  });
});
