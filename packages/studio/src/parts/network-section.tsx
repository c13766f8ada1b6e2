import { useState } from "preact/hooks";
import { details } from "../state/studio.ts";
import type { LayerFacts, NetworkFacts, Version } from "../told.ts";
import { bytesText, count, macsText, share } from "../words.ts";
import { Kinds } from "./kinds.tsx";
import { Section } from "./section.tsx";
import { Strip } from "./strip.tsx";
import { WorkLine } from "./work-line.tsx";

/** What the network is: its picture, the sizes of its parts, what it takes and gives, and its layers. */
export function NetworkSection({ version: { id, facts } }: { readonly version: Version }) {
  const [pointed, point] = useState<string>();
  const found = details.value.get(id);
  const layers = found?.layers ?? facts.layers;
  return (
    <Section top id="network" title={facts.name} lead={`${bytesText(facts.bytes)} as .onnx${origin(facts)}`}>
      <Figures facts={facts} layers={layers} />
      {layers.length > 0 ? (
        <>
          <Strip layers={layers} pointed={pointed} onPoint={point} />
          <Kinds kinds={facts.kinds} />
          <LayerTable layers={layers} onPoint={point} />
        </>
      ) : (
        <p class="notice">It has no layers whose weights are known to be pruned or shared.</p>
      )}
      <Ports facts={facts} />
      <WorkLine about="network" />
      {found && found.obstacles.length + found.notes.length > 0 && (
        <ul class="notes">
          {found.obstacles.map((text) => (
            <li key={text}>It cannot be trained as it is. {text}</li>
          ))}
          {found.notes.map((text) => (
            <li key={text}>{text}</li>
          ))}
        </ul>
      )}
    </Section>
  );
}

const origin = ({ opset, producer }: NetworkFacts) =>
  `${opset === undefined ? "" : `, operator set ${opset}`}${producer ? `, by ${producer}` : ""}`;

function Figures({ facts, layers }: { readonly facts: NetworkFacts; readonly layers: readonly LayerFacts[] }) {
  const macs = layers.map((layer) => layer.macs).filter((own) => own !== undefined);
  return (
    <dl class="facts">
      <div>
        <dt>Parameters</dt>
        <dd>{count(facts.parameters)}</dd>
      </div>
      <div>
        <dt>Not zero</dt>
        <dd>
          {share(facts.parameters === 0 ? 1 : facts.nonzero / facts.parameters)}{" "}
          {facts.nonzero > 0 && facts.parameters / facts.nonzero > 1.05 && (
            <small>{(facts.parameters / facts.nonzero).toFixed(1)}x fewer</small>
          )}
        </dd>
      </div>
      <div>
        <dt>Layers</dt>
        <dd>{layers.length}</dd>
      </div>
      <div>
        <dt>MACs a sample</dt>
        <dd>{macs.length === 0 ? "–" : macsText(macs.reduce((sum, own) => sum + own, 0))}</dd>
      </div>
    </dl>
  );
}

function Ports({ facts: { inputs, outputs } }: { readonly facts: NetworkFacts }) {
  const text = ({ name, dtype, shape }: NetworkFacts["inputs"][number]) =>
    `${name}: ${dtype ?? "unknown type"} ${shape ? `[${shape.map((dim) => dim ?? "?").join(" × ")}]` : ""}`;
  return (
    <dl class="ports">
      <dt>Takes</dt>
      <dd>{inputs.map(text).join(", ") || "nothing"}</dd>
      <dt>Gives</dt>
      <dd>{outputs.map(text).join(", ")}</dd>
    </dl>
  );
}

interface LayerTableProps {
  readonly layers: readonly LayerFacts[];
  readonly onPoint: (name: string | undefined) => void;
}

function LayerTable({ layers, onPoint }: LayerTableProps) {
  return (
    // biome-ignore lint/a11y/noNoninteractiveTabindex: what scrolls must be reached by keyboard
    <section class="scroll" tabIndex={0} aria-label="Layers">
      <table>
        <thead>
          <tr>
            <th scope="col">Layer</th>
            <th scope="col">Operator</th>
            <th scope="col">Weights</th>
            <th scope="col">Kept</th>
            <th scope="col">Density</th>
            <th scope="col">MACs</th>
          </tr>
        </thead>
        <tbody>
          {layers.map(({ name, op, weights, kept, density, macs }) => (
            <tr key={name} onPointerEnter={() => onPoint(name)} onPointerLeave={() => onPoint(undefined)}>
              <th scope="row">{name}</th>
              <td>{op}</td>
              <td>{count(weights)}</td>
              <td>{count(kept)}</td>
              <td>{share(density)}</td>
              <td>{macs === undefined ? "–" : macsText(macs)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}
