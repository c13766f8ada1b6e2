import type { ComponentChildren } from "preact";
import { useState } from "preact/hooks";
import { codeFor, commandsOf } from "../commands.ts";
import { download, downloadReport } from "../state/actions.ts";
import { busy, inputs, versions } from "../state/studio.ts";
import type { Version } from "../told.ts";
import { bytesText } from "../words.ts";
import { Section } from "./section.tsx";
import { WorkLine } from "./work-line.tsx";

/** Larger networks take long to code: a second or two for each MB. */
const SLOW = 20_000_000;

/** The network as files, the commands that do the same, and the lines that load it. */
export function TakeSection({ version }: { readonly version: Version }) {
  const { facts, esp, steps, report } = version;
  const isBusy = busy.value !== undefined;
  const source = `${versions.value[0]?.facts.name}.onnx`;
  const commands = commandsOf(steps, source, inputs.value);
  return (
    <Section id="take" title="Take" lead="An .esp holds the whole network, bit for bit, in far fewer bytes.">
      <div class="row">
        <button class="primary" type="button" disabled={isBusy} onClick={() => void download("esp")}>
          {facts.name}.esp {esp !== undefined && `· ${bytesText(esp)}`}
        </button>
        <button type="button" disabled={isBusy} onClick={() => void download("onnx")}>
          {facts.name}.onnx · {bytesText(facts.bytes)}
        </button>
        {report && (
          <button type="button" disabled={isBusy} onClick={() => void downloadReport()}>
            report.html
          </button>
        )}
      </div>
      {facts.bytes > SLOW && esp === undefined && <p class="soft small">Coding takes a second or two for each MB.</p>}
      <WorkLine about="take" />
      {commands.length > 0 && (
        <Copyable title="The same in a terminal" text={commands.join("\n")}>
          {inputs.value?.kind === "mnist" && (
            <p class="soft small">There, mnist is all of it; the page has 7,000 of its images.</p>
          )}
        </Copyable>
      )}
      <Copyable title="In your page" text={codeFor(facts)} />
    </Section>
  );
}

interface CopyableProps {
  readonly title: string;
  readonly text: string;
  readonly children?: ComponentChildren;
}

function Copyable({ title, text, children }: CopyableProps) {
  const [copied, setCopied] = useState(false);
  const copy = async () => {
    await navigator.clipboard.writeText(text);
    setCopied(true);
    setTimeout(() => setCopied(false), 2000);
  };
  return (
    <div>
      <div class="head">
        <h3>{title}</h3>
        <button class="plain small" type="button" onClick={() => void copy()}>
          {copied ? "Copied" : "Copy"}
        </button>
      </div>
      <pre>{text}</pre>
      {children}
    </div>
  );
}
