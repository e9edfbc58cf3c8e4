import * as React from 'react';
import { useState } from 'react';
import type { ApiError } from '../client';
import { moveRow } from '../shared/arrows';
import {
  brief,
  bytes,
  isNumeric,
  shortId,
  toNumber,
  typeName
} from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { Icon } from '../shared/icons';
import { Empty, Failure, Loading, Partial as Part } from '../shared/panels';
import { useRequest } from '../shared/request';
import { ariaSort } from '../shared/sort';
import { When } from '../shared/time';
import type { Page } from '../shared/types';
import {
  LIMIT,
  listPath,
  nextSort,
  type MetadataState,
  type Selected
} from './state';
import type { Artifact, Kind, Node } from './types';

type Tokens = (string | null)[];
const FIRST: Tokens = [null];

interface Column {
  name: string;
  label: string;
  cell: (node: Node) => React.ReactNode;
  number?: boolean;
}

const EVERY = 10_000;

/** One page of artifacts or executions as a table; a row opens its details beside it. */
export function NodeList({
  state,
  update,
  onSelect
}: {
  state: MetadataState;
  update: (change: Partial<MetadataState>) => void;
  onSelect: (selected: Selected) => void;
}): React.ReactElement {
  const { trans, openTrain } = useHost();
  const query = listPath(state, null);
  const [paging, setPaging] = useState({ query, tokens: FIRST });
  // Tokens belong to one query; another one starts at its first page.
  const tokens = paging.query === query ? paging.tokens : FIRST;
  const setTokens = (next: Tokens): void => setPaging({ query, tokens: next });
  const token = tokens[tokens.length - 1];
  // A later page stays as it is while it is read; the first shows what is new.
  const list = useRequest<Page<Node>>(
    listPath(state, token),
    token === null ? EVERY : undefined
  );
  const shown = list.data ?? list.last;
  const empty = shown?.items.length === 0 && tokens.length === 1;
  // Nothing there may be nothing but trials, and a filter that can't be read is refused with what was added to it: both
  // are asked once more, trials and all.
  const refused = list.error?.status === 400;
  const whole = useRequest<Page<Node>>(
    !state.trials && (refused || empty)
      ? listPath({ ...state, trials: true }, null)
      : null,
    EVERY
  );
  // What was empty says nothing of another list.
  const page =
    empty && (whole.loading || (!list.data && !list.error)) ? undefined : shown;
  const kind: Kind = state.tab === 'executions' ? 'execution' : 'artifact';
  const filtered = Boolean(state.q || state.type || state.filter);

  // A filter that can't be read belongs under the filter, and leaves the rows where they are.
  const wrong =
    list.error && refused && !whole.loading ? (
      <p className="kf-error kf-Filter-error" role="alert">
        {sentence(whole.error ?? list.error)}
      </p>
    ) : null;
  if (wrong && !shown?.items.length) {
    return wrong;
  }
  if (list.error && !shown && !refused) {
    return (
      <Failure
        error={list.error}
        what={trans('The list could not be read.')}
        retry={list.retry}
      />
    );
  }
  if (!page) {
    return <Loading what={trans('Loading the list')} rows={10} />;
  }
  if (empty) {
    if (whole.data && whole.data.total > 0) {
      return (
        <Empty
          title={
            filtered
              ? trans('Only trials match')
              : trans('Only trials are recorded here')
          }
          action={trans('Show trials')}
          onAction={() => update({ trials: true })}
        >
          {trans(
            'What trials of tuning runs have left is hidden: %1.',
            totalOf(whole.data, trans)
          )}
        </Empty>
      );
    }
    return filtered ? (
      <Empty
        title={trans('Nothing matches')}
        action={trans('Clear the filters')}
        onAction={() => update({ q: '', type: '', filter: '' })}
      >
        {trans('No %1 has what was searched for.', kind)}
      </Empty>
    ) : (
      <Empty
        title={trans('Nothing is recorded yet')}
        action={openTrain && trans('Train a model')}
        onAction={openTrain}
      >
        {trans(
          'Datasets, models and metrics appear here when a model is trained, or when a notebook records them.'
        )}
      </Empty>
    );
  }
  const columns = columnsOf(kind, trans);
  const first = (tokens.length - 1) * LIMIT + 1;
  return (
    <>
      {wrong}
      {list.error && !refused && (
        <Part retry={list.retry}>
          {trans('These are older rows: the list could not be read again.')}
        </Part>
      )}
      <Scroll label={trans('List')} fill busy={list.loading}>
        <table className="kf-Table kf-mod-rows">
          <thead>
            <tr>
              {columns.map(column => (
                <th
                  key={column.name}
                  scope="col"
                  aria-sort={ariaSort(state.sort, column.name)}
                >
                  <button
                    onClick={() =>
                      update({ sort: nextSort(state.sort, column.name) })
                    }
                  >
                    {column.label}
                    {ariaSort(state.sort, column.name) !== 'none' && (
                      <Icon
                        glyph={state.sort.startsWith('-') ? 'down' : 'up'}
                      />
                    )}
                  </button>
                </th>
              ))}
              <th scope="col">{trans('Values')}</th>
            </tr>
          </thead>
          <tbody>
            {page.items.map(node => {
              const chosen =
                state.selected?.kind === kind && state.selected.id === node.id;
              const select = (): void =>
                onSelect({ kind, id: node.id, name: node.name });
              return (
                <tr
                  key={node.id}
                  className={chosen ? 'kf-mod-selected' : ''}
                  onClick={select}
                >
                  {columns.map(column =>
                    column.name === 'name' ? (
                      <th key="name" scope="row">
                        <button
                          className="kf-link"
                          aria-pressed={chosen}
                          onKeyDown={moveRow}
                          onClick={event => {
                            event.stopPropagation();
                            select();
                          }}
                        >
                          {node.name}
                        </button>
                      </th>
                    ) : (
                      <td
                        key={column.name}
                        className={column.number ? 'kf-number' : ''}
                      >
                        {column.cell(node)}
                      </td>
                    )
                  )}
                  <td className="kf-Values">{values(node, trans)}</td>
                </tr>
              );
            })}
          </tbody>
        </table>
      </Scroll>
      <div className="kf-row kf-Pages">
        <span className="kf-number" role="status">
          {trans(
            '%1 to %2 of %3',
            first,
            first + page.items.length - 1,
            totalOf(page, trans)
          )}
        </span>
        <span className="kf-spacer" />
        <button
          className="jp-Button jp-mod-styled"
          disabled={tokens.length === 1 || refused}
          onClick={() => setTokens(tokens.slice(0, -1))}
        >
          {trans('Previous')}
        </button>
        <button
          className="jp-Button jp-mod-styled"
          disabled={!page.next_page_token || list.loading || refused}
          onClick={() => setTokens([...tokens, page.next_page_token ?? null])}
        >
          {trans('Next')}
        </button>
      </div>
    </>
  );
}

/** What the server has against the filter. */
function sentence({ fields, message }: ApiError): string {
  const text = fields.find(item => item.field === 'filter')?.message ?? message;
  return text.charAt(0).toUpperCase() + text.slice(1);
}

function totalOf(page: Page<Node>, trans: Trans): number | string {
  return page.total_exact ? page.total : trans('more than %1', page.total);
}

function columnsOf(kind: Kind, trans: Trans): Column[] {
  const common: Column[] = [
    { name: 'name', label: trans('Name'), cell: node => node.name },
    { name: 'type', label: trans('Type'), cell: node => typeName(node.type) }
  ];
  const version: Column[] =
    kind === 'artifact'
      ? [
          {
            name: 'version',
            label: trans('Version'),
            cell: node => shortId((node as Artifact).version ?? '')
          }
        ]
      : [];
  return [
    ...common,
    ...version,
    {
      name: 'state',
      label: trans('State'),
      cell: node => node.state.toLowerCase().replace(/_/g, ' ')
    },
    {
      name: 'created',
      label: trans('Created'),
      cell: node => <When time={node.created} />
    },
    {
      name: 'id',
      label: trans('Id'),
      number: true,
      cell: node => shortId(node.id)
    }
  ];
}

/** Numbers that only the record itself needs. */
const INNER = /(_id|_seq)$/;

/** The first numbers of a node: what a list of models is looked through for. */
function values(node: Node, trans: Trans): string {
  const { values: inner, best, ...rest } = node.properties;
  const all = {
    ...(isBest(best) ? { [best.metric]: best.value } : {}),
    ...(typeof inner === 'object' ? inner : {}),
    ...rest
  };
  return Object.entries(all)
    .flatMap(([name, value]) => {
      if (!isNumeric(value) || INNER.test(name)) {
        return [];
      }
      return name === 'peak_memory'
        ? [trans('memory %1', bytes(toNumber(value)))]
        : [`${name} ${brief(value)}`];
    })
    .slice(0, 3)
    .join(' · ');
}

function isBest(value: unknown): value is { metric: string; value: unknown } {
  return (
    typeof value === 'object' &&
    value !== null &&
    'metric' in value &&
    typeof value.metric === 'string' &&
    'value' in value
  );
}
