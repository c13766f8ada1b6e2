import { gelu, positions, selfAttention, tokenDense } from "../onnx/build/attention.ts";
import { chain, residual, scope } from "../onnx/build/branches.ts";
import { glorot } from "../onnx/build/initializers.ts";
import { dropout, type LayerBuilder } from "../onnx/build/layers.ts";
import { layerNorm } from "../onnx/build/normalization.ts";
import { embedding } from "../onnx/build/recurrent.ts";
import { sequential } from "../onnx/build/sequential.ts";
import type { Model } from "../onnx/graph.ts";
import type { NetworkOptions } from "./network.ts";

const DEPTH = 4;
const HEADS = 4;
/** Numbers of a token that a head sees. */
const HEAD = 32;
const DROPOUT = 0.1;
const WINDOW = 64;

/**
 * A small GPT (Radford et al., "Improving Language Understanding by Generative Pre-Training", 2018; normalized before each
 * part, as GPT-2 is): tokens int64 [batch, window] -> scores of the token that follows each, logits [batch, window, classes].
 *
 * Four blocks of width 128 with four heads, of which none hears a token behind; for 65 tokens in windows of 64 817,985
 * parameters. A token's place is a learned vector, so that a network reads windows of the length that it is built for.
 */
export function gpt({ seed, classes = 65, input = [WINDOW], width = 1, initializer = glorot }: NetworkOptions): Model {
  const size = HEADS * Math.max(1, Math.round(HEAD * width));
  const block = (name: string): LayerBuilder =>
    scope(
      name,
      residual(
        chain(
          layerNorm({ name: "norm1" }),
          selfAttention(HEADS, { name: "attention", causal: true }),
          dropout(DROPOUT),
        ),
      ),
      residual(chain(layerNorm({ name: "norm2" }), tokenDense(4 * size), gelu(), tokenDense(size), dropout(DROPOUT))),
    );
  const layers = [
    chain(embedding(classes, size), positions(), dropout(DROPOUT)),
    ...Array.from({ length: DEPTH }, (_, i) => block(`block${i + 1}`)),
    chain(layerNorm({ name: "norm" }), tokenDense(classes, { name: "out" })),
  ];
  return sequential(layers, { name: "gpt", input, dtype: "int64", seed, initializer });
}
