/** Control characters but for tab and line feed, and those that turn the direction of writing. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: these are what is looked for
const COMMANDS = /[\u0000-\u0008\u000b-\u001f\u007f-\u009f\u202a-\u202e\u2066-\u2069]/g;

/**
 * A text as a terminal shows it and does nothing else: what would move its cursor, change its colours or turn its
 * direction is written as \u001b is in JavaScript. Names of layers and files come from whoever made them.
 */
export function plain(text: string): string {
  return text.replace(COMMANDS, (letter) => `\\u${letter.charCodeAt(0).toString(16).padStart(4, "0")}`);
}
