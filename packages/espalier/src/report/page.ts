import { Html, html } from "./html.ts";
import { script } from "./reader.ts";
import { style } from "./style.ts";

/** A whole page that needs nothing else: no network, and without its script it shows the same. */
export function page(title: string, content: Html): string {
  return html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title}</title>
<style>${new Html(style)}</style>
</head>
<body><main>
${content}
</main>
<script>${new Html(script)}</script>
</body></html>
`.markup;
}
