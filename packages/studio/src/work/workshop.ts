import { UserError } from "espalier";
import type { Step } from "../steps.ts";
import type {
  InputFacts,
  InputSettings,
  Look,
  Machine,
  NetworkDetails,
  Preview,
  Restored,
  Sensitivity,
  Told,
  Version,
} from "../told.ts";
import { doStep } from "./doing.ts";
import { factsOf } from "./facts.ts";
import { type Dropped, kept } from "./keep.ts";
import { readNetwork } from "./network.ts";
import { Place } from "./place.ts";
import { detailsOf, lookAtSome, measureCurve, sensitivities, timeOne } from "./seeing.ts";
import { codedFile, fileAtHand, reportFile, type Taken } from "./taking.ts";

/** All that the page asks for, in a worker of its own: a network is never where the page is drawn. */
export class Workshop {
  readonly #place = new Place();
  #work: AbortController | undefined;

  /** Takes what is told of all work from now on, and says where networks run. */
  begin(tell: (told: Told) => void): Machine {
    this.#place.tell = tell;
    return this.#place.runner.machine;
  }

  /** Runs networks elsewhere from now on. */
  async runOn(device: Machine["device"]): Promise<Machine> {
    return this.#place.runner.moveTo(device);
  }

  /** What there was when the page was closed; undefined where there was nothing. */
  async restore(): Promise<Restored | undefined> {
    const { shelf, inputs } = this.#place;
    if (!(await shelf.restore())) return undefined;
    const [pending, points] = [await this.pending(), (await kept("points")) ?? []];
    const notes: string[] = [];
    await inputs.restore().catch((error: unknown) => {
      notes.push(error instanceof Error ? error.message : String(error));
    });
    const chosen = shelf.chosen.version.id;
    return { versions: shelf.versions, chosen, inputs: inputs.open?.facts, pending, points, notes };
  }

  /** Reads a network that was dropped, in the place of all that was there before. */
  async open(files: readonly Dropped[]): Promise<Version> {
    const { model, source, onnx, esp } = await readNetwork(files);
    await this.reset();
    const facts = factsOf(model, source, onnx.size);
    const version: Version = { id: 0, steps: [], facts, esp, report: false };
    await this.#place.shelf.put({ version, onnx, source }, model);
    return version;
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    this.stop();
    await this.#place.clear();
  }

  /** What a run tells of the chosen network. */
  async details(): Promise<NetworkDetails> {
    return detailsOf(this.#place);
  }

  /** Makes samples of files that were dropped, or of what is built in. */
  async useInputs(from: readonly Dropped[] | "mnist" | "random", settings: InputSettings = {}): Promise<InputFacts> {
    return this.#place.inputs.use(from, settings);
  }

  /** Makes the samples anew with other settings. */
  async adjust(settings: InputSettings): Promise<InputFacts> {
    return this.#place.inputs.adjust(settings);
  }

  /** One sample of those to learn from. */
  async preview(index: number): Promise<Preview> {
    return this.#place.inputs.preview(index);
  }

  /** Chooses the network that all else is about. */
  async choose(id: number): Promise<void> {
    await this.#place.shelf.choose(id);
  }

  /** How sensitive each layer is, by each density; tells of each as soon as it is measured. */
  async sensitivity(): Promise<readonly Sensitivity[]> {
    return this.#working((signal) => sensitivities(this.#place, signal));
  }

  /** The curve of size against fidelity: tells of each point as soon as it is measured. */
  async curve(): Promise<void> {
    await this.#working((signal) => measureCurve(this.#place, signal));
  }

  /** The step that was stopped, and can go on. */
  async pending(): Promise<Step | undefined> {
    return (await kept("pending"))?.step;
  }

  /** A few inputs with what the network said as it came, and what the chosen one says. */
  async look(): Promise<Look> {
    return this.#working(() => lookAtSome(this.#place));
  }

  /** Does a step to the chosen network: what comes out is chosen then. */
  async perform(step: Step, resume = false): Promise<Version> {
    return this.#working((signal) => doStep(this.#place, step, resume, signal));
  }

  /** Times the chosen network on one sample. */
  async time(): Promise<Version> {
    return this.#working(() => timeOne(this.#place));
  }

  /** The chosen network as a file. */
  async download(form: "onnx" | "esp"): Promise<Taken> {
    return (await fileAtHand(this.#place, form)) ?? this.#working(() => codedFile(this.#place));
  }

  /** The report of the step that made the chosen network. */
  async report(): Promise<Blob> {
    return this.#working(() => reportFile(this.#place));
  }

  /** Ends the work in progress; what was reached is kept. */
  stop(): void {
    this.#work?.abort();
  }

  async #working<Result>(work: (signal: AbortSignal) => Promise<Result>): Promise<Result> {
    if (this.#work) throw new UserError("Something else is being done: stop it first, or wait.");
    const own = new AbortController();
    this.#work = own;
    try {
      return await work(own.signal);
    } finally {
      this.#work = undefined;
    }
  }
}
