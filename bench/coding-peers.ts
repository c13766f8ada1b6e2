import { spawnSync } from "node:child_process";
import { rmSync, statSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";

/** A compressor that everyone has, at its strongest: the bytes that it makes of a file; undefined where it is absent. */
export interface Peer {
  readonly name: string;
  compress(file: Uint8Array): Promise<number | undefined>;
}

const { BROTLI_PARAM_QUALITY, BROTLI_PARAM_LGWIN, BROTLI_PARAM_SIZE_HINT } = constants;

export const peers: readonly Peer[] = [
  { name: "gzip -9", compress: async (file) => (await promisify(gzip)(file, { level: 9 })).length },
  {
    name: "brotli -q 11",
    compress: async (file) => {
      const params = { [BROTLI_PARAM_QUALITY]: 11, [BROTLI_PARAM_LGWIN]: 24, [BROTLI_PARAM_SIZE_HINT]: file.length };
      return (await promisify(brotliCompress)(file, { params })).length;
    },
  },
  { name: "zstd -19", compress: async (file) => zstd(file) },
];

/** By the command, since Node 20 does not have it. */
function zstd(file: Uint8Array): number | undefined {
  const path = join(tmpdir(), `espalier-zstd-${process.pid}`);
  try {
    writeFileSync(path, file);
    const { error, status } = spawnSync("zstd", ["-19", "-q", "-f", path, "-o", `${path}.zst`]);
    if (error || status !== 0) {
      process.stderr.write("zstd is skipped: its command does not run here (Debian: apt-get install zstd).\n");
      return undefined;
    }
    return statSync(`${path}.zst`).size;
  } finally {
    rmSync(path, { force: true });
    rmSync(`${path}.zst`, { force: true });
  }
}
