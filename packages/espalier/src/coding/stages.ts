import { LONGEST_CODEBOOK } from "espalier-runtime/codec";
import { UserError } from "../errors.ts";
import type { FloatTensor } from "../onnx/tensor.ts";
import { chooseGaps, gapsOf, type Priced, type Pricing } from "./gaps.ts";
import { huffmanCodes } from "./static-encoder.ts";

/** What a stage of Deep Compression leaves of a tensor. */
export interface Stage {
  /** Weights that are not zero, and fillers between them. */
  readonly entries: number;
  /** Bits of an entry's value and of its relative index; means where codes differ in length. */
  readonly valueBits: number;
  readonly indexBits: number;
  /** All entries, and the codebook at 32 bits a value. */
  readonly bytes: number;
}

/** A tensor after each stage of Deep Compression. */
export interface Stages {
  readonly weights: number;
  readonly kept: number;
  /** Weights at 32 bits, behind relative indices of one length. */
  readonly pruned: Stage;
  /** Codes of one length, behind relative indices of one length. */
  readonly shared: Stage;
  /** Huffman codes of both; the bytes leave out the tables of the codes. */
  readonly coded: Stage;
}

const WORD = 32;

/** As many bits for every symbol that there can be. */
const fixedLength: Pricing<Priced> = {
  tableOf: (counts) => ({ bits: sum(counts) * Math.ceil(Math.log2(counts.length)) }),
  headOf: () => 0,
  gapBits: 8,
};

/**
 * Counts the bits of a tensor after each stage of Deep Compression (Han et al., arXiv 1510.00149, tables 2 and 3). The
 * length of the relative indices is the one that takes least at each stage.
 * @param tensor of shared weights, cut ones zero
 * @throws UserError for more values than a codebook holds
 */
export function stagesOf({ data }: FloatTensor): Stages {
  const words = new Uint32Array(data.slice().buffer);
  const counts = new Map<number, number>();
  for (const word of words) if (word !== 0) counts.set(word, (counts.get(word) ?? 0) + 1);
  if (counts.size > LONGEST_CODEBOOK)
    throw new UserError(
      `A tensor has ${counts.size} different values, and a codebook ${LONGEST_CODEBOOK}: share them first.`,
    );
  const kept = sum([...counts.values()]);
  const sparse = kept < words.length;
  const gaps = sparse ? gapsOf(words) : undefined;
  // Fillers are zeros, which need a code of their own.
  const values = Float64Array.from([...(sparse ? [0] : []), ...counts.values()]);

  /** @param raw bits of an entry beside its code */
  const stage = (values: Float64Array, raw: number, pricing: Pricing<Priced>): Stage => {
    const chosen = gaps && chooseGaps(gaps, values, raw, pricing);
    const all = values.slice();
    if (chosen) all[0] += chosen.fillers;
    const entries = kept + (chosen?.fillers ?? 0);
    const valueBits = pricing.tableOf(all).bits + raw * entries;
    const indexBits = chosen?.table.bits ?? 0;
    const codebook = raw > 0 ? 0 : WORD * counts.size;
    const each = Math.max(1, entries);
    return {
      entries,
      valueBits: valueBits / each,
      indexBits: indexBits / each,
      bytes: (valueBits + indexBits + codebook) / 8,
    };
  };
  return {
    weights: words.length,
    kept,
    pruned: stage(Float64Array.of(kept), WORD, fixedLength),
    shared: stage(values, 0, fixedLength),
    coded: stage(values, 0, huffmanCodes),
  };
}

function sum(numbers: Iterable<number>): number {
  let total = 0;
  for (const number of numbers) total += number;
  return total;
}
