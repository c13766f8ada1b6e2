import { copyModel, type Model, type Node } from "./graph.ts";
import { dependents } from "./live.ts";
import { renamed } from "./rename.ts";
import { noteZeroStates, zeroStates } from "./states.ts";

/** What a value or an input of the network is called in one of its steps, from 0 on. */
export const inStep = (name: string, step: number) => (step === 0 ? name : `${name}@${step}`);

/**
 * A network that begins its states at zero, several times in a row: each step has inputs and outputs of its own, and takes
 * the states that the one before it gives. What depends on neither, such as weights that are computed, is there once.
 */
export function unrolled(source: Model, steps: number): Model {
  const states = zeroStates(source);
  const next = new Map(states.map(({ input, output }) => [input, output]));
  const begins = (node: Node) => node.outputs.some((output) => next.has(output));
  const fed = source.inputs.filter(({ name }) => !source.initializers.has(name));
  const varying = dependents(source.nodes, [...fed.map(({ name }) => name), ...next.keys()]);
  const model = copyModel(source);
  const again = source.nodes.filter((node) => !begins(node) && node.outputs.some((output) => varying.has(output)));
  for (let step = 1; step < steps; step++) {
    const names = new Map([...varying].map((name) => [name, inStep(name, step)]));
    const before = new Map([
      ...names,
      ...states.map(({ input, output }) => [input, inStep(output, step - 1)] as const),
    ]);
    for (const node of again) {
      const { outputs } = renamed(node, names);
      model.nodes.push({ ...renamed(node, before), name: node.name && inStep(node.name, step), outputs });
    }
    model.inputs.push(...fed.map((input) => ({ ...input, name: inStep(input.name, step) })));
    model.outputs.push(...source.outputs.map((output) => ({ ...output, name: inStep(output.name, step) })));
    for (const [name, value] of source.values) {
      if (varying.has(name)) model.values.set(inStep(name, step), { ...value, name: inStep(name, step) });
    }
  }
  noteZeroStates(
    model,
    states.map(({ input, output }) => ({ input, output: inStep(output, steps - 1) })),
  );
  return model;
}
