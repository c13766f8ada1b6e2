import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";

interface Lockfile {
  readonly packages: Readonly<Record<string, { readonly resolved?: string; readonly hasInstallScript?: boolean }>>;
}

const { packages }: Lockfile = JSON.parse(readFileSync(new URL("../../package-lock.json", import.meta.url), "utf8"));

describe("package-lock.json", () => {
  // npm reads here which packages have scripts. The one of onnxruntime-node fetches CUDA files from beyond the registry:
  // where they cannot be reached it fails, and npm leaves an optional dependency that fails out without a word. npm 11
  // would be kept from it by `allowScripts` in package.json, npm 10 has no other way that is specific to a package.
  it("does not run the install script of onnxruntime-node: remove its hasInstallScript", () => {
    expect(packages["node_modules/onnxruntime-node"]).toBeDefined();
    expect(packages["node_modules/onnxruntime-node"]).not.toHaveProperty("hasInstallScript");
  });

  // Its packages bring what it would compile.
  it("does not run the install script of msgpackr-extract: remove its hasInstallScript", () => {
    expect(packages["node_modules/msgpackr-extract"]).toBeDefined();
    expect(packages["node_modules/msgpackr-extract"]).not.toHaveProperty("hasInstallScript");
  });

  it("names no registry: install with `npm i --omit-lockfile-registry-resolved`", () => {
    const addresses = Object.values(packages).flatMap(({ resolved }) => resolved ?? []);
    expect(addresses.filter((address) => !address.startsWith("packages/"))).toEqual([]);
  });
});
