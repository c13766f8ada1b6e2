import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { UserError } from "../../src/errors.ts";
import { NetParameterSchema, PoolingParameter_PoolMethod } from "../../src/import/caffe/caffe_pb.ts";
import { fromText } from "../../src/import/caffe/text-format.ts";

const read = (text: string) => fromText(NetParameterSchema, text, "net.prototxt");
const layer = (text: string) => read(`layer { ${text} }`).layer[0];

describe("protobuf text", () => {
  it("has fields, messages and lists", () => {
    const net = read(`
      name: "net"   # the name
      input: "a" input: 'b'
      input_dim: 1 input_dim: -3 input_dim: 0x10 input_dim: 010
      input_shape { dim: [1, 2, 3] dim: 4 }
      layer { name: "one" bottom: "x" convolution_param { kernel_size: 3 bias_term: false } }
      layer: { name: "two", type: "Pooling"; pooling_param < pool: AVE stride: 2 > }
    `);
    expect([net.name, net.input, net.inputDim]).toEqual(["net", ["a", "b"], [1n, -3n, 16n, 8n]]);
    expect(net.inputShape[0].dim).toEqual([1n, 2n, 3n, 4n]);
    expect(net.layer.map(({ name }) => name)).toEqual(["one", "two"]);
    expect(net.layer[0].convolutionParam).toMatchObject({ kernelSize: [3], biasTerm: false, group: 1 });
    expect(net.layer[1].poolingParam).toMatchObject({ pool: PoolingParameter_PoolMethod.AVE, stride: 2, pad: 0 });
  });

  it("is spaced in any way", () => {
    const squeezed = 'layer{name:"a"lrn_param{alpha:1e-4beta:.5}}#end';
    // A number ends where a sign or space stands, so words must be apart.
    expect(() => read(squeezed)).toThrow(/alpha cannot be 1e-4beta/);
    expect(read('layer{name:"a"lrn_param{alpha:1e-4 beta:.5}}#end').layer[0].lrnParam).toMatchObject({
      alpha: 1e-4,
      beta: 0.5,
    });
    expect(read('\r\n\tlayer\n{\nname\n:\n"a"\n}\n\n').layer[0].name).toBe("a");
    expect(read("").layer).toEqual([]);
  });

  it("has strings with escapes, and strings side by side are one", () => {
    expect(read(String.raw`name: "a\"b\n\x41\101" 'c"d'`).name).toBe('a"b\nAAc"d');
    expect(read("name: '# no comment'").name).toBe("# no comment");
  });

  it.each<[string, number]>([
    ["1", 1],
    ["-2.5", -2.5],
    ["- 2.5", -2.5],
    ["1e-05", 1e-5],
    ["5.", 5],
    [".25f", 0.25],
    ["1E+2", 100],
  ])("reads the number %s", (text, value) => {
    expect(layer(`power_param { shift: ${text} }`).powerParam?.shift).toBe(value);
  });

  it.each(["true", "1", "t", "True"])("reads %s as true", (text) => {
    expect(layer(`scale_param { bias_term: ${text} }`).scaleParam?.biasTerm).toBe(true);
  });

  it("skips what the schema leaves open, whatever it holds", () => {
    const net = read(`
      solver_mode: GPU
      extra { a: 1 b: "two" "three" c { d: [1, -2.5, x] e < f: 'g' > } h: [{ i: 1 }, { i: 2 }] }
      list: []
      layer { name: "a" blobs_lr: 1 param { lr_mult: 2 name: "w" } convolution_param { weight_filler { type: "msra" std: 1 } } }
    `);
    expect(net.layer[0]).toMatchObject({ name: "a", param: [{ name: "w" }] });
  });

  it.each<[string, string, RegExp]>([
    [
      "a field that would change the layer",
      "layer {\n convolution_param {\n kernel: 3 } }",
      /line 3: ConvolutionParameter has no field "kernel"/,
    ],
    ["a word for a number", "layer { convolution_param { pad: same } }", /line 1: pad cannot be same/],
    ["a fraction for a whole number", "layer { convolution_param { pad: 1.5 } }", /pad cannot be 1.5/],
    ["a negative size", "layer { convolution_param { pad: -1 } }", /pad/],
    ["a size beyond 32 bits", "layer { convolution_param { pad: 4294967296 } }", /pad/],
    ["a number beyond 64 bits", "input_dim: 9223372036854775808", /input_dim/],
    ["a thousand digits", `input_dim: ${"9".repeat(1000)}`, /input_dim cannot be/],
    ["an unknown choice", "layer { pooling_param { pool: MEAN } }", /pool cannot be MEAN/],
    ["a string for a choice", 'layer { pooling_param { pool: "MAX" } }', /pool cannot be "MAX"/],
    ["a word for a string", "name: net", /name cannot be net/],
    ["a value twice", 'name: "a"\nname: "b"', /line 2: name is given a second time/],
    ["no colon", 'name "a"', /":" must follow name/],
    ["no value", "name: }", /a value must stand where "}" does/],
    ["a message without its brace", "layer: 3", /"{" must stand where "3" does/],
    ["a brace that does not end", 'layer { name: "a"', /the text ends before a "}": it is cut short/],
    ["the wrong brace", 'layer { name: "a" >', /the name of a field must stand where ">" does/],
    ["a brace too many", "layer { } }", /the name of a field must stand where "}" does/],
    ["a list that does not end", "input_dim: [1, 2", /a list must end with "]"/],
    ["a string that does not end", 'name: "a\n"', /line 1: a string does not end on its line/],
    ["a string that ends in an escape", 'name: "a\\', /a string does not end/],
    ["a sign that is none", "name: $", /"\$" is not protobuf text/],
  ])("refuses %s", (_, text, message) => {
    expect(() => read(text)).toThrow(UserError);
    expect(() => read(text)).toThrow(message);
    expect(() => read(text)).toThrow(/^net\.prototxt, line \d+: [^\n]*\.$/);
  });

  it("refuses messages without end within one another, known or not", () => {
    expect(() => read("a {".repeat(100_000))).toThrow(/more than 50 messages/);
    expect(() => read("layer { input_param { shape { dim: 1 } } } a: [".repeat(1) + "[".repeat(100))).toThrow(
      UserError,
    );
  });

  it("is read however long its spaces, comments, words and strings are", () => {
    const million = 1_000_000;
    const text = `${" ".repeat(million)}#${"x".repeat(million)}\n${"#\n".repeat(100_000)}name: "${"a".repeat(million)}"`;
    expect(read(text).name.length).toBe(million);
  });

  it("of any characters gives a message or one sentence", () => {
    const words = [
      "layer",
      "name",
      "input_dim",
      "convolution_param",
      ":",
      "{",
      "}",
      "<",
      ">",
      "[",
      "]",
      ",",
      '"a"',
      "1",
      "-",
      "#",
      "\n",
      " ",
    ];
    const text = fc.oneof(
      fc.string({ maxLength: 40 }),
      fc.array(fc.constantFrom(...words), { maxLength: 30 }).map((all) => all.join(" ")),
    );
    fc.assert(
      fc.property(text, (any) => {
        try {
          read(any);
        } catch (error) {
          expect(error).toBeInstanceOf(UserError);
        }
      }),
      { numRuns: 2000, seed: 1 },
    );
  });
});
