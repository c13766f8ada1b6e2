import { useEffect, useState } from "preact/hooks";
import { take } from "../state/actions.ts";
import { filesIn } from "../state/files.ts";
import { versions } from "../state/studio.ts";
import { Bench } from "./bench.tsx";
import { DropPage } from "./drop-page.tsx";
import { Saying } from "./saying.tsx";
import { Top } from "./top.tsx";

/** The page. Files can be dropped anywhere on it. */
export function Studio() {
  const over = useDrops();
  return (
    <div class={over ? "over" : undefined}>
      <Top />
      {versions.value.length === 0 ? <DropPage /> : <Bench />}
      <Saying />
    </div>
  );
}

/** Takes what is dropped; returns true while something is held over the page. */
function useDrops(): boolean {
  const [over, setOver] = useState(false);
  useEffect(() => {
    const onOver = (event: DragEvent) => {
      event.preventDefault();
      setOver(true);
    };
    const onLeave = (event: DragEvent) => {
      if (event.relatedTarget === null) setOver(false);
    };
    const onDrop = (event: DragEvent) => {
      event.preventDefault();
      setOver(false);
      if (event.dataTransfer) void filesIn(event.dataTransfer).then(take);
    };
    addEventListener("dragover", onOver);
    addEventListener("dragleave", onLeave);
    addEventListener("drop", onDrop);
    return () => {
      removeEventListener("dragover", onOver);
      removeEventListener("dragleave", onLeave);
      removeEventListener("drop", onDrop);
    };
  }, []);
  return over;
}
