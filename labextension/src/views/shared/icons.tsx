import * as React from 'react';

const PATHS = {
  check: 'M3 8.5l3.2 3.2L13 4.8',
  cross: 'M4 4l8 8M12 4l-8 8',
  bang: 'M8 3v6.5M8 12.4v.6',
  dot: 'M8 6.2a1.8 1.8 0 110 3.6 1.8 1.8 0 010-3.6z',
  play: 'M5 3.5l7.5 4.5L5 12.5z',
  pause: 'M5.5 3.5v9M10.5 3.5v9',
  stop: 'M4 4h8v8H4z',
  lock: 'M4 7.5h8V13H4zM5.5 7.5V5.4a2.5 2.5 0 015 0v2.1',
  clock: 'M8 2.5a5.5 5.5 0 110 11 5.5 5.5 0 010-11zM8 5v3.2l2.2 1.4',
  up: 'M4.5 9.5L8 6l3.5 3.5',
  star: 'M8 2.2l1.8 3.7 4 .6-2.9 2.8.7 4L8 11.4l-3.6 1.9.7-4L2.2 6.5l4-.6z',
  down: 'M4.5 6.5L8 10l3.5-3.5'
} as const;

export type Glyph = keyof typeof PATHS;

/** A small line drawing in the colour of the text; always beside a word, so hidden from screen readers. */
export function Icon({ glyph }: { glyph: Glyph }): React.ReactElement {
  return (
    <svg
      className="kf-icon"
      viewBox="0 0 16 16"
      width="14"
      height="14"
      aria-hidden="true"
      focusable="false"
    >
      <path d={PATHS[glyph]} />
    </svg>
  );
}
