import { type Html, html } from "./html.ts";

/** The numbers that a report begins with, each with what it is. */
export function headline(figures: readonly (readonly [value: string, label: string])[]): Html {
  return html`<dl class="figures">${figures.map(([value, label]) => html`<div class="figure"><dt>${label}</dt><dd>${value}</dd></div>`)}</dl>`;
}

/** The command that a report is about, as it was given. */
export function commandLine(command: string): Html {
  // A line ends between words, and not behind the hyphens of a flag.
  const words = command
    .split(/(?<= )/)
    .map((word) => (word.startsWith("-") ? html`<span>${word}</span>` : html`${word}`));
  return html`<p><code class="command">${words}</code></p>`;
}

/** What was asked, in words. */
export function askedSection(settings: readonly (readonly [name: string, value: string])[]): Html {
  return html`<h2>What was asked</h2>
<dl class="asked">${settings.map(([name, value]) => html`<dt>${name}</dt><dd>${value}</dd>`)}</dl>`;
}

/** 14,233 as "14.2 kB": three digits. */
export function bytesText(bytes: number): string {
  const [size, unit] = bytes < 1000 ? [bytes, "B"] : bytes < 1e6 ? [bytes / 1e3, "kB"] : [bytes / 1e6, "MB"];
  return `${digits(size)} ${unit}`;
}

/** A number with so many digits at most. */
export function digits(value: number, most = 3): string {
  return value.toLocaleString("en-US", { maximumSignificantDigits: most });
}
