import * as React from 'react';
import { useEffect, useState } from 'react';
import { absolute, ago, duration } from './format';
import { useHost } from './host';

/** The present moment, renewed every `every` ms while `running` and seen. */
export function useNow(every: number, running = true): number {
  const { visible } = useHost();
  const [now, setNow] = useState(() => Date.now());
  useEffect(() => {
    if (!running || !visible) {
      return;
    }
    const timer = setInterval(() => setNow(Date.now()), every);
    return () => clearInterval(timer);
  }, [every, running, visible]);
  return now;
}

/** A relative time with the absolute one on hover. */
export function When({ time }: { time: string }): React.ReactElement {
  const { trans } = useHost();
  const now = useNow(30_000);
  return (
    <time dateTime={time} title={absolute(time)}>
      {ago(time, now, trans)}
    </time>
  );
}

/** What a run took so far, or altogether. */
export function Elapsed({
  started,
  ended
}: {
  started?: string | null;
  ended?: string | null;
}): React.ReactElement {
  const now = useNow(1000, Boolean(started) && !ended);
  if (!started) {
    return <span className="kf-number">–</span>;
  }
  const end = ended ? Date.parse(ended) : now;
  return (
    <span className="kf-number">{duration(end - Date.parse(started))}</span>
  );
}
