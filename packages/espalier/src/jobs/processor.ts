import { readFileSync } from "node:fs";
import { cpus } from "node:os";

/** The extensions by which ONNX Runtime chooses among kernels, which add up numbers in different orders. */
const EXTENSIONS: Readonly<Record<string, readonly string[]>> = {
  x64: ["avx", "avx2", "fma", "avx512f", "avx512bw", "avx512_vnni", "avx_vnni", "amx_tile"],
  arm64: ["asimddp", "asimdhp", "i8mm", "bf16", "sve", "sme"],
};

/** What of this machine changes the bytes of results: two machines of one name give the same. */
export function processorName(): string {
  const { platform, arch } = process;
  return [platform, arch, ...(platform === "linux" ? extensionsIn(readInfo(), arch) : [modelName()])].join(" ");
}

/** Those of a processor's extensions that count. @param info what Linux says of processors */
export function extensionsIn(info: string, arch: string): readonly string[] {
  const flags = new Set(/^(?:flags|Features)\s*:(.*)$/m.exec(info)?.[1].trim().split(/\s+/));
  return (EXTENSIONS[arch] ?? []).filter((name) => flags.has(name));
}

function readInfo(): string {
  return readFileSync("/proc/cpuinfo", "utf8");
}

/** Where a system does not say what a processor can do, which it is. */
const modelName = () => cpus()[0]?.model.trim() ?? "unknown";
