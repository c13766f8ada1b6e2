import { batchFor, batchOf, type LearningData, type Split } from "../data/dataset.ts";
import { routed } from "../data/routes.ts";
import { batches } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { fillElements } from "../onnx/elements.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { floatsOf } from "../onnx/tensor.ts";
import { fedTensors, routesFor } from "./feeding.ts";

/**
 * Has a network say what it sees, word by word: at each step the likeliest after the picture and the words so far.
 * @param model a network in the form for samples, whose inputs are a picture and the words before each step
 * @param words the input of the words
 * @param end the token that ends a caption
 * @returns the tokens of each sample's caption, without the end
 */
export async function caption(
  engine: Engine,
  model: Model,
  data: LearningData,
  split: Split,
  { words, end }: { readonly words: string; readonly end: number },
): Promise<number[][]> {
  const batch = Math.min(split.size, batchFor(data));
  const typed = await annotate(engine, model, { batch });
  const feed = { inputs: fedInputs(typed), targets: [] };
  const own = routed(split, routesFor(feed, data));
  const { tensors, arrays } = batchOf(fedTensors(feed), batch);
  const before = arrays[words];
  const longest = before.length / batch;
  const [{ name: output, shape }] = typed.outputs;
  const [, steps, classes] = shape;
  const program = await engine.compile(typed);
  const captions: number[][] = [];
  try {
    for (const { samples } of batches(split.size, batch)) {
      await own.read(samples, arrays);
      fillElements(before, end);
      const said: number[][] = Array.from(samples, () => []);
      for (let step = 0; step < steps; step++) {
        const scores = floatsOf((await program.run(tensors))[output]);
        for (const [i, tokens] of said.entries()) {
          const at = (i * steps + step) * classes;
          const next = likeliest(scores.subarray(at, at + classes));
          tokens.push(next);
          const place = i * longest + step;
          if (step < longest) fillElements(before, next, place, place + 1);
        }
      }
      captions.push(
        ...said.map((tokens) => tokens.slice(0, tokens.indexOf(end) < 0 ? undefined : tokens.indexOf(end))),
      );
    }
  } finally {
    await program.release();
  }
  return captions;
}

function likeliest(scores: Float32Array): number {
  let best = 0;
  for (let c = 1; c < scores.length; c++) if (scores[c] > scores[best]) best = c;
  return best;
}
