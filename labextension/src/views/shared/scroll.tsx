import * as React from 'react';

/** A box for what may be wider or longer than its place: the page itself never scrolls sideways. */
export function Scroll({
  label,
  fill = false,
  busy,
  children
}: {
  label: string;
  fill?: boolean;
  busy?: boolean;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <div
      className={`kf-scroll${fill ? ' kf-mod-fill' : ''}`}
      role="group"
      aria-label={label}
      aria-busy={busy}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
      tabIndex={0}
    >
      {children}
    </div>
  );
}
