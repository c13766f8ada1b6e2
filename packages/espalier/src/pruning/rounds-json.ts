import { z } from "zod";
import type { Optimizer } from "../training/optimizer.ts";
import type { Policy } from "../training/schedule.ts";
import type { Round } from "./round.ts";

/*
 * Rounds as JSON holds them, for those who train elsewhere. What is code, such as an optimizer or a criterion of the user's
 * own, and masks, which are large, are no part of it.
 */

const steps = z.int().min(1);
const part = z.number().min(0).max(1);
const positive = z.number().positive();

const policy: z.ZodType<Policy> = z.discriminatedUnion("policy", [
  z.strictObject({ policy: z.literal("constant"), rate: positive }),
  z.strictObject({ policy: z.literal("step"), rate: positive, gamma: positive, every: positive }),
  z.strictObject({ policy: z.literal("inv"), rate: positive, gamma: z.number(), power: z.number() }),
  z.strictObject({ policy: z.literal("exponential"), rate: positive, final: positive }),
  z.strictObject({ policy: z.literal("cosine"), rate: positive, final: z.number().min(0) }),
]);

const moments = { beta1: part.optional(), beta2: part.optional(), epsilon: positive.optional() };

const optimizer: z.ZodType<Optimizer> = z.discriminatedUnion("name", [
  z.strictObject({ name: z.literal("sgd"), momentum: part, nesterov: z.boolean().optional() }),
  z.strictObject({ name: z.literal("adam"), ...moments, relative: z.boolean().optional() }),
  z.strictObject({ name: z.literal("adamw"), decay: z.number().min(0), ...moments }),
]);

const byLayer = z.array(z.tuple([z.string(), z.number().min(0)]));

const target = z.discriminatedUnion("kind", [
  z.strictObject({ kind: z.literal("density"), layers: byLayer }),
  z.strictObject({ kind: z.literal("quality"), layers: byLayer }),
  z.strictObject({ kind: z.literal("rate"), rate: positive }),
]);

const round = z.strictObject({
  name: z.string().max(256),
  prune: z
    .strictObject({
      target,
      part,
      criterion: z.string().max(64).optional(),
      gradual: z.strictObject({ every: steps, until: part, splicing: z.boolean().optional() }).optional(),
      clearDead: z.boolean().optional(),
    })
    .optional(),
  epochs: z.int().min(0).max(100_000),
  learningRate: policy,
  optimizer,
  patience: steps.optional(),
  regularization: z
    .array(z.tuple([z.string(), z.strictObject({ l1: z.number().optional(), l2: z.number().optional() })]))
    .transform((entries) => new Map(entries))
    .optional(),
  clipping: z.strictObject({ norm: positive.optional(), value: positive.optional() }).optional(),
  frozen: z
    .array(z.string())
    .transform((names) => new Set(names))
    .optional(),
  augmentation: z.strictObject({ shift: z.int().min(0).optional(), flip: z.boolean().optional() }).optional(),
  inputDropout: part.optional(),
  retrainingDropout: z.union([z.enum(["adjusted", "original", "none"]), part]).optional(),
});

/** Reads what {@link storeRounds} writes. */
export const storedRounds: z.ZodType<readonly Round[]> = z.array(round).min(1).max(1000);

/**
 * Rounds as plain JSON.
 * @throws Error for rounds that have code in them, or masks: they can be done where they were made alone
 */
export function storeRounds(rounds: readonly Round[]): z.input<typeof storedRounds> {
  const plain: unknown = JSON.parse(
    JSON.stringify(rounds, (_, value) => (value instanceof Map || value instanceof Set ? [...value] : value)),
  );
  const checked = storedRounds.safeParse(plain);
  if (checked.success) return plain;
  const [{ path, message }] = checked.error.issues;
  throw new Error(`These rounds cannot be done elsewhere (${path.join(".")}: ${message}).`);
}
