import { describe, expect, it } from "vitest";
import { codeNumber } from "../../../runtime/src/codec/bit-coder.ts";
import { codeText } from "../../../runtime/src/codec/text.ts";
import { WORDS_OF_OUTLINES } from "../../../runtime/src/codec/words-of-outlines.ts";
import { encodeFile } from "../../src/coding/encode.ts";
import type { Method } from "../../src/coding/encode-tensor.ts";
import { RangeEncoder } from "../../src/coding/range-encoder.ts";
import { concat } from "../../src/coding/split.ts";
import { craft, filledSize, graphSection, sectionsOf } from "./craft.ts";
import { field, graph, model, modelOf, tensor } from "./messages.ts";
import { outcomeOf } from "./outcome.ts";

const modes: readonly Method[] = ["context", "static", "huffman"];
const data = new Uint8Array(new Float32Array(24).map((_, i) => (i % 3 === 0 ? i % 5 : 0)).buffer);
const onnx = modelOf({ dims: [4, 6], raw: data });
const hole = modelOf({ dims: [4, 6], raw: new Uint8Array(0) });

/** A small whole file; its graph is stored, which is quick. */
function small(mode: Method): Uint8Array {
  const { version, decoded, sections } = sectionsOf(encodeFile(onnx, { mode, version: 2 }));
  const esp = craft({ version, decoded, sections: [graphSection(hole), ...sections.slice(1)] });
  expect(outcomeOf(esp).file).toEqual(onnx);
  return esp;
}

const refusal = (bytes: Uint8Array) => outcomeOf(bytes).refusal;

describe("a damaged file is refused", () => {
  it.each(modes)("wherever it is cut, with %s", (mode) => {
    const esp = small(mode);
    for (let length = 0; length < esp.length; length++) {
      expect(refusal(esp.subarray(0, length)), `${length} bytes`).toMatch(
        /cut short|bytes where it says|no \.esp file|not an/,
      );
    }
  });

  it.each(modes)("whichever bit is flipped, with %s", (mode) => {
    const esp = small(mode);
    for (let bit = 0; bit < 8 * esp.length; bit++) {
      const flipped = esp.slice();
      flipped[bit >> 3] ^= 1 << (bit & 7);
      expect(refusal(flipped), `bit ${bit}`).toBeDefined();
    }
  });

  it("when more comes behind it", () => {
    expect(refusal(concat([small("context"), new Uint8Array(1)]))).toMatch(/bytes where it says/);
  });
});

describe("a header is refused", () => {
  const { decoded, sections } = sectionsOf(small("context"));
  const numbers = (...bytes: number[]) => Uint8Array.of(...bytes);
  const largest = numbers(255, 255, 255, 255, 255, 255, 255, 255, 255, 1);

  it.each<[string, Uint8Array, RegExp]>([
    [
      "of a newer version",
      craft({ decoded, sections, version: 4 }),
      /version 4 of the \.esp format, .* update espalier/,
    ],
    ["of version 255", craft({ decoded, sections, version: 255 }), /version 255/],
    ["of version 0", craft({ decoded, sections, version: 0 }), /version/],
    ["of nothing", craft({ decoded, sections: [], header: numbers() }), /has no graph/],
    ["without a section", craft({ decoded, sections: [] }), /has no graph/],
    ["that ends within a number", craft({ decoded, sections, header: numbers(0x80) }), /cut short/],
    ["with a number without end", craft({ decoded, sections, header: new Uint8Array(11).fill(255) }), /cut short/],
    [
      "with numbers that add up to more than numbers",
      craft({ decoded, sections, header: concat([numbers(1), largest, largest]) }),
      /bytes where it says/,
    ],
    ["with too many sections", craft({ decoded, sections: [...sections, new Uint8Array(0)] }), /another graph/],
    ["with too few sections", craft({ decoded, sections: sections.slice(0, 1) }), /another graph/],
    ["that says less than there is", craft({ decoded: decoded - 1, sections }), /another graph/],
    ["that says more than there is", craft({ decoded: decoded + 1, sections }), /another graph/],
    ["that says far more than there is", craft({ decoded: 2 ** 24, sections }), /another graph/],
    ["that claims more than is credible", craft({ decoded: 2 ** 24 + 1, sections }), /not credible/],
    ["that says more than there are numbers", craft({ decoded, sections, header: concat([largest, numbers(3)]) }), /./],
    ["that says more than 2 GB", craft({ decoded: 2 ** 31, sections: [new Uint8Array(2 ** 21)] }), /not credible/],
  ])("%s", (_, esp, message) => {
    expect(refusal(esp)).toMatch(message);
  });
});

describe("a graph with right checksums is refused", () => {
  const stream = sectionsOf(small("context")).sections[1];
  const withGraph = (section: Uint8Array, tensors = 1) =>
    craft({ decoded: onnx.length, sections: [section, ...new Array<Uint8Array>(tensors).fill(stream)] });
  let deep: Uint8Array = graph(tensor({ dims: [4, 6], raw: new Uint8Array(0) }));
  for (let depth = 0; depth < 100; depth++) deep = field(1, field(5, field(6, deep)));
  const empty = field(9, "");

  it.each<[string, Uint8Array]>([
    ["that is nothing", graphSection(new Uint8Array(0))],
    ["that is not a message", graphSection(new Uint8Array(100).fill(0xff))],
    ["whose field reaches beyond it", graphSection(hole.subarray(0, -3))],
    ["that is a group", graphSection(concat([Uint8Array.of(0x0b), hole]))],
    ["of fewer bytes than it says", graphSection(hole, { length: 1000 })],
    ["of text without end", graphSection(hole, { stored: false, length: 2 ** 20 + 1 })],
    ["within graphs without end", graphSection(model(deep))],
    [
      "with a shape beyond numbers",
      graphSection(modelOf({ dims: new Array(40).fill(2 ** 62), raw: new Uint8Array(0) })),
    ],
    ["with a negative shape", graphSection(modelOf({ dims: [2 ** 64 - 2048], raw: new Uint8Array(0) }))],
    ["with a terabyte", graphSection(modelOf({ dims: [2 ** 40], raw: new Uint8Array(0) }))],
    ["with a type of no known width", graphSection(modelOf({ type: 8, dims: [24], raw: new Uint8Array(0) }))],
    [
      "whose shape is cut short",
      graphSection(model(graph(concat([field(1, Uint8Array.of(0x80)), field(2, 1), empty])))),
    ],
  ])("%s", (_, section) => {
    expect(refusal(withGraph(section))).toMatch(/is damaged/);
  });

  it("with a tensor of a hundred thousand holes and as many dimensions, at once", () => {
    const dims = field(1, new Uint8Array(100_000).fill(1));
    const holes = new Uint8Array(200_000).map((_, i) => empty[i % 2]);
    const section = graphSection(model(graph(concat([dims, field(2, 1), holes]))));
    expect(refusal(withGraph(section))).toMatch(/more holes/);
    expect(refusal(withGraph(section, 10_000))).toMatch(/more holes/);
  });

  it("unless no tensor lies beside it: then it is the file, whatever it holds", () => {
    const noise = new Uint8Array(50).fill(0xff);
    expect(outcomeOf(craft({ decoded: 50, sections: [graphSection(noise)] })).file).toEqual(noise);
  });
});

describe("a tensor with right checksums is refused", () => {
  const STORED = 0;
  const CONTEXT = 1;
  const STATIC = 2;

  /** A stream that begins as `write` says. */
  function streamOf(method: number, write: (coder: RangeEncoder) => void = () => {}): Uint8Array {
    const coder = new RangeEncoder();
    coder.raw(method, 2);
    write(coder);
    return coder.finishBeforeMore();
  }

  /** A layout: sparse with its count, shift, entries, raw bits where there are no entries. */
  const layout = (coder: RangeEncoder, { count = 8, shift = 0, entries = 0, raw = 0 }) => {
    coder.raw(1, 1);
    codeNumber(coder, count);
    coder.raw(shift, 5);
    codeNumber(coder, entries);
    if (entries === 0) coder.raw(raw, 5);
  };
  const view = (coder: RangeEncoder, kernel: number, width: number) => {
    layout(coder, {});
    coder.raw(0, 1);
    codeNumber(coder, kernel - 1);
    codeNumber(coder, width - 1);
  };

  it.each<[string, Uint8Array, RegExp]>([
    ["of an unknown method", streamOf(3), /unknown method/],
    ["that is stored in fewer bytes", concat([streamOf(STORED), data.subarray(9)]), /fewer bytes/],
    [
      "with more words that are not zero than words",
      streamOf(CONTEXT, (c) => layout(c, { count: 25 })),
      /more entries/,
    ],
    [
      "with a count of more than 32 bits",
      streamOf(CONTEXT, (c) => {
        for (let bits = 0; bits < 33; bits++) c.raw(1, 1);
      }),
      /more than 32 bits/,
    ],
    ["with too long a codebook", streamOf(CONTEXT, (c) => layout(c, { entries: 4097 })), /more entries/],
    ["with more raw bits than words have", streamOf(CONTEXT, (c) => layout(c, { shift: 10, raw: 23 })), /more bits/],
    ["with kernels that do not fill it", streamOf(CONTEXT, (c) => view(c, 4, 1)), /kernels/],
    ["with lines that do not fill kernels", streamOf(CONTEXT, (c) => view(c, 6, 4)), /kernels/],
    ["with too large a kernel", streamOf(CONTEXT, (c) => view(c, 5000, 1)), /kernels/],
    [
      "with a codebook beyond its words",
      concat([streamOf(CONTEXT, (c) => layout(c, { entries: 24 })), new Uint8Array(40).fill(255)]),
      /rank|difference/,
    ],
    ["with too many values for a table", streamOf(STATIC, (c) => layout(c, { raw: 10 })), /more values than a table/],
    [
      "with too many gaps for a table",
      streamOf(STATIC, (c) => {
        layout(c, { raw: 23 });
        c.raw(15, 4);
      }),
      /more gaps/,
    ],
    [
      "with frequencies that fill no table",
      concat([
        streamOf(STATIC, (c) => {
          layout(c, { raw: 23 });
          c.raw(2, 4);
        }),
        new Uint8Array(9).fill(90),
      ]),
      /fill no table/,
    ],
    ["of nothing", new Uint8Array(0), /fewer bytes/],
  ])("%s", (_, stream, message) => {
    expect(refusal(craft({ decoded: onnx.length, sections: [graphSection(hole), stream] }))).toMatch(message);
  });

  /** A stream of version 2 that goes on as `write` says. */
  function scaledOf(write: (coder: RangeEncoder) => void): Uint8Array {
    return streamOf(3, (coder) => {
      coder.raw(0, 2);
      write(coder);
    });
  }
  const scales = (coder: RangeEncoder, count: number, inner: number, low = 0) => {
    coder.raw(20, 6);
    codeNumber(coder, count - 1);
    codeNumber(coder, inner - 1);
    coder.raw(20, 5);
    coder.raw(low, 5);
  };

  it.each<[string, Uint8Array, RegExp]>([
    ["of a further method that is unknown", streamOf(3, (c) => c.raw(3, 2)), /unknown method/],
    ["with a mean beyond its classes", scaledOf((c) => c.raw(48, 6)), /cannot be/],
    ["with scales that do not fill it", scaledOf((c) => scales(c, 5, 2)), /cannot be/],
    ["with more scales than words", scaledOf((c) => scales(c, 2 ** 31, 2 ** 31)), /cannot be/],
    ["with scales of too many bits", scaledOf((c) => scales(c, 4, 6, 13)), /cannot be/],
    ["with scales that are no numbers", concat([scaledOf((c) => scales(c, 4, 6)), new Uint8Array(9)]), /cannot be/],
    ["that is kept twice", streamOf(3, (c) => [2, 3, 2].map((bits) => c.raw(bits, 2))), /unknown method/],
    [
      "with a reference beyond all tensors",
      streamOf(3, (c) => {
        c.raw(1, 2);
        c.raw(1, 2);
        codeNumber(c, 0);
        codeNumber(c, 2 ** 27 + 1);
      }),
      /a reference beyond/,
    ],
  ])("%s, in version 2", (_, stream, message) => {
    const sections = [graphSection(hole), stream];
    expect(refusal(craft({ version: 2, decoded: onnx.length, sections }))).toMatch(message);
    expect(refusal(craft({ version: 1, decoded: onnx.length, sections }))).toMatch(/unknown method/);
  });

  it.each([
    [2, (c: RangeEncoder) => codeNumber(c, 256), /cannot be/],
    [10, () => {}, /cannot be/],
  ] as const)("as small numbers of the type %i that cannot be", (type, write, message) => {
    const narrow = modelOf({ type, dims: [80], raw: new Uint8Array(0) });
    const stream = scaledOf((c) => {
      c.raw(20, 6);
      write(c);
    });
    const sections = [graphSection(narrow), stream];
    expect(refusal(craft({ version: 2, decoded: filledSize(narrow, 1), sections }))).toMatch(message);
  });

  it.each([1, 2, 3])("with a shift as wide as its words (%s bytes)", (type) => {
    const narrow = modelOf({ type: [0, 2, 10, 5][type], dims: [40], raw: new Uint8Array(0) });
    const decoded = filledSize(narrow, 1);
    const stream = streamOf(CONTEXT, (c) => layout(c, { shift: [0, 8, 16, 31][type], entries: 1 }));
    expect(refusal(craft({ decoded, sections: [graphSection(narrow), stream] }))).toMatch(/more bits/);
  });

  it("with more words in contexts than may be, before memory is taken for them", () => {
    const graph = modelOf({ type: 2, dims: [2 ** 13, 2 ** 13 + 1], raw: new Uint8Array(0) });
    const decoded = filledSize(graph, 1);
    const stream = concat([streamOf(CONTEXT, (c) => layout(c, { count: 0 })), new Uint8Array(2 ** 16 + 100)]);
    const before = process.memoryUsage().rss;
    expect(refusal(craft({ decoded, sections: [graphSection(graph), stream] }))).toMatch(/more words in contexts/);
    expect(process.memoryUsage().rss - before).toBeLessThan(2 ** 27);
  });
});

describe("a bundle with right checksums is refused", () => {
  /** A file of version 3 whose graph is stored, and whose bundle holds all tensors and goes on as `write` says. */
  function bundleOf(write: (coder: RangeEncoder) => void, graph = hole, decoded = onnx.length): Uint8Array {
    const coder = new RangeEncoder();
    coder.raw(1, 1);
    codeNumber(coder, graph.length);
    coder.raw(1, 1);
    coder.raw(1, 1);
    write(coder);
    return craft({ version: 3, decoded, sections: [concat([coder.finishBeforeMore(), graph])] });
  }
  const head = (coder: RangeEncoder, kind: number) => {
    coder.raw(kind, 2);
    coder.raw(0, 6);
  };
  const large = modelOf({ type: 2, dims: [2 ** 11, 2 ** 11 + 1], raw: new Uint8Array(0) });

  it.each<[string, Uint8Array, RegExp]>([
    [
      "of distances between floats",
      bundleOf((c) => {
        head(c, 1);
        codeNumber(c, 0);
      }),
      /cannot be/,
    ],
    [
      "with scales that do not fill a tensor",
      bundleOf((c) => {
        head(c, 0);
        c.raw(2, 2);
        codeNumber(c, 4);
        codeNumber(c, 0);
        c.raw(0, 5);
        c.raw(0, 5);
      }),
      /cannot be/,
    ],
    [
      "without entries",
      bundleOf((c) => {
        head(c, 2);
        c.raw(0, 5);
        codeNumber(c, 0);
      }),
      /cannot be/,
    ],
    [
      "with more raw bits than words have",
      bundleOf((c) => {
        head(c, 3);
        c.raw(31, 5);
        c.raw(31, 5);
      }),
      /cannot be/,
    ],
    [
      "of images that are not square",
      bundleOf((c) => {
        head(c, 3);
        c.raw(0, 5);
        c.raw(23, 5);
        c.raw(0, 1);
        codeNumber(c, 0);
      }),
      /cannot be/,
    ],
    ["of more words than may be", bundleOf(() => {}, large, filledSize(large, 1)), /more words in a bundle/],
  ])("%s", (_, esp, message) => {
    expect(refusal(esp)).toMatch(message);
  });

  it.each<[string, Uint8Array]>([
    ["is cut short", Uint8Array.of(0x12, 0x61)],
    ["ends within a field", Uint8Array.of(0x0a, 0x05, 1, 2)],
    ["is a group", Uint8Array.of(0x0b)],
    [
      "has messages without end",
      new Uint8Array(400).map((_, i) => [0x3a, 0x0a, 0x2a, 0x32][i < 2 ? i : i % 2 ? 3 : 2]),
    ],
  ])("behind an outline that %s", (_, text) => {
    const coder = new RangeEncoder();
    coder.raw(0, 1);
    codeNumber(coder, text.length);
    coder.raw(1, 1);
    codeText(coder, text.slice(), WORDS_OF_OUTLINES);
    expect(refusal(craft({ version: 3, decoded: text.length, sections: [coder.finish()] }))).toMatch(/is damaged/);
  });
});
