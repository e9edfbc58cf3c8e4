import * as React from 'react';
import { useId } from 'react';
import { Icon } from '../shared/icons';

/** Whether a section is open, and what its head does. */
export interface Folding {
  open: boolean;
  /** Whether a field in it is at fault. */
  wrong?: boolean;
  onToggle: () => void;
}

/** A section that folds to one line, which says what was chosen in it. */
export function Fold({
  title,
  summary,
  open,
  wrong = false,
  onToggle,
  children
}: Folding & {
  title: string;
  summary: string;
  children: React.ReactNode;
}): React.ReactElement {
  const id = useId();
  return (
    <section className="kf-Fold" aria-labelledby={`${id}-title`}>
      <h3>
        <button
          className="kf-Fold-head"
          aria-expanded={open}
          onClick={onToggle}
        >
          <Icon glyph={wrong ? 'bang' : open ? 'up' : 'down'} />
          <span id={`${id}-title`}>{title}</span>
          <span className="kf-Fold-summary">{summary}</span>
        </button>
      </h3>
      {open && <div className="kf-Fold-body">{children}</div>}
    </section>
  );
}
