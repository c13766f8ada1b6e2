import { useEffect, useState } from "preact/hooks";
import { stop } from "../state/actions.ts";
import { type Busy, busy } from "../state/studio.ts";
import { duration } from "../words.ts";

/** How far the work of a part of the page is, how long it still takes, and the way to end it. */
export function WorkLine({ about }: Pick<Busy, "about">) {
  const work = busy.value;
  if (work?.about !== about) return null;
  return <Line {...work} />;
}

function Line({ what, part, startedAt, canStop }: Busy) {
  const seconds = useSeconds(startedAt);
  const left = part !== undefined && part > 0.02 && seconds > 3 ? (seconds / part) * (1 - part) : undefined;
  return (
    <div class="work">
      <div role="status">
        {what} <span class="soft small">{seconds < 3 ? "" : timesText(seconds, left)}</span>
      </div>
      {canStop && (
        <button type="button" onClick={stop}>
          Stop
        </button>
      )}
      <progress aria-label={what} max={1} value={part} />
    </div>
  );
}

const timesText = (seconds: number, left: number | undefined) =>
  left === undefined ? duration(seconds) : `${duration(seconds)}, ${duration(left)} left`;

/** Seconds since a moment, anew each second. */
function useSeconds(since: number): number {
  const [now, setNow] = useState(performance.now());
  useEffect(() => {
    const timer = setInterval(() => setNow(performance.now()), 1000);
    return () => clearInterval(timer);
  }, []);
  return Math.max(0, (now - since) / 1000);
}
