import * as React from 'react';
import { useMemo, useRef, useState } from 'react';
import { CopyButton } from '../shared/copy';
import { useHost } from '../shared/host';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import { useRequest } from '../shared/request';
import { useSlash } from '../shared/slash';
import { ApiError } from '../client';
import { matches } from './columns';
import { Drawer } from './Drawer';
import { KindList } from './KindList';
import { kindWord, listOf } from './kinds';
import { listCommand } from './kubectl';
import { NoCluster } from './NoCluster';
import { RowTable } from './RowTable';
import { restoreCluster, type ClusterState } from './state';
import type { KindName, Missing, Overview, Row } from './types';
import { useRows, type Rows } from './useRows';

const EVERY = 5000;

/** What the notebook's account sees of its namespace: kinds, their objects live, and each in detail. */
export function ClusterView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (state: ClusterState) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [state, setState] = useState(() => restoreCluster(stored));
  const root = useRef<HTMLDivElement>(null);
  const overview = useRequest<Overview>('cluster', EVERY);
  const found = overview.data;
  useSlash(root);
  const update = (change: globalThis.Partial<ClusterState>): void => {
    const next = { ...state, ...change };
    setState(next);
    onState?.(next);
  };
  if (!found) {
    return overview.error ? (
      <Failure
        error={overview.error}
        what={trans('The cluster could not be asked.')}
        retry={overview.retry}
      />
    ) : (
      <Loading what={trans('Looking for a cluster')} rows={10} />
    );
  }
  if (found.state === 'none') {
    return <NoCluster reason={found.message ?? ''} retry={overview.retry} />;
  }
  if (found.state === 'unreachable') {
    return (
      <Failure
        error={new ApiError(found.message ?? '', 503)}
        what={trans('The cluster does not answer.')}
        retry={overview.retry}
      />
    );
  }
  return (
    <div className="kf-Cluster" ref={root}>
      <header className="kf-Cluster-head">
        <h2>{found.namespace}</h2>
        <span className="kf-help" title={found.server}>
          {found.account && trans('as %1', shortAccount(found.account))}
        </span>
      </header>
      {overview.error && (
        <Partial retry={overview.retry}>
          {trans('The counts may be old: the server did not answer.')}
        </Partial>
      )}
      <div className="kf-Cluster-body">
        <KindList
          kinds={found.kinds}
          present={state.kind}
          onOpen={kind => update({ kind, selected: null, q: '', sort: '' })}
        />
        <Objects
          key={state.kind}
          state={state}
          update={update}
          overview={found}
          root={root}
        />
      </div>
    </div>
  );
}

function Objects({
  state,
  update,
  overview,
  root
}: {
  state: ClusterState;
  update: (change: globalThis.Partial<ClusterState>) => void;
  overview: Overview;
  root: React.RefObject<HTMLDivElement>;
}): React.ReactElement {
  const { trans } = useHost();
  const { kind, q, selected } = state;
  const namespace = overview.namespace ?? '';
  const live = useRows(kind);
  const all = useMemo(
    () => (live.rows ? [...live.rows.values()] : []),
    [live.rows]
  );
  const rows = useMemo(() => all.filter(row => matches(row, q)), [all, q]);
  const word = kindWord(kind, trans);
  const open = (to: KindName, name: string): void =>
    update(
      to === kind
        ? { selected: name }
        : { kind: to, selected: name, q: '', sort: '' }
    );
  const select = (row: Row): void => {
    if (row.kind !== 'events') {
      update({ selected: row.name });
      return;
    }
    const to = listOf(row.object.kind);
    if (to && to !== 'events') {
      update({
        kind: to,
        selected: row.object.name,
        tab: 'events',
        q: '',
        sort: ''
      });
    }
  };
  const close = (): void => {
    const name = selected;
    update({ selected: null });
    root.current
      ?.querySelector<HTMLElement>(`[data-name="${CSS.escape(name ?? '')}"]`)
      ?.focus();
  };
  return (
    <>
      <div className="kf-Cluster-list">
        <div className="kf-Filter" role="search">
          <input
            type="search"
            className="kf-input"
            aria-label={trans('Filter %1', word)}
            placeholder={trans('Filter ( / )')}
            value={q}
            onChange={event => update({ q: event.target.value })}
            onKeyDown={event => {
              if (event.key === 'Escape' && q) {
                event.stopPropagation();
                update({ q: '' });
              }
            }}
          />
          <span className="kf-help kf-number" role="status">
            {live.rows &&
              (q
                ? trans('%1 of %2', rows.length, all.length)
                : trans('%1 in all', all.length))}
          </span>
          <CopyButton
            small
            text={listCommand(kind, namespace)}
            label={trans('Copy as kubectl')}
          />
        </div>
        <Listed
          live={live}
          rows={rows}
          state={state}
          update={update}
          namespace={namespace}
          onSelect={select}
        />
      </div>
      {selected && (
        <Drawer
          key={`${kind}/${selected}`}
          kind={kind}
          name={selected}
          row={all.find(row => row.name === selected)}
          listed={live.fault ? false : live.rows ? true : undefined}
          namespace={namespace}
          ownPod={overview.own_pod ?? ''}
          tab={state.tab}
          onTab={tab => update({ tab })}
          onOpen={open}
          onClose={close}
        />
      )}
    </>
  );
}

/** The list in whichever of its states it is. */
function Listed({
  live,
  rows,
  state,
  update,
  namespace,
  onSelect
}: {
  live: Rows;
  rows: Row[];
  state: ClusterState;
  update: (change: globalThis.Partial<ClusterState>) => void;
  namespace: string;
  onSelect: (row: Row) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { kind, q } = state;
  const word = kindWord(kind, trans);
  const { fault } = live;
  if (!live.rows) {
    if (fault?.missing) {
      return <Forbidden missing={fault.missing} word={word} />;
    }
    return fault ? (
      <Failure
        error={new ApiError(fault.message, 503)}
        what={trans('%1 could not be read. They are tried again.', word)}
      />
    ) : !live.connected ? (
      <Failure
        error={new ApiError('', 0)}
        what={trans('%1 could not be read. They are tried again.', word)}
      />
    ) : (
      <Loading what={trans('Loading %1', word)} rows={10} />
    );
  }
  const old = fault
    ? fault.message
    : live.connected
      ? ''
      : trans('The connection is lost; it is opened again by itself.');
  return (
    <>
      {old && <Partial>{trans('These rows may be old. %1', old)}</Partial>}
      {live.rows.size === 0 ? (
        <Empty title={trans('No %1 in %2', word, namespace)}>
          {EMPTY_TEXT(trans)[kind]}
        </Empty>
      ) : rows.length === 0 ? (
        <Empty
          title={trans('Nothing matches')}
          action={trans('Clear the filter')}
          onAction={() => update({ q: '' })}
        >
          {trans('None of the %1 %2 has “%3”.', live.rows.size, word, q)}
        </Empty>
      ) : (
        <RowTable
          key={q}
          kind={kind}
          rows={rows}
          sort={state.sort}
          selected={state.selected}
          label={word}
          onSort={sort => update({ sort })}
          onSelect={onSelect}
        />
      )}
    </>
  );
}

/** What the account lacks, and how whoever runs the cluster sees it. */
function Forbidden({
  missing,
  word
}: {
  missing: Missing;
  word: string;
}): React.ReactElement {
  const { trans } = useHost();
  const { verb, resource, group, namespace } = missing;
  const what = group ? `${resource}.${group}` : resource;
  const command = `kubectl auth can-i ${verb} ${what} -n ${namespace}`;
  return (
    <div className="kf-Failure" role="alert">
      <p className="kf-Failure-title">
        {trans('You may not see %1 here.', word)}
      </p>
      <p>{missing.message}</p>
      <p>
        {trans(
          'Whoever runs the cluster can grant it. This says whether it is granted; it is tried again by itself:'
        )}
      </p>
      <p className="kf-row">
        <code className="kf-Command">{command}</code>
        <CopyButton small text={command} label={trans('Copy')} />
      </p>
    </div>
  );
}

const EMPTY_TEXT = (
  trans: (text: string) => string
): Record<KindName, React.ReactNode> => {
  const make = (what: string, command: string): React.ReactNode => (
    <>
      {what} <code>{command}</code>
    </>
  );
  return {
    pods: make(
      trans('A pod is one running copy of an image. Start one in a terminal:'),
      'kubectl run try --image=IMAGE'
    ),
    deployments: make(
      trans(
        'A deployment keeps copies of a pod running. Make one in a terminal:'
      ),
      'kubectl create deployment web --image=IMAGE'
    ),
    statefulsets: trans(
      'A StatefulSet keeps pods with a name and volume of their own. It is made from a YAML file with kubectl apply.'
    ),
    services: make(
      trans(
        'A service gives pods one name and address. Make one in a terminal:'
      ),
      'kubectl expose deployment web --port=80'
    ),
    jobs: make(
      trans('A job runs a pod to its end. Make one in a terminal:'),
      'kubectl create job try --image=IMAGE -- COMMAND'
    ),
    pvcs: trans(
      'A volume claim is storage that outlives pods. The form that starts a notebook makes them.'
    ),
    events: trans(
      'Events tell what Kubernetes does with objects. It keeps them for about an hour; new ones appear here.'
    )
  };
};

/** A service account by its own name: the namespace is said already. */
function shortAccount(account: string): string {
  return account.replace(/^system:serviceaccount:[^:]+:/, '');
}
