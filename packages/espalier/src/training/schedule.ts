import { UserError } from "../errors.ts";

/** How far a training has come. */
export interface Position {
  /** Steps done. */
  readonly iteration: number;
  /** Epochs done, with the fraction of the current one. */
  readonly epoch: number;
  /** Epochs planned. */
  readonly epochs: number;
}

/** A learning-rate policy: the rate at each position of a training. */
export type Schedule = (position: Position) => number;

/** A policy as plain data, for recipes, options and checkpoints. */
export type Policy =
  | { readonly policy: "constant"; readonly rate: number }
  | { readonly policy: "step"; readonly rate: number; readonly gamma: number; readonly every: number }
  | { readonly policy: "inv"; readonly rate: number; readonly gamma: number; readonly power: number }
  | { readonly policy: "exponential"; readonly rate: number; readonly final: number }
  | { readonly policy: "cosine"; readonly rate: number; readonly final: number };

/** The schedule that a policy describes. Rates are for one step of the optimizer. */
export function schedule(p: Policy): Schedule {
  if (!(p.rate > 0)) throw new UserError(`The learning rate ${p.rate} is not above zero: give one such as 0.01.`);
  switch (p.policy) {
    case "constant":
      return () => p.rate;
    // Falls by the factor gamma every so many epochs.
    case "step":
      return ({ epoch }) => p.rate * p.gamma ** Math.floor(epoch / p.every);
    // Caffe's "inv": rate (1 + gamma * iteration)^-power.
    case "inv":
      return ({ iteration }) => p.rate * (1 + p.gamma * iteration) ** -p.power;
    case "exponential":
      return ({ epoch, epochs }) => p.rate * (p.final / p.rate) ** (epoch / epochs);
    // Loshchilov and Hutter, arXiv 1608.03983, equation 5, without restarts.
    case "cosine":
      return ({ epoch, epochs }) => p.final + 0.5 * (p.rate - p.final) * (1 + Math.cos((Math.PI * epoch) / epochs));
  }
}

/** The same policy with every rate multiplied by `factor`, as for retraining. */
export function scaled<P extends Policy>(p: P, factor: number): P {
  return { ...p, rate: p.rate * factor, ...("final" in p ? { final: p.final * factor } : {}) };
}
