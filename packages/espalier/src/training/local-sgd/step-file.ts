import { z } from "zod";
import type { Route } from "../../data/routes.ts";
import { UserError } from "../../errors.ts";
import { parseJson } from "../../json.ts";
import { byteLength, isNumericType, type NumericType } from "../../onnx/dtype.ts";
import { readModel } from "../../onnx/read.ts";
import { sizeOf } from "../../onnx/tensor.ts";
import { writeModel } from "../../onnx/write.ts";
import type { Augmentation } from "../augment.ts";
import type { TrainingStep } from "../training-step.ts";

/** How training samples are changed at each step. */
export interface SampleChanges {
  readonly augmentation?: Augmentation;
  readonly inputDropout?: number;
  /** By which samples became what is fed. */
  readonly routes: readonly Route[];
}

/** A training step, and how the samples are changed that it is fed. */
export interface ShippedStep {
  readonly step: TrainingStep;
  readonly changes: SampleChanges;
}

const KEY = "espalier.step";

/** What the feeds of one run may take: no step that is made here comes near. */
const MOST_BYTES = 2 ** 32;

const dims = z.array(z.int().nonnegative());
const dtype = z.custom<NumericType>((name) => typeof name === "string" && isNumericType(name));
const names = z.array(z.string());
const tensor = z.object({ name: z.string(), dtype, shape: dims });

const schema = z.object({
  carry: z.record(z.string(), z.string()),
  resident: names,
  capacity: z.int().min(1),
  batch: z.int().min(1),
  types: z.array(z.tuple([z.string(), z.object({ dtype, dims })])),
  feed: z.object({ inputs: z.array(tensor), targets: z.array(tensor) }),
  parameters: names,
  statistics: names,
  slots: names,
  dropout: z.array(
    z.object({ name: z.string(), ratioInput: z.string(), noiseInput: z.string(), dims, ratio: z.number() }),
  ),
  changes: z.object({
    augmentation: z.object({ shift: z.int().nonnegative().optional(), flip: z.boolean().optional() }).optional(),
    inputDropout: z.number().min(0).lt(1).optional(),
    routes: z.array(z.object({ from: tensor, to: z.object({ name: z.string(), dtype }) })),
  }),
});

/** Writes a step as the ONNX file of its graph, with all else as JSON in the metadata. */
export function writeStep({ step, changes }: ShippedStep): Uint8Array<ArrayBuffer> {
  const { model, types, feed, states: _, ...rest } = step;
  const named = ({ name, dtype, shape }: { name: string; dtype: string; shape: readonly number[] }) => {
    return { name, dtype, shape };
  };
  const meta = {
    ...rest,
    types: [...types],
    feed: { inputs: feed.inputs.map(named), targets: feed.targets.map(named) },
    changes: { ...changes, routes: changes.routes.map(({ from, to }) => ({ from: named(from), to })) },
  };
  return writeModel({ ...model, metadata: new Map([[KEY, JSON.stringify(meta)]]) });
}

/**
 * Reads what {@link writeStep} wrote.
 * @throws UserError when the bytes are something else
 */
export function readStep(bytes: Uint8Array, source: string): ShippedStep {
  const model = readModel(bytes, source);
  const meta = schema.safeParse(parseJson(model.metadata.get(KEY) ?? "null"));
  if (!meta.success) throw new UserError(`${source} is not a training step of this version of Espalier.`);
  const { changes, types, ...rest } = meta.data;
  const fed = types.reduce((sum, [, { dtype, dims }]) => sum + byteLength(dtype, sizeOf(dims)), 0);
  if (!(fed * rest.capacity <= MOST_BYTES))
    throw new UserError(`${source} is fed ${fed} bytes a step, which is too much.`);
  return { step: { ...rest, model, types: new Map(types), states: [] }, changes };
}
