import * as React from 'react';
import { useEffect, useState } from 'react';
import { CopyButton } from '../shared/copy';
import { typeName } from '../shared/format';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { listCode } from './code';
import { TYPES, type MetadataState } from './state';

const PAUSE = 300;

/** Types as chips, a switch for trials, a search, and a filter expression that is applied on Enter. */
export function FilterBar({
  state,
  update
}: {
  state: MetadataState;
  update: (change: Partial<MetadataState>) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [q, setQ] = useState(state.q);
  const [filter, setFilter] = useState(state.filter);
  useEffect(() => {
    if (q === state.q) {
      return;
    }
    const timer = setTimeout(() => update({ q }), PAUSE);
    return () => clearTimeout(timer);
  }, [q, state.q, update]);
  const types = state.tab === 'lineage' ? [] : TYPES[state.tab];
  return (
    <div className="kf-Filter" role="search">
      <div className="kf-Chips" role="group" aria-label={trans('Type')}>
        {['', ...types].map(type => (
          <button
            key={type}
            className="kf-Chip"
            aria-pressed={state.type === type}
            onClick={() => update({ type })}
          >
            {type ? typeName(type) : trans('All types')}
          </button>
        ))}
      </div>
      <button
        className="kf-Chip kf-mod-apart"
        title={trans('List what trials of tuning runs have left as well')}
        aria-pressed={state.trials}
        onClick={() => update({ trials: !state.trials })}
      >
        {state.trials && <Icon glyph="check" />} {trans('Show trials')}
      </button>
      <input
        type="search"
        className="kf-input"
        aria-label={trans('Search names and properties')}
        placeholder={trans('Search ( / )')}
        value={q}
        onChange={event => setQ(event.target.value)}
        onKeyDown={event => {
          if (event.key === 'Escape' && q) {
            event.stopPropagation();
            setQ('');
          }
        }}
      />
      <input
        type="text"
        className="kf-input kf-Filter-expression"
        aria-label={trans('Filter expression')}
        placeholder={trans(
          state.tab === 'executions'
            ? 'Filter, such as type ~ "Container" and state = "COMPLETE"'
            : 'Filter, such as prop.values.accuracy > 0.9 and state = "LIVE"'
        )}
        spellCheck={false}
        autoComplete="off"
        value={filter}
        onChange={event => setFilter(event.target.value)}
        onBlur={() => filter !== state.filter && update({ filter })}
        onKeyDown={event => {
          if (event.key === 'Enter') {
            update({ filter });
          }
        }}
      />
      <CopyButton small text={listCode(state)} label={trans('Copy as code')} />
    </div>
  );
}
