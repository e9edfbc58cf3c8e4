import * as React from 'react';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { kindWord } from './kinds';
import type { KindCount, KindName } from './types';

/** The kinds with how many there are; a lock where they may not be seen. */
export function KindList({
  kinds,
  present,
  onOpen
}: {
  kinds: KindCount[];
  present: KindName;
  onOpen: (kind: KindName) => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <nav className="kf-Kinds" aria-label={trans('Kinds')}>
      <ul>
        {kinds.map(({ name, count, missing, message }) => (
          <li key={name}>
            <button
              className="kf-Kind"
              aria-current={name === present}
              title={missing?.message ?? message}
              onKeyDown={move}
              onClick={() => onOpen(name)}
            >
              <span>{kindWord(name, trans)}</span>
              <span className="kf-number">
                {count ?? (
                  <>
                    <Icon glyph={missing ? 'lock' : 'bang'} />
                    <span className="kf-hidden">
                      {missing ? trans('not allowed') : trans('not known')}
                    </span>
                  </>
                )}
              </span>
            </button>
          </li>
        ))}
      </ul>
    </nav>
  );
}

/** Arrows go up and down the kinds. */
function move(event: React.KeyboardEvent<HTMLElement>): void {
  const item = event.currentTarget.closest('li');
  const next = ['ArrowDown', 'ArrowRight'].includes(event.key)
    ? item?.nextElementSibling
    : ['ArrowUp', 'ArrowLeft'].includes(event.key)
      ? item?.previousElementSibling
      : null;
  const button = next?.querySelector('button');
  if (button) {
    event.preventDefault();
    button.focus();
  }
}
