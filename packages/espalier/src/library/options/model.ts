import { z } from "zod";
import { inputNumbers, inputSizes } from "./notation.ts";
import { option } from "./option.ts";

const shapeError = "Write a whole shape as NAME=1x3x224x224, or that of one sample, without the batch, as 3x224x224.";
const size = z.number(shapeError).int(shapeError).min(1, shapeError).max(1e6, shapeError);
const sizes = z.array(size, shapeError).readonly();
const name = z.string().min(1, shapeError);

const fixError = "Write it as NAME=NUMBER, which fills it, or NAME=NUMBER,... with a number for each element.";
const value = z.number(fixError);

/** How the inputs of a network are to be taken, of all that reads one. */
export const modelOptions = {
  fix: option(
    z.record(z.string().min(1, fixError), z.union([value, z.array(value).readonly()], fixError), fixError).optional(),
    {
      help: "an input that is always the same, such as sr=16000: what hangs on it is settled (repeatable)",
      value: "name=value",
      notation: inputNumbers,
      entries: true,
    },
  ),
  shape: option(z.union([sizes, z.record(name, sizes, shapeError)], shapeError).optional(), {
    help: "the shape of one sample where the model leaves it open: 3x224x224; or of an input, with the batch: x=1x3x48x320 (repeatable)",
    value: "sizes",
    notation: inputSizes,
    entries: true,
  }),
};
