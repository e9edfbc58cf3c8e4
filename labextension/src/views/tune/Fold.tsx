import * as React from 'react';
import { useId } from 'react';
import { Icon } from '../shared/icons';

/** A section that folds to one line, which says what was chosen in it. */
export function Fold({
  title,
  summary,
  open,
  wrong = false,
  onToggle,
  children
}: {
  title: string;
  summary: string;
  open: boolean;
  wrong?: boolean;
  onToggle: () => void;
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
