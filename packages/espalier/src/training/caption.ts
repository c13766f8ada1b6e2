import { batchFor, type Dataset, type Split } from "../data/dataset.ts";
import { batches } from "../data/streams.ts";
import { annotate } from "../engine/annotate.ts";
import type { Engine } from "../engine/engine.ts";
import { fedInputs, type Model } from "../onnx/graph.ts";
import { float32, sizeOf } from "../onnx/tensor.ts";

/**
 * Lets a network say what it sees, word by word: at each step the likeliest after the picture and the words so far.
 * @param model a network in the form for samples, which are a picture and then words
 * @param words of each sample
 * @param end the token that ends a caption
 * @returns the tokens of each sample's caption, without the end
 */
export async function caption(
  engine: Engine,
  model: Model,
  data: Pick<Dataset, "sampleShape">,
  split: Split,
  { words, end }: { readonly words: number; readonly end: number },
): Promise<number[][]> {
  const batch = Math.min(split.size, batchFor(data));
  const typed = await annotate(engine, model, { batch });
  const [{ name: input }] = fedInputs(typed);
  const [{ name: output, shape }] = typed.outputs;
  const [, steps, classes] = shape;
  const size = sizeOf(data.sampleShape);
  const program = await engine.compile(typed);
  const captions: number[][] = [];
  try {
    for (const samples of batches(split.size, batch)) {
      const inputs = new Float32Array(batch * size);
      await split.read(samples, inputs, new Int32Array(batch * steps));
      for (let i = 0; i < batch; i++) inputs.fill(end, (i + 1) * size - words, (i + 1) * size);
      const said: number[][] = Array.from(samples, () => []);
      for (let step = 0; step < steps; step++) {
        const { data: scores } = (await program.run({ [input]: float32([batch, size], inputs) }))[output];
        for (const [i, tokens] of said.entries()) {
          const at = (i * steps + step) * classes;
          const next = likeliest(scores.subarray(at, at + classes) as Float32Array);
          tokens.push(next);
          if (step < words) inputs[(i + 1) * size - words + step] = next;
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
