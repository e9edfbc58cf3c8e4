import * as React from 'react';
import { useRef, useState } from 'react';
import { useHost } from '../shared/host';
import { useSlash } from '../shared/slash';
import { Tabs } from '../shared/tabs';
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

  return (
    <div className="kf-Metadata" ref={root}>
      <Tabs
        label={trans('Metadata')}
        tabs={tabs}
        tab={state.tab}
        onTab={open}
        className="kf-Metadata-panel"
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
      </Tabs>
    </div>
  );
}
