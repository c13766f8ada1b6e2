import type { CurvePoint, GivenPreprocessing, Preprocessing, SampleLook, Value } from "espalier";
import type { Step } from "./steps.ts";

/** Where networks run in this page. */
export interface Machine {
  /** Whether the page is isolated, so that threads may share memory. */
  readonly isolated: boolean;
  readonly threads: number;
  /** Whether a graphics card can be asked for. */
  readonly webgpu: boolean;
  readonly device: "cpu" | "webgpu";
}

/** A layer, as the picture and the table show it. */
export interface LayerFacts {
  readonly name: string;
  readonly op: string;
  readonly weights: number;
  readonly kept: number;
  readonly density: number;
  /** Undefined while it is not counted, or where shapes are open. */
  readonly macs?: number;
}

/** What a network is. */
export interface NetworkFacts {
  readonly name: string;
  /** The .onnx file. */
  readonly bytes: number;
  readonly parameters: number;
  readonly nonzero: number;
  readonly opset?: number;
  readonly producer?: string;
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly layers: readonly LayerFacts[];
  /** Bytes by what they are for. */
  readonly kinds: readonly { readonly kind: string; readonly bytes: number }[];
  readonly preprocessing?: Preprocessing;
}

/** What only a run of the network tells. */
export interface NetworkDetails {
  readonly layers: readonly LayerFacts[];
  readonly notes: readonly string[];
  /** Why it cannot be trained; empty where it can. */
  readonly obstacles: readonly string[];
}

/** What the inputs are made of. */
export type InputKind = "mnist" | "random" | "images" | "audio" | "npz" | "text";

/** How inputs become samples. */
export interface InputSettings {
  /** Of pictures. */
  readonly preprocessing?: GivenPreprocessing;
  /** Of recordings. */
  readonly window?: number;
  readonly hop?: number;
  readonly context?: number;
  readonly range?: "unit" | "int16";
}

/** Inputs that were read. */
export interface InputFacts {
  readonly kind: InputKind;
  readonly name: string;
  readonly sizes: { readonly train: number; readonly validation: number; readonly test: number };
  /** Whether there are labels that a network can learn. */
  readonly labelled: boolean;
  readonly settings: InputSettings;
  /** Of pictures: how they become the network's input. */
  readonly preprocessing?: Preprocessing;
  readonly notes: readonly string[];
}

/** One sample: what was dropped, and the tensor that the network is given. */
export interface Preview {
  readonly index: number;
  readonly of: number;
  /** The file that it came from, where it is one that a page can show. */
  readonly file?: Blob;
  readonly tensors: readonly TensorPreview[];
}

/** Numbers to draw: a picture of planes, or a line. */
export interface TensorPreview {
  readonly name: string;
  readonly shape: readonly number[];
  readonly values: Float32Array;
  readonly least: number;
  readonly most: number;
  /** Where it is a picture: rows and columns of each of its planes, and whether these are side by side in each pixel. */
  readonly picture?: {
    readonly planes: number;
    readonly rows: number;
    readonly columns: number;
    readonly inner: boolean;
  };
}

/** A number by a measure, as people read it. */
export interface Judged {
  readonly measure: string;
  readonly unit: string;
  readonly better: "higher" | "lower";
  readonly before?: number;
  readonly after: number;
  readonly samples?: number;
  /** The part of the inputs. */
  readonly on: "validation" | "test";
}

/** Time of one sample, ms; undefined where it does not run. */
export interface Timing {
  readonly dense?: number;
  readonly sparse?: number;
  /** Why one of them is not there. */
  readonly notes: readonly string[];
}

/** A network on the way: as it came, or after a step. */
export interface Version {
  readonly id: number;
  /** All that was done since it came. */
  readonly steps: readonly Step[];
  readonly facts: NetworkFacts;
  /** The .esp file, once it was made. */
  readonly esp?: number;
  /** How far its outputs are those of the network as it came. */
  readonly fidelity?: Judged;
  /** By labels, before and after: on what it was chosen by, and on what nothing was chosen by. */
  readonly quality?: readonly Judged[];
  readonly timing?: Timing;
  /** Whether a report of its last step can be made. */
  readonly report: boolean;
}

/** A few inputs, and what two networks say of them. */
export type Look =
  /** Pictures, with boxes, maps or words. */
  | { readonly kind: "pictures"; readonly looks: readonly SampleLook[] }
  /** One number after the other along recordings: the first output of the network as it came, and of the chosen one. */
  | {
      readonly kind: "line";
      readonly output: string;
      readonly before: readonly number[];
      readonly after: readonly number[];
    }
  /** The first numbers of the first output, of a few samples. */
  | {
      readonly kind: "numbers";
      readonly output: string;
      readonly rows: readonly {
        readonly index: number;
        readonly before: readonly number[];
        readonly after: readonly number[];
      }[];
    };

/** A point of the curve of size against fidelity. */
export type Point = CurvePoint;

/** What is told while work goes on. */
export type Told =
  | { readonly kind: "work"; readonly what: string; readonly part?: number }
  | { readonly kind: "note"; readonly text: string }
  | {
      readonly kind: "epoch";
      readonly round: string;
      readonly epoch: number;
      readonly loss: number;
      readonly value: number;
      readonly measure: string;
      readonly unit: string;
    }
  | { readonly kind: "round"; readonly round: string; readonly density: number; readonly value: number }
  | { readonly kind: "curve"; readonly point: Point; readonly measure: string }
  | { readonly kind: "layer"; readonly curve: Sensitivity };

/** The curve of one layer. */
export interface Sensitivity {
  readonly layer: string;
  readonly weights: number;
  readonly measure: string;
  readonly unit: string;
  readonly points: readonly { readonly density: number; readonly value: number }[];
}

/** What was there when the page was closed. */
export interface Restored {
  readonly versions: readonly Version[];
  readonly chosen: number;
  readonly inputs?: InputFacts;
  /** A step that was not done. */
  readonly pending?: Step;
  /** Points of the curve that were measured. */
  readonly points: readonly Point[];
  /** Why something is not there any more. */
  readonly notes: readonly string[];
}
