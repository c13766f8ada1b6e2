import { useState } from "preact/hooks";
import { WIDTHS, type Width } from "../steps.ts";
import { Field, NumberField } from "./field.tsx";
import { Form, type StepFormProps } from "./form.tsx";

const WIDTHS_SAY: Readonly<Record<Width, string>> = {
  int8: "Weights of eight bits, and with inputs what layers read and make too.",
  int4: "Weights of matrix products of four bits, in blocks of 32.",
  float16: "Halves, for weights and what is computed of them.",
};

/** Rounds numbers as ONNX Runtime computes with them. */
export function QuantizeForm({ inputs, disabled, onStart }: StepFormProps) {
  const [to, setTo] = useState<Width>("int8");
  const [maxLoss = 1, setMaxLoss] = useState<number>();
  const unseen = inputs === undefined;
  return (
    <Form
      says={`${WIDTHS_SAY[to]} ${unseen ? "Without inputs, random ones show whether the outputs are the same at all." : "Layers that lose most are held better, until the outputs are what they were. It reads no labels."} The file is for ONNX Runtime.`}
      start="Quantize"
      disabled={disabled}
      onSubmit={() => onStart({ kind: "quantize", to, maxLoss, unseen })}
    >
      <Field label="To">
        <select
          value={to}
          onChange={({ currentTarget: { value } }) => setTo(WIDTHS.find((width) => width === value) ?? to)}
        >
          {WIDTHS.map((width) => (
            <option key={width} value={width}>
              {width}
            </option>
          ))}
        </select>
      </Field>
      {!unseen && (
        <NumberField
          label="Points it may lose"
          hint="of fidelity, on inputs to choose by"
          step="any"
          value={maxLoss}
          onChange={setMaxLoss}
        />
      )}
    </Form>
  );
}
