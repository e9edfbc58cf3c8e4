import * as React from 'react';
import { absolute } from '../shared/format';

const MINUTE = 60;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;
const YEAR = 365 * DAY;

/** A time span as kubectl prints it: `90s`, `5m30s`, `36h`, `5d3h`, `2y40d`. */
export function age(milliseconds: number): string {
  const seconds = Math.max(0, Math.floor(milliseconds / 1000));
  const minutes = Math.floor(seconds / MINUTE);
  const hours = Math.floor(seconds / HOUR);
  const days = Math.floor(seconds / DAY);
  const years = Math.floor(seconds / YEAR);
  if (seconds < 2 * MINUTE) {
    return `${seconds}s`;
  }
  if (minutes < 10) {
    return two(minutes, 'm', seconds % MINUTE, 's');
  }
  if (hours < 3) {
    return `${minutes}m`;
  }
  if (hours < 8) {
    return two(hours, 'h', minutes % 60, 'm');
  }
  if (hours < 48) {
    return `${hours}h`;
  }
  if (days < 8) {
    return two(days, 'd', hours % 24, 'h');
  }
  if (days < 2 * 365) {
    return `${days}d`;
  }
  return years < 8 ? two(years, 'y', days % 365, 'd') : `${years}y`;
}

function two(
  first: number,
  unit: string,
  second: number,
  part: string
): string {
  return second ? `${first}${unit}${second}${part}` : `${first}${unit}`;
}

/** How long ago, with the date on hover. `until` stops the clock. */
export function Age({
  time,
  now,
  until
}: {
  time: string | null;
  now: number;
  until?: string | null;
}): React.ReactElement {
  if (!time) {
    return <span>–</span>;
  }
  const end = until ? Date.parse(until) : now;
  return (
    <time dateTime={time} title={absolute(time)}>
      {age(end - Date.parse(time))}
    </time>
  );
}
