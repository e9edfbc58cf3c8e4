import * as React from 'react';
import { useMemo, useState } from 'react';
import { moveRow } from '../shared/arrows';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { useNow } from '../shared/time';
import { ariaSort } from '../shared/sort';
import { columnsOf, nextSort, rowName, sorted, usual } from './columns';
import { steady, type Steady } from './steady';
import type { KindName, Row } from './types';

/** More rows than this are drawn on demand: the browser has to lay each of them out. */
const MANY = 300;
const TICK = 5000;

interface Drawn extends Steady {
  rows: Row[];
  reading: boolean;
}

/** The rows of a kind. They keep their places while the pointer or the focus is among them, or they are scrolled. */
export function RowTable({
  kind,
  rows,
  sort,
  selected,
  label,
  onSort,
  onSelect
}: {
  kind: KindName;
  rows: Row[];
  sort: string;
  selected: string | null;
  label: string;
  onSort: (sort: string) => void;
  onSelect: (row: Row) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const now = useNow(TICK);
  const columns = useMemo(() => columnsOf(kind, trans), [kind, trans]);
  const ordered = useMemo(
    () => sorted(rows, kind, sort, columns),
    [rows, kind, sort, columns]
  );
  const [over, setOver] = useState(false);
  const [inside, setInside] = useState(false);
  const [scrolled, setScrolled] = useState(false);
  const [all, setAll] = useState(false);
  const reading = over || inside || scrolled;
  const [drawn, setDrawn] = useState<Drawn>(() => ({
    ...steady([], ordered, false, false),
    rows: ordered,
    reading: false
  }));
  if (drawn.rows !== ordered || drawn.reading !== reading) {
    setDrawn({
      ...steady(drawn.shown, ordered, reading, kind === 'events'),
      rows: ordered,
      reading
    });
  }
  // A new order was asked for: that is the one move that is wanted.
  const reorder = (by: string): void => {
    setDrawn({ ...drawn, shown: [] });
    onSort(by);
  };
  const visible = all ? drawn.shown : drawn.shown.slice(0, MANY);
  return (
    <div
      className="kf-scroll kf-mod-fill"
      role="group"
      aria-label={label}
      // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
      tabIndex={0}
      onMouseEnter={() => setOver(true)}
      onMouseLeave={() => setOver(false)}
      onFocus={() => setInside(true)}
      onBlur={event =>
        setInside(event.currentTarget.contains(event.relatedTarget))
      }
      onScroll={event => setScrolled(event.currentTarget.scrollTop > 0)}
    >
      {drawn.waiting > 0 && (
        <div className="kf-Waiting">
          <button
            className="kf-link"
            onClick={() =>
              setDrawn({ ...drawn, ...steady([], ordered, false, false) })
            }
          >
            {drawn.waiting === 1
              ? trans('Show 1 new event')
              : trans('Show %1 new events', drawn.waiting)}
          </button>
        </div>
      )}
      <table className="kf-Table kf-mod-rows kf-Cluster-table">
        <thead>
          <tr>
            {[
              {
                name: 'name',
                label: kind === 'events' ? trans('Event') : trans('Name'),
                number: false
              },
              ...columns
            ].map(column => {
              const order = ariaSort(sort || usual(kind), column.name);
              return (
                <th
                  key={column.name}
                  scope="col"
                  aria-sort={order}
                  className={column.number ? 'kf-number' : ''}
                >
                  <button onClick={() => reorder(nextSort(sort, column.name))}>
                    {column.label}
                    {order !== 'none' && (
                      <Icon glyph={order === 'ascending' ? 'up' : 'down'} />
                    )}
                  </button>
                </th>
              );
            })}
          </tr>
        </thead>
        <tbody>
          {visible.map(({ row, gone }) => {
            const chosen = row.kind !== 'events' && row.name === selected;
            return (
              <tr
                key={row.uid}
                className={`${chosen ? 'kf-mod-selected' : ''} ${gone ? 'kf-mod-gone' : ''}`}
                onClick={() => onSelect(row)}
              >
                <th scope="row">
                  <button
                    className="kf-link kf-Row-name"
                    title={rowName(row)}
                    aria-pressed={row.kind === 'events' ? undefined : chosen}
                    data-name={row.name}
                    onKeyDown={moveRow}
                    onClick={event => {
                      event.stopPropagation();
                      onSelect(row);
                    }}
                  >
                    {rowName(row)}
                  </button>
                </th>
                {columns.map(column => (
                  <td
                    key={column.name}
                    className={`${column.number ? 'kf-number' : ''} kf-Col-${column.name}`}
                    title={column.name === 'message' ? row.text : undefined}
                  >
                    {gone && column.name === 'status' ? (
                      <span className="kf-State">{trans('Gone')}</span>
                    ) : column.cell ? (
                      column.cell(row, now)
                    ) : (
                      column.value(row)
                    )}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
      {visible.length < drawn.shown.length && (
        <p className="kf-help kf-row kf-More">
          {trans('%1 of %2.', visible.length, drawn.shown.length)}
          <button className="kf-link" onClick={() => setAll(true)}>
            {trans('Show all')}
          </button>
        </p>
      )}
    </div>
  );
}
