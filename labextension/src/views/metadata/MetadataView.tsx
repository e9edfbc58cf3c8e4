import * as React from 'react';
import { useId, useRef, useState } from 'react';
import { useHost } from '../shared/host';
import { useSlash } from '../shared/slash';
import { Details } from './Details';
import { FilterBar } from './FilterBar';
import { LineageTab } from './LineageTab';
import { NodeList } from './NodeList';
import {
  restoreMetadata,
  START,
  type MetadataState,
  type Selected,
  type Tab
} from './state';

/** Everything that was recorded: datasets, models, metrics, the executions between them, and their lineage. */
export function MetadataView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (state: MetadataState) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const id = useId();
  const [state, setState] = useState(() => restoreMetadata(stored));
  const [trail, setTrail] = useState<Selected[]>([]);
  const root = useRef<HTMLDivElement>(null);
  const update = (change: Partial<MetadataState>): void => {
    const next = { ...state, ...change };
    setState(next);
    onState?.(next);
  };
  const select = (selected: Selected | null): void => {
    setTrail([]);
    update({ selected });
  };
  // Following lineage leaves breadcrumbs; a click on one goes back to it.
  const follow = (next: Selected): void => {
    const at = trail.findIndex(
      item => item.kind === next.kind && item.id === next.id
    );
    setTrail(
      at >= 0
        ? trail.slice(0, at)
        : state.selected
          ? [...trail, state.selected]
          : []
    );
    update({ selected: next });
  };
  useSlash(root);

  const tabs: [Tab, string][] = [
    ['artifacts', trans('Artifacts')],
    ['executions', trans('Executions')],
    ['lineage', trans('Lineage')]
  ];
  const open = (tab: Tab): void =>
    update(
      tab === 'lineage'
        ? { tab }
        : {
            ...START,
            tab,
            selected: state.selected,
            q: state.q,
            trials: state.trials
          }
    );
  const step = (event: React.KeyboardEvent): void => {
    const by = { ArrowRight: 1, ArrowLeft: -1 }[event.key];
    if (by === undefined) {
      return;
    }
    event.preventDefault();
    const at = tabs.findIndex(([tab]) => tab === state.tab);
    const [next] = tabs[(at + by + tabs.length) % tabs.length];
    open(next);
    document.getElementById(`${id}-${next}`)?.focus();
  };

  return (
    <div className="kf-Metadata" ref={root}>
      <div className="kf-Tabs" role="tablist" aria-label={trans('Metadata')}>
        {tabs.map(([tab, label]) => (
          <button
            key={tab}
            id={`${id}-${tab}`}
            role="tab"
            aria-selected={state.tab === tab}
            aria-controls={`${id}-panel`}
            tabIndex={state.tab === tab ? 0 : -1}
            onClick={() => open(tab)}
            onKeyDown={step}
          >
            {label}
          </button>
        ))}
      </div>
      <div
        id={`${id}-panel`}
        className="kf-Metadata-panel"
        role="tabpanel"
        aria-labelledby={`${id}-${state.tab}`}
      >
        {state.tab === 'lineage' ? (
          <LineageTab
            selected={state.selected}
            onSelect={follow}
            onList={() => open('artifacts')}
          />
        ) : (
          <div className="kf-Metadata-list">
            <FilterBar
              key={`${state.tab}-filter`}
              state={state}
              update={update}
            />
            <NodeList
              key={`${state.tab}-list`}
              state={state}
              update={update}
              onSelect={select}
            />
          </div>
        )}
        {state.selected && (
          <Details
            key={`${state.selected.kind}:${state.selected.id}`}
            selected={state.selected}
            trail={trail}
            onFollow={follow}
            onClose={() => select(null)}
            onLineage={() => update({ tab: 'lineage' })}
          />
        )}
      </div>
    </div>
  );
}
