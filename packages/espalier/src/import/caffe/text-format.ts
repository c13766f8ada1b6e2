import { create, type DescField, type DescMessage, type MessageShape, ScalarType } from "@bufbuild/protobuf";
import { isFieldError, type ReflectMessage, reflect } from "@bufbuild/protobuf/reflect";
import { readScalar } from "./text-scalars.ts";
import { Tokens } from "./tokens.ts";

/** Messages within messages; a network's go four deep. */
const DEEPEST = 50;

/**
 * Reads a message in protobuf's text format, the form of a prototxt.
 *
 * A field that the schema does not declare is skipped where its message has an extension range, and refused elsewhere.
 * @param source how messages name the text
 * @throws UserError with the line, when the text is not of that form
 */
export function fromText<Desc extends DescMessage>(schema: Desc, text: string, source: string): MessageShape<Desc> {
  const message = create(schema);
  readFields(new Tokens(text, source), reflect(schema, message), undefined, DEEPEST);
  return message;
}

/**
 * Reads fields up to the sign that ends their message, or to the end of the text.
 * @param message what takes the fields; undefined: they are passed over
 */
function readFields(tokens: Tokens, message: ReflectMessage | undefined, end: string | undefined, depth: number): void {
  if (depth === 0) throw tokens.error(tokens.next.line, `more than ${DEEPEST} messages lie within one another`);
  while (!ends(tokens, end)) {
    const { kind, text, line } = tokens.take();
    if (kind !== "word") throw tokens.error(line, `the name of a field must stand where "${text}" does`);
    const field = message?.fields.find(({ name }) => name === text);
    if (message && field) readField(tokens, message, field, depth);
    else if (!message || message.desc.proto.extensionRange.length > 0) skipField(tokens, depth);
    else throw tokens.error(line, `${message.desc.name} has no field "${text}" that is known here`);
    tokens.skip(",;");
  }
}

/** Whether a message is over; takes the sign that ends it. */
function ends(tokens: Tokens, end: string | undefined): boolean {
  const { kind, line } = tokens.next;
  if (kind !== "end") return end !== undefined && tokens.skip(end);
  if (end !== undefined) throw tokens.error(line, `the text ends before a "${end}": it is cut short`);
  return true;
}

function readField(tokens: Tokens, message: ReflectMessage, field: DescField, depth: number): void {
  const { line } = tokens.next;
  if (!tokens.skip(":") && !field.message) throw tokens.error(line, `":" must follow ${field.name}`);
  try {
    if (field.fieldKind === "list") {
      const list = message.get(field);
      readList(tokens, () => list.add(readValue(tokens, field, depth)));
    } else {
      if (message.isSet(field)) throw tokens.error(line, `${field.name} is given a second time`);
      message.set(field, readValue(tokens, field, depth));
    }
  } catch (error) {
    throw isFieldError(error) ? tokens.error(line, `${field.name}: ${error.message}`) : error;
  }
}

/** Passes over the value of a field that is not declared. */
function skipField(tokens: Tokens, depth: number): void {
  tokens.skip(":");
  readList(tokens, () => {
    const end = opens(tokens);
    if (end) readFields(tokens, undefined, end, depth - 1);
    else takeText(tokens);
  });
}

/** Reads one value, or several in brackets. */
function readList(tokens: Tokens, read: () => void): void {
  const many = tokens.skip("[");
  if (many && tokens.skip("]")) return;
  do read();
  while (many && tokens.skip(","));
  if (many && !tokens.skip("]")) throw tokens.error(tokens.next.line, 'a list must end with "]"');
}

function readValue(tokens: Tokens, field: DescField, depth: number): unknown {
  const { line } = tokens.next;
  if (field.message) {
    const end = opens(tokens);
    if (!end) throw tokens.error(line, `"{" must stand where "${tokens.next.text}" does`);
    const message = reflect(field.message);
    readFields(tokens, message, end, depth - 1);
    return message;
  }
  const quoted = tokens.next.kind === "string";
  const text = takeText(tokens);
  const value = quoted === (field.scalar === ScalarType.STRING) ? readScalar(field, text) : undefined;
  if (value === undefined) throw tokens.error(line, `${field.name} cannot be ${quoted ? JSON.stringify(text) : text}`);
  return value;
}

/** Takes the sign that begins a message and gives the one that ends it. */
function opens(tokens: Tokens): string | undefined {
  if (tokens.skip("{")) return "}";
  return tokens.skip("<") ? ">" : undefined;
}

/** Takes a word with its sign, or strings: those that stand side by side are one. */
function takeText(tokens: Tokens): string {
  let text = tokens.skip("-") ? "-" : "";
  const { kind, line, text: first } = tokens.take();
  if (kind !== "word" && (kind !== "string" || text))
    throw tokens.error(line, `a value must stand where "${first}" does`);
  text += first;
  if (kind === "string") while (tokens.next.kind === "string") text += tokens.take().text;
  return text;
}
