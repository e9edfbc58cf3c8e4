import * as React from 'react';
import { useHost } from './host';

/** What was printed, folded, with its number of lines. */
export function LogDrawer({
  text,
  label,
  nothing
}: {
  text: string;
  label: string;
  /** What to say where nothing was printed. */
  nothing: string;
}): React.ReactElement {
  const { trans } = useHost();
  const lines = text ? text.trimEnd().split('\n').length : 0;
  return (
    <details className="kf-Drawer">
      <summary>
        {lines === 0 ? trans('Log: empty') : trans('Log: %1 lines', lines)}
      </summary>
      <pre
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- scrolled by keyboard
        tabIndex={0}
        aria-label={label}
        role="region"
      >
        {text || nothing}
      </pre>
    </details>
  );
}
