import * as React from 'react';
import type { Trans } from '../shared/host';
import { Age } from './age';
import { Badge } from './Badge';
import type { KindName, Row } from './types';

export interface Column {
  name: string;
  label: string;
  number?: boolean;
  /** What is sorted by. */
  value: (row: Row) => string | number;
  /** What is shown, where that is not the value. */
  cell?: (row: Row, now: number) => React.ReactNode;
}

type Of<K extends KindName> = Extract<Row, { kind?: K }>;

/** The columns of a kind after the name: first the status, then as kubectl has them. */
export function columnsOf(kind: KindName, trans: Trans): Column[] {
  const status: Column = {
    name: 'status',
    label: trans('Status'),
    value: row => row.status,
    cell: row => <Badge status={row.status} mood={row.mood} />
  };
  const created: Column = {
    name: 'age',
    label: trans('Age'),
    number: true,
    // Ascending is from the youngest on, as the ages themselves go.
    value: row => -Date.parse(row.created ?? ''),
    cell: (row, now) => <Age time={row.created} now={now} />
  };
  const ready: Column = {
    name: 'ready',
    label: trans('Ready'),
    value: row => ('ready' in row ? row.ready : '')
  };
  const images: Column = {
    name: 'images',
    label: trans('Image'),
    value: row => ('images' in row ? row.images.join(', ') : ''),
    cell: row => ('images' in row ? <Images images={row.images} /> : null)
  };
  switch (kind) {
    case 'pods':
      return [
        status,
        ready,
        count<'pods'>('restarts', trans('Restarts'), row => row.restarts),
        created,
        text<'pods'>('node', trans('Node'), row => row.node),
        images
      ];
    case 'deployments':
      return [
        status,
        ready,
        count<'deployments'>(
          'updated',
          trans('Up to date'),
          row => row.up_to_date
        ),
        count<'deployments'>(
          'available',
          trans('Available'),
          row => row.available
        ),
        created,
        images
      ];
    case 'statefulsets':
      return [status, ready, created, images];
    case 'services':
      return [
        status,
        text<'services'>('type', trans('Type'), row => row.type),
        text<'services'>('address', trans('Address'), row => row.address),
        text<'services'>('ports', trans('Ports'), row => row.ports),
        created
      ];
    case 'jobs':
      return [
        status,
        text<'jobs'>(
          'completions',
          trans('Completions'),
          row => row.completions
        ),
        {
          name: 'duration',
          label: trans('Duration'),
          number: true,
          value: row => span(row as Of<'jobs'>),
          cell: (row, now) => {
            const { started, ended } = row as Of<'jobs'>;
            return <Age time={started} now={now} until={ended} />;
          }
        },
        created,
        images
      ];
    case 'pvcs':
      return [
        status,
        text<'pvcs'>('capacity', trans('Capacity'), row => row.capacity),
        text<'pvcs'>('modes', trans('Access'), row => row.modes),
        text<'pvcs'>('class', trans('Storage class'), row => row.storage_class),
        text<'pvcs'>('volume', trans('Volume'), row => row.volume),
        created
      ];
    case 'events':
      return [
        {
          name: 'last',
          label: trans('Last seen'),
          number: true,
          value: row => -Date.parse((row as Of<'events'>).last ?? ''),
          cell: (row, now) => (
            <Age time={(row as Of<'events'>).last} now={now} />
          )
        },
        status,
        count<'events'>('count', trans('Count'), row => row.count),
        {
          name: 'message',
          label: trans('Message'),
          value: row => row.text ?? '',
          cell: row => <span className="kf-Message">{row.text}</span>
        }
      ];
  }
}

function text<K extends KindName>(
  name: string,
  label: string,
  value: (row: Of<K>) => string
): Column {
  return { name, label, value: row => value(row as Of<K>) };
}

function count<K extends KindName>(
  name: string,
  label: string,
  value: (row: Of<K>) => number
): Column {
  return { name, label, number: true, value: row => value(row as Of<K>) };
}

function span({ started, ended }: Of<'jobs'>): number {
  return (ended ? Date.parse(ended) : Date.now()) - Date.parse(started ?? '');
}

/** The images by their last part, in full on hover. */
function Images({ images }: { images: string[] }): React.ReactElement {
  return (
    <span title={images.join('\n')}>
      {images.map(image => image.split('/').pop()).join(', ')}
    </span>
  );
}

/** The name of a row's object; an event's own name says nothing. */
export function rowName(row: Row): string {
  return row.kind === 'events'
    ? `${row.reason} · ${row.object.kind.toLowerCase()}/${row.object.name}`
    : row.name;
}

/** Whether a row has what was searched for, in any of its words. */
export function matches(row: Row, q: string): boolean {
  const wanted = q.trim().toLowerCase();
  if (!wanted) {
    return true;
  }
  const words = Object.entries(row).flatMap(([key, value]) =>
    ['uid', 'version', 'kind', 'mood', 'created', 'object_uid'].includes(key)
      ? []
      : [typeof value === 'object' ? JSON.stringify(value) : String(value)]
  );
  return [rowName(row), ...words].join('\n').toLowerCase().includes(wanted);
}

/** By name; events from the newest on. */
export function usual(kind: KindName): string {
  return kind === 'events' ? 'last' : 'name';
}

/** Rows in the order of a sort such as `-restarts`. */
export function sorted(
  rows: Row[],
  kind: KindName,
  sort: string,
  columns: Column[]
): Row[] {
  const down = sort.startsWith('-');
  const wanted = sort.replace('-', '') || usual(kind);
  const value = columns.find(({ name }) => name === wanted)?.value ?? rowName;
  return [...rows].sort((a, b) => {
    const [first, second] = [value(a), value(b)];
    const order =
      typeof first === 'number' && typeof second === 'number'
        ? first - second
        : String(first).localeCompare(String(second), 'en', { numeric: true });
    return (down ? -order : order) || a.uid.localeCompare(b.uid);
  });
}

/** What a click on a column's head leads to: up, down, as usual. */
export function nextSort(sort: string, column: string): string {
  return sort === column ? `-${column}` : sort === `-${column}` ? '' : column;
}
