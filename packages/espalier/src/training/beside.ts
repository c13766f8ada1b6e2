import { copyModel, type Model } from "../onnx/graph.ts";
import { renamed } from "../onnx/rename.ts";
import { noteZeroStates, zeroStates } from "../onnx/states.ts";
import { trainableParameters } from "./parameters.ts";

/** A network with another beside it that reads the same inputs. */
export interface Beside {
  readonly model: Model;
  /** The other's parameters. */
  readonly frozen: ReadonlySet<string>;
}

/**
 * Puts a teacher beside a network: what it computes of the same batch is there without being kept.
 * Constants that both have are there once.
 */
export function beside(model: Model, teacher: Model): Beside {
  const both = copyModel(model);
  const own = new Set(trainableParameters(teacher));
  const made = teacher.nodes.flatMap(({ outputs }) => outputs).filter((name) => name !== "");
  const apart = [...teacher.initializers].filter(
    ([name, tensor]) => own.has(name) || model.initializers.get(name) !== tensor,
  );
  const names = new Map([...made, ...apart.map(([name]) => name)].map((name) => [name, `teacher/${name}`]));
  both.nodes = [
    ...teacher.nodes.map((node) => renamed({ ...node, name: node.name && `teacher/${node.name}` }, names)),
    ...model.nodes,
  ];
  for (const [name, tensor] of apart) both.initializers.set(names.get(name) ?? name, tensor);
  both.outputs = [
    ...model.outputs,
    ...teacher.outputs.map((value) => ({ ...value, name: names.get(value.name) ?? value.name })),
  ];
  const name = (value: string) => names.get(value) ?? value;
  const states = zeroStates(teacher).map(({ input, output }) => ({ input: name(input), output: name(output) }));
  if (states.length > 0) noteZeroStates(both, [...zeroStates(model), ...states]);
  return { model: both, frozen: new Set(apart.map(([own]) => name(own))) };
}
