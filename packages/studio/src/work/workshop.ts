import {
  type Dataset,
  type Engine,
  encodeFile,
  type Hooks,
  inspect,
  type Model,
  PREPROCESSING_KEY,
  type Preprocessing,
  scan,
  shareWithin,
  UserError,
  writeModel,
} from "espalier";
import { commandsOf } from "../commands.ts";
import { inputKindOf } from "../input-kinds.ts";
import type { Step } from "../steps.ts";
import type {
  InputFacts,
  InputKind,
  InputSettings,
  Look,
  Machine,
  NetworkDetails,
  Point,
  Preview,
  Restored,
  Sensitivity,
  Told,
  Version,
} from "../told.ts";
import { factsOf } from "./facts.ts";
import { type OpenInputs, openInputs } from "./inputs.ts";
import { type Dropped, forget, keep, kept } from "./keep.ts";
import { lookAt } from "./look.ts";
import { engineOn, machineOf } from "./machine.ts";
import { measured } from "./measuring.ts";
import { blobOf, readNetwork } from "./network.ts";
import { type Performed, perform } from "./perform.ts";
import { previewOf } from "./preview.ts";
import { Shelf, type Shelved } from "./shelf.ts";
import { teller } from "./telling.ts";
import { timed } from "./timing.ts";

/** Networks of more bytes are not run unasked: a second copy of their weights may have no room. */
const MOST_RUN = 2 ** 26;
/** How many points of fidelity the curve goes down. */
const CURVE_LOSS = 10;

/** All that the page asks for, in a worker of its own: a network is never where the page is drawn. */
export class Workshop {
  readonly #shelf = new Shelf();
  #chosen = 0;
  #next = 1;
  #machine: Machine = machineOf();
  #engine: Promise<Engine> | undefined;
  #inputs: OpenInputs | undefined;
  /** What inputs were made of last, whether or not that could be: other settings may help. */
  #tried: { readonly kind: InputKind; readonly files: readonly Dropped[] } | undefined;
  #reports = new Map<number, NonNullable<Performed["report"]>>();
  #work: AbortController | undefined;
  #tell: (told: Told) => void = () => {};

  /** Takes what is told of all work from now on, and says where networks run. */
  begin(tell: (told: Told) => void): Machine {
    this.#tell = tell;
    return this.#machine;
  }

  /** Runs networks elsewhere from now on. */
  async runOn(device: Machine["device"]): Promise<Machine> {
    const machine = machineOf(device);
    const engine = engineOn(machine);
    await engine;
    [this.#machine, this.#engine] = [machine, engine];
    return machine;
  }

  /** What there was when the page was closed; undefined where there was nothing. */
  async restore(): Promise<Restored | undefined> {
    const versions = await kept("versions");
    if (!versions || versions.length === 0) return undefined;
    this.#shelf.restore(versions.map((one) => ({ ...one, version: { ...one.version, report: false } })));
    this.#next = 1 + Math.max(...versions.map(({ version }) => version.id));
    this.#chosen = (await kept("chosen")) ?? 0;
    if (!this.#shelf.get(this.#chosen)) this.#chosen = versions[0].version.id;
    const pending = await kept("pending");
    if (pending && this.#shelf.get(pending.on)) this.#chosen = pending.on;
    const [inputs, points] = [await kept("inputs"), (await kept("points")) ?? []];
    const notes: string[] = [];
    if (inputs) {
      await this.#open(inputs.kind, inputs.files, inputs.settings).catch((error: unknown) => {
        notes.push(error instanceof Error ? error.message : String(error));
      });
    }
    return {
      versions: this.#shelf.all.map(({ version }) => version),
      chosen: this.#chosen,
      inputs: this.#inputs?.facts,
      pending: pending?.step,
      points,
      notes,
    };
  }

  /** Reads a network that was dropped, in the place of all that was there before. */
  async open(files: readonly Dropped[]): Promise<Version> {
    const { model, source, onnx, esp } = await readNetwork(files);
    await this.reset();
    const facts = factsOf(model, source, onnx.size);
    const version: Version = { id: 0, steps: [], facts, esp, report: false };
    await this.#shelve({ version, onnx, source }, model);
    return version;
  }

  /** Forgets everything. */
  async reset(): Promise<void> {
    this.stop();
    this.#shelf.clear();
    this.#reports.clear();
    [this.#chosen, this.#next, this.#inputs] = [0, 1, undefined];
    await forget();
  }

  /** What a run tells of the chosen network. */
  async details(): Promise<NetworkDetails> {
    const { version } = this.#current();
    if (version.facts.bytes > MOST_RUN) {
      const note = "It is larger than 64 MB, so it was only read, and not run: MACs are not counted.";
      return { layers: version.facts.layers, notes: [note], obstacles: [] };
    }
    const { layers, notes, obstacles } = await inspect(await this.#running(), await this.#model());
    return {
      layers: layers.map(({ name, op, weights, kept: own, density, macs }) => ({
        name,
        op,
        weights,
        kept: own,
        density,
        macs,
      })),
      notes,
      obstacles,
    };
  }

  /** Makes samples of files that were dropped, or of what is built in. */
  async useInputs(from: readonly Dropped[] | "mnist" | "random", settings: InputSettings = {}): Promise<InputFacts> {
    const kind = typeof from === "string" ? from : inputKindOf(from);
    const files = typeof from === "string" ? [] : from;
    if (!kind) {
      throw new UserError(
        `Nothing in ${files[0]?.path ?? "what was dropped"} is known as inputs: drop pictures, WAV files, an .npz or a text.`,
      );
    }
    return this.#open(kind, files, settings);
  }

  /** Makes the samples anew with other settings. */
  async adjust(settings: InputSettings): Promise<InputFacts> {
    if (!this.#tried) throw new UserError("There are no inputs to adjust: drop some first.");
    return this.#open(this.#tried.kind, this.#tried.files, settings);
  }

  async #open(kind: InputKind, files: readonly Dropped[], settings: InputSettings): Promise<InputFacts> {
    this.#tried = { kind, files };
    const opened = await openInputs(await this.#running(), await this.#model(), kind, files, settings);
    this.#inputs = opened;
    await keep("inputs", { kind, files, settings });
    return opened.facts;
  }

  /** One sample of those to learn from. */
  async preview(index: number): Promise<Preview> {
    if (!this.#inputs) throw new UserError("There are no inputs to look at: drop some first.");
    return previewOf(this.#inputs, index);
  }

  /** Chooses the network that all else is about. */
  async choose(id: number): Promise<void> {
    this.#chosen = id;
    await Promise.all([keep("chosen", id), forget("points")]);
  }

  /** How sensitive each layer is, by each density; tells of each as soon as it is measured. */
  async sensitivity(): Promise<readonly Sensitivity[]> {
    return this.#working(async (hooks) => {
      const found: Sensitivity[] = [];
      const told = teller((one) => {
        if (one.kind === "layer") found.push(one.curve);
        this.#tell(one);
      });
      await scan(await this.#running(), await this.#model(), this.#data(), { ...hooks, onProgress: told });
      return found;
    });
  }

  /** The curve of size against fidelity: tells of each point as soon as it is measured. */
  async curve(): Promise<void> {
    await this.#working(async (hooks) => {
      const points: Point[] = [];
      const onProgress = teller((told) => {
        if (told.kind === "curve") points.push(told.point);
        this.#tell(told);
      });
      const options = { ...hooks, onProgress, maxLoss: CURVE_LOSS, epochs: 0 };
      try {
        await shareWithin(await this.#running(), await this.#model(), this.#data(), options);
      } finally {
        await keep("points", points);
      }
    });
  }

  /** The step that was stopped, and can go on. */
  async pending(): Promise<Step | undefined> {
    return (await kept("pending"))?.step;
  }

  /** A few inputs with what the network said as it came, and what the chosen one says. */
  async look(): Promise<Look> {
    return this.#working(async () =>
      lookAt(await this.#running(), await this.#shelf.model(this.#reference()), await this.#model(), this.#data()),
    );
  }

  /** Does a step to the chosen network: what comes out is chosen then. */
  async perform(step: Step, resume = false): Promise<Version> {
    const { version, onnx, source } = this.#current();
    const on = version.id;
    return this.#working(async (hooks) => {
      if (!resume) await forget("checkpoint");
      await keep("pending", { step, on });
      // Points of the curve that were rounded alone are the same again, however much may be lost.
      const points = step.kind === "share" ? acceptable((await kept("points")) ?? [], step.maxLoss) : [];
      const onProgress = teller((told) => {
        if (told.kind === "curve") {
          points.push(told.point);
          void keep("points", points);
        }
        this.#tell(told);
      });
      const engine = await this.#running();
      const model = stated(await this.#model(), this.#inputs?.facts.preprocessing);
      const checkpoint = {
        name: "what was kept",
        load: () => kept("checkpoint"),
        save: async (state: Uint8Array) => void (await keep("checkpoint", state)),
      };
      const canResume = resume && (await kept("checkpoint")) !== undefined;
      const made = await perform(step, {
        engine,
        model,
        bytes: onnx.size,
        data: this.#inputs?.data,
        origin: await this.#shelf.model(this.#reference()),
        hooks: { ...hooks, onProgress, checkpoint, resume: canResume },
        known: [...points],
      }).catch(async (error: unknown) => {
        // What was stopped can go on; what failed would fail again.
        if (!hooks.signal.aborted) await forget("pending");
        throw error;
      });
      return this.#finish(made, [...version.steps, step], source, hooks);
    });
  }

  /** Puts what a step made on the shelf, where a reload leaves it, and measures it. */
  async #finish(
    { model, validation, report, esp }: Performed,
    steps: readonly Step[],
    source: string,
    hooks: Pick<Hooks, "signal">,
  ): Promise<Version> {
    const bytes = writeModel(model);
    const id = this.#next++;
    if (report) this.#reports.set(id, report);
    const facts = factsOf(model, source, bytes.length);
    const made: Version = { id, steps, facts, esp: esp?.length, report: report !== undefined };
    const shelved = { onnx: blobOf(bytes), esp: esp && blobOf(esp), source };
    await this.#shelve({ ...shelved, version: made }, model);
    await this.choose(id);
    await Promise.all([forget("pending"), forget("checkpoint")]);
    if (!this.#inputs) return made;
    const reference = this.#reference();
    const {
      fidelity,
      quality = [],
      timing,
    } = await measured({
      engine: await this.#running(),
      threads: this.#machine.threads,
      model,
      reference: reference === id ? undefined : await this.#shelf.model(reference),
      inputs: this.#inputs,
      hooks,
      onWork: (what) => this.#tell({ kind: "work", what }),
      onNote: (text) => this.#tell({ kind: "note", text }),
    });
    const version = { ...made, fidelity, quality: [...(validation ? [validation] : []), ...quality], timing };
    await this.#shelve({ ...shelved, version });
    return version;
  }

  /** Times the chosen network on one sample. */
  async time(): Promise<Version> {
    return this.#working(async () => {
      const shelved = this.#current();
      const timing = await timed(await this.#running(), await this.#model(), this.#data(), this.#machine.threads);
      const version = { ...shelved.version, timing };
      await this.#shelve({ ...shelved, version });
      return version;
    });
  }

  /** The chosen network as a file. */
  async download(form: "onnx" | "esp"): Promise<{ readonly file: Blob; readonly version: Version }> {
    const shelved = this.#current();
    if (form === "onnx") return { file: await this.#onnx(shelved), version: shelved.version };
    if (shelved.esp) return { file: shelved.esp, version: shelved.version };
    return this.#working(async () => {
      this.#tell({ kind: "work", what: "Coding the file" });
      const esp = encodeFile(new Uint8Array(await (await this.#onnx(shelved)).arrayBuffer()));
      const version = { ...shelved.version, esp: esp.length };
      await this.#shelve({ ...shelved, version, esp: blobOf(esp) });
      return { file: blobOf(esp), version };
    });
  }

  /** The .onnx file: of the one that came with how pictures become its input, where that is known only here. */
  async #onnx({ onnx, version }: Shelved): Promise<Blob> {
    const preprocessing = this.#inputs?.facts.preprocessing;
    if (!preprocessing || version.steps.length > 0) return onnx;
    return blobOf(writeModel(stated(await this.#shelf.model(version.id), preprocessing)));
  }

  /** The report of the step that made the chosen network. */
  async report(): Promise<Blob> {
    const { version, source } = this.#current();
    const report = this.#reports.get(version.id);
    if (!report)
      throw new UserError("The report went with the page that made this network: do the step again to have it.");
    return this.#working(async () => {
      this.#tell({ kind: "work", what: "Drawing the report" });
      const command = commandsOf(version.steps, source, this.#inputs?.facts).at(-1) ?? "";
      return blobOf(await report(await this.#running(), { title: version.facts.name, command }));
    });
  }

  /** Ends the work in progress; what was reached is kept. */
  stop(): void {
    this.#work?.abort();
  }

  async #working<Result>(work: (hooks: Required<Pick<Hooks, "signal">>) => Promise<Result>): Promise<Result> {
    if (this.#work) throw new UserError("Something else is being done: stop it first, or wait.");
    const own = new AbortController();
    this.#work = own;
    try {
      return await work({ signal: own.signal });
    } finally {
      this.#work = undefined;
    }
  }

  async #shelve(shelved: Shelved, model?: Model): Promise<void> {
    if (await this.#shelf.put(shelved, model)) return;
    const text = "This browser has no room to keep the network: it goes when the page is closed, so download it.";
    this.#tell({ kind: "note", text });
  }

  #current(): Shelved {
    const found = this.#shelf.get(this.#chosen);
    if (!found) throw new UserError("There is no network yet: drop one first.");
    return found;
  }

  /** The network to compare with: the one that came, or what a simplification made of it, whose inputs may be others. */
  #reference(): number {
    const { steps } = this.#current().version;
    const last = steps.findLastIndex(({ kind }) => kind === "simplify");
    const found = this.#shelf.all.find(
      ({ version }) => version.steps.length === last + 1 && isBegin(version.steps, steps),
    );
    return found?.version.id ?? 0;
  }

  #model(): Promise<Model> {
    return this.#shelf.model(this.#chosen);
  }

  #data(): Dataset {
    if (this.#inputs) return this.#inputs.data;
    throw new UserError("This needs inputs: drop some, or take random ones.");
  }

  #running(): Promise<Engine> {
    this.#engine ??= engineOn(this.#machine);
    return this.#engine;
  }
}

/** Points as they are judged where so much may be lost. */
const acceptable = (points: readonly Point[], maxLoss: number): Point[] =>
  points.map((point) => ({ ...point, accepted: point.fidelity >= 100 - maxLoss }));

const isBegin = (some: readonly Step[], all: readonly Step[]) =>
  some.every((step, i) => JSON.stringify(step) === JSON.stringify(all[i]));

/** The model with how photographs become its input. */
function stated(model: Model, preprocessing: Preprocessing | undefined): Model {
  if (!preprocessing) return model;
  return { ...model, metadata: new Map(model.metadata).set(PREPROCESSING_KEY, JSON.stringify(preprocessing)) };
}
