import * as React from 'react';
import { useCallback, useEffect, useMemo, useRef, useState } from 'react';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { ariaSort } from '../shared/sort';
import type { Objective, Standing } from './best';
import type { Trace, Trial } from './search';
import {
  FIRST_SORT,
  kept,
  nextSort,
  sorted,
  type Column,
  type Sort
} from './table';
import { TrialBadge } from './TrialBadge';
import { bestWords, trialName } from './words';

const ROW = 28;
const HEIGHT = 476;
/** The head and the baseline stay above the rows. */
const ABOVE = 2 * ROW;
/** Rows drawn beyond each end of what is seen. */
const BEYOND = 8;

/** All trials. Only the rows in sight are drawn, and none moves unless it is asked for. */
export function Trials({
  trials,
  traces,
  columns,
  live,
  objective,
  now,
  shown,
  sort,
  selected,
  onSort,
  onSelect
}: {
  trials: readonly Trial[];
  traces: readonly (Trace | undefined)[];
  columns: readonly Column[];
  live: boolean;
  objective: Objective;
  now: Standing;
  /** The trials that the brushes keep; null for all. */
  shown: ReadonlySet<number> | null;
  sort: Sort;
  selected: number | null;
  onSort: (sort: Sort) => void;
  onSelect: (trial: number | null) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [order, setOrder] = useState<{
    sort: Sort;
    at: number;
    numbers: number[];
  } | null>(null);
  const ended = now.done + now.failed + now.pruned;
  const snapshot = (by: Sort): void =>
    setOrder({
      sort: by,
      at: ended,
      numbers: sorted(trials, by, columns, trans)
    });
  // While trials come in, only the order of their numbers stays by itself; any other is kept as it was when asked for.
  const moving = live && sort !== FIRST_SORT;
  if (moving && trials.length > 1 && order?.sort !== sort) {
    snapshot(sort);
  }
  const rows = useMemo(() => {
    const all =
      order?.sort === sort
        ? kept(order.numbers, trials)
        : sorted(trials, sort, columns, trans);
    return shown ? all.filter(number => shown.has(number)) : all;
  }, [order, sort, trials, columns, trans, shown]);
  const byNumber = useMemo(
    () => new Map(trials.map(trial => [trial.number, trial])),
    [trials]
  );
  const stale = order?.sort === sort ? ended - order.at : 0;
  const box = useRef<HTMLDivElement>(null);
  const view = useWindow(box, rows.length);
  const [focus, setFocus] = useState<{ number: number; turn: number } | null>(
    null
  );
  useEffect(() => {
    if (focus) {
      box.current
        ?.querySelector<HTMLElement>(`[data-trial="${focus.number}"]`)
        ?.focus();
    }
  }, [focus]);

  const baseline = byNumber.get(0);
  const pinned = baseline !== undefined;
  const { first, last } = view;

  const move = (event: React.KeyboardEvent, number: number): void => {
    if (event.key === 'Escape') {
      onSelect(null);
      return;
    }
    const step =
      event.key === 'ArrowDown' ? 1 : event.key === 'ArrowUp' ? -1 : 0;
    const list = pinned ? [0, ...rows] : rows;
    const next = list[list.indexOf(number) + step];
    if (step !== 0 && next !== undefined) {
      event.preventDefault();
      view.show(rows.indexOf(next));
      setFocus(before => ({ number: next, turn: (before?.turn ?? 0) + 1 }));
    }
  };
  // One function for all renders, so that a row is drawn again only when it has changed.
  const latest = useRef(move);
  useEffect(() => {
    latest.current = move;
  });
  const onMove = useCallback(
    (event: React.KeyboardEvent, number: number) =>
      latest.current(event, number),
    []
  );
  const header = (name: string, label: string, className = '') => {
    const state = ariaSort(sort, name);
    return (
      <th key={name} scope="col" aria-sort={state} className={className}>
        <button
          onClick={() => {
            setOrder(null);
            onSort(nextSort(sort, name));
          }}
        >
          {label}
          {state !== 'none' && (
            <Icon glyph={state === 'ascending' ? 'up' : 'down'} />
          )}
        </button>
      </th>
    );
  };
  const row = (trial: Trial, index: number) => (
    <TrialRow
      key={trial.number}
      index={index}
      trial={trial}
      trace={trial.event.state === 'running' ? traces[trial.number] : undefined}
      columns={columns}
      live={live}
      best={
        trial === now.best
          ? bestWords(trial, now.baseline, objective, trans)
          : null
      }
      chosen={trial.number === selected}
      onSelect={onSelect}
      onMove={onMove}
    />
  );
  const width = columns.length + 2;
  return (
    <section className="kf-Trials-list" aria-label={trans('Trials')}>
      <div className="kf-row">
        <h3>{trans('Trials')}</h3>
        {shown && (
          <span role="status" className="kf-help">
            {trans(
              '%1 of %2 in the ranges kept',
              rows.length,
              trials.length - (pinned ? 1 : 0)
            )}
          </span>
        )}
        {stale > 0 && (
          <button className="kf-link" onClick={() => snapshot(sort)}>
            {stale === 1
              ? trans('1 trial has ended since; sort again')
              : trans('%1 trials have ended since; sort again', stale)}
          </button>
        )}
      </div>
      <div
        ref={box}
        className="kf-scroll kf-Trials-box"
        role="group"
        aria-label={trans('Trials')}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
        tabIndex={0}
        onScroll={view.onScroll}
        style={{ maxHeight: HEIGHT }}
      >
        <table
          className="kf-Table kf-mod-rows kf-Trials"
          aria-rowcount={rows.length + (pinned ? 2 : 1)}
        >
          <thead>
            <tr>
              {header('number', trans('Trial'))}
              {header('state', trans('State'))}
              {columns.map(column =>
                header(column.name, column.label, 'kf-number')
              )}
            </tr>
          </thead>
          {baseline && (
            <tbody className="kf-mod-pinned">{row(baseline, 2)}</tbody>
          )}
          <tbody>
            {first > 0 && <Spacer rows={first} width={width} />}
            {rows.slice(first, last).flatMap((number, place) => {
              const trial = byNumber.get(number);
              return trial
                ? [row(trial, first + place + (pinned ? 3 : 2))]
                : [];
            })}
            {last < rows.length && (
              <Spacer rows={rows.length - last} width={width} />
            )}
            {rows.length === 0 && (
              <tr>
                <td colSpan={width} className="kf-help">
                  {shown
                    ? trans('No trial lies in the ranges kept.')
                    : trans('No trial yet.')}
                </td>
              </tr>
            )}
          </tbody>
        </table>
      </div>
    </section>
  );
}

/** The room of rows that are not drawn. */
function Spacer({
  rows,
  width
}: {
  rows: number;
  width: number;
}): React.ReactElement {
  return (
    <tr aria-hidden="true">
      <td
        colSpan={width}
        className="kf-Trials-spacer"
        style={{ height: rows * ROW }}
      />
    </tr>
  );
}

function Row({
  index,
  trial,
  trace,
  columns,
  live,
  best,
  chosen,
  onSelect,
  onMove
}: {
  index: number;
  trial: Trial;
  trace?: Trace;
  columns: readonly Column[];
  live: boolean;
  best: string | null;
  chosen: boolean;
  onSelect: (trial: number | null) => void;
  onMove: (event: React.KeyboardEvent, number: number) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { number } = trial;
  return (
    <tr
      className={chosen ? 'kf-mod-selected' : ''}
      aria-rowindex={index}
      onClick={() => onSelect(number)}
    >
      <th scope="row">
        <button
          className="kf-link"
          data-trial={number}
          aria-pressed={chosen}
          onKeyDown={event => onMove(event, number)}
          onClick={event => {
            event.stopPropagation();
            onSelect(number);
          }}
        >
          {trialName(number, trans)}
        </button>
        {best && (
          <span className="kf-Best" title={best}>
            <Icon glyph="star" />
            {trans('Best')}
            <span className="kf-hidden">: {best}</span>
          </span>
        )}
      </th>
      <td>
        <TrialBadge trial={trial} trace={trace} live={live} />
      </td>
      {columns.map(column => (
        <td
          key={column.name}
          className="kf-number"
          title={column.title?.(trial)}
        >
          {column.text(trial)}
        </td>
      ))}
    </tr>
  );
}
const TrialRow = React.memo(Row);

/** Which rows are drawn: those in sight and some beyond. */
function useWindow(
  box: React.RefObject<HTMLDivElement>,
  count: number
): {
  first: number;
  last: number;
  onScroll: () => void;
  /** Scrolls no further than it takes to see a row. */
  show: (row: number) => void;
} {
  const [top, setTop] = useState(0);
  const [height, setHeight] = useState(HEIGHT);
  const frame = useRef<number | null>(null);
  useEffect(
    () => () => {
      if (frame.current !== null) {
        cancelAnimationFrame(frame.current);
      }
    },
    []
  );
  const onScroll = (): void => {
    frame.current ??= requestAnimationFrame(() => {
      frame.current = null;
      setTop(box.current?.scrollTop ?? 0);
      setHeight(box.current?.clientHeight || HEIGHT);
    });
  };
  const show = (row: number): void => {
    const seen = (box.current?.clientHeight || HEIGHT) - ABOVE;
    const least = (row + 1) * ROW - seen;
    const next = Math.max(least, Math.min(top, row * ROW));
    if (row >= 0 && next !== top) {
      box.current?.scrollTo?.(0, next);
      setTop(next);
    }
  };
  const first = Math.min(
    Math.max(0, Math.floor(top / ROW) - BEYOND),
    Math.max(0, count - 1)
  );
  const last = Math.min(count, Math.ceil((top + height) / ROW) + BEYOND);
  return { first, last: Math.max(first, last), onScroll, show };
}
