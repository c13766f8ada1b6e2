import type { ComponentChildren } from "preact";

interface SectionProps {
  readonly id: string;
  readonly title: string;
  readonly lead: string;
  /** Whether it is what the page is about. */
  readonly top?: boolean;
  readonly children: ComponentChildren;
}

/** A part of the page with its heading, and what it is for in a sentence. */
export function Section({ id, title, lead, top = false, children }: SectionProps) {
  return (
    <section aria-labelledby={id}>
      <div class="head">
        {top ? <h1 id={id}>{title}</h1> : <h2 id={id}>{title}</h2>}
        <p>{lead}</p>
      </div>
      <div class="stack">{children}</div>
    </section>
  );
}
