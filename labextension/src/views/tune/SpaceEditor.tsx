import * as React from 'react';
import { useId } from 'react';
import { useHost, type Trans } from '../shared/host';
import { Icon } from '../shared/icons';
import type { Errors } from '../train/draft';
import { SPACE } from './checks';
import { Range } from './Range';
import {
  guessed,
  isRange,
  shownChoices,
  toParameter,
  toRow,
  typedChoices,
  typesFor,
  type Row
} from './space';
import type { Properties } from '../train/params';
import type { Value } from './types';

/** The parameters to search, a row each. */
export function SpaceEditor({
  rows,
  properties,
  baseline,
  errors,
  edited,
  hint,
  onRows,
  onReset
}: {
  rows: readonly Row[];
  /** What the model has; null where that is not known. */
  properties: Properties | null;
  baseline: Readonly<Record<string, unknown>>;
  errors: Errors;
  edited: boolean;
  /** What the method asks of the space, where it asks for something. */
  hint?: React.ReactNode;
  onRows: (rows: Row[]) => void;
  onReset: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const change = (id: number, to: Partial<Row>): void =>
    onRows(rows.map(row => (row.id === id ? { ...row, ...to } : row)));
  const left = Object.keys(properties ?? {}).filter(name =>
    rows.every(row => row.name !== name)
  );
  const add = (): void => {
    const name = left[0] ?? '';
    const id = Math.max(-1, ...rows.map(row => row.id)) + 1;
    onRows([...rows, toRow(guessed(name, properties?.[name]), id)]);
  };
  return (
    <section
      className="kf-Space"
      data-field={SPACE}
      aria-label={trans('Search space')}
    >
      <div className="kf-row">
        <h3>{trans('Search space')}</h3>
        <span className="kf-spacer" />
        {edited && (
          <button className="kf-link" onClick={onReset}>
            {trans('Back to the suggested space')}
          </button>
        )}
      </div>
      {errors[SPACE] && (
        <p className="kf-error" role="alert">
          {errors[SPACE]}
        </p>
      )}
      {hint}
      {rows.length > 0 && (
        <div className="kf-Space-head" aria-hidden="true">
          <span>{trans('Parameter')}</span>
          <span>{trans('Type')}</span>
          <span>{trans('Low')}</span>
          <span>{trans('High')}</span>
          <span>{trans('Step')}</span>
          <span>{trans('Scale')}</span>
          <span>{trans('Range')}</span>
          <span />
        </div>
      )}
      <ul className="kf-List kf-Space-rows">
        {rows.map((row, place) => (
          <SpaceRow
            key={row.id}
            row={row}
            place={place}
            properties={properties}
            names={left}
            baseline={baseline[row.name]}
            errors={errors}
            onChange={to => change(row.id, to)}
            onRemove={() => onRows(rows.filter(other => other.id !== row.id))}
          />
        ))}
      </ul>
      <div className="kf-row">
        <button
          className="jp-Button jp-mod-styled"
          disabled={properties !== null && left.length === 0}
          onClick={add}
        >
          {trans('Add a parameter')}
        </button>
        {properties !== null && left.length === 0 && (
          <span className="kf-help">
            {trans('All parameters of the model are in the space.')}
          </span>
        )}
      </div>
    </section>
  );
}

function typeWord(type: Row['type'], trans: Trans): string {
  const words: Record<Row['type'], string> = {
    float: trans('number'),
    int: trans('whole number'),
    choice: trans('choice'),
    bool: trans('yes or no')
  };
  return words[type];
}

interface RowProps {
  row: Row;
  place: number;
  properties: Properties | null;
  /** Names that are in no row. */
  names: readonly string[];
  baseline: unknown;
  errors: Errors;
  onChange: (to: Partial<Row>) => void;
  onRemove: () => void;
}

function SpaceRow(props: RowProps): React.ReactElement {
  const { row, place, properties, names, errors, onChange, onRemove } = props;
  const { trans } = useHost();
  const id = useId();
  const property = properties?.[row.name];
  const at = `${SPACE}.${place}`;
  const wrong = Object.keys(errors).filter(
    path => path === at || path.startsWith(`${at}.`)
  );
  const name = row.name || trans('parameter %1', place + 1);
  const cell = (field: string, label: string) => {
    const path = `${at}.${field}`;
    return {
      'aria-label': trans('%1 of %2', label, name),
      'data-field': path,
      ...(errors[path]
        ? {
            'aria-invalid': true as const,
            'aria-describedby': `${id}-${field}`
          }
        : {})
    };
  };
  const types = typesFor(property);
  return (
    <li
      className={`kf-Space-row${wrong.length > 0 ? ' kf-mod-error' : ''}`}
      data-field={at}
    >
      <Cell label={trans('Parameter')} area="name">
        {properties ? (
          <select
            {...cell('name', trans('Name'))}
            className="kf-select"
            value={row.name}
            onChange={event => {
              const next = event.target.value;
              onChange({
                ...toRow(guessed(next, properties[next]), row.id),
                when: row.when
              });
            }}
          >
            {[row.name, ...names].filter(unique).map(option => (
              <option key={option} value={option}>
                {option || trans('Choose')}
              </option>
            ))}
          </select>
        ) : (
          <input
            {...cell('name', trans('Name'))}
            className="kf-input"
            value={row.name}
            placeholder={trans('name')}
            autoComplete="off"
            spellCheck={false}
            onChange={event => onChange({ name: event.target.value })}
          />
        )}
      </Cell>
      <Cell label={trans('Type')} area="type">
        <select
          {...cell('type', trans('Type'))}
          className="kf-select"
          value={row.type}
          onChange={event =>
            onChange({ type: event.target.value as Row['type'] })
          }
        >
          {[...types, row.type].filter(unique).map(type => (
            <option key={type} value={type}>
              {typeWord(type, trans)}
            </option>
          ))}
        </select>
      </Cell>
      {isRange(row) ? (
        <>
          {(['low', 'high', 'step'] as const).map(field => (
            <Cell key={field} label={rangeWord(field, trans)} area={field}>
              <input
                {...cell(field, rangeWord(field, trans))}
                className="kf-input kf-number"
                inputMode="decimal"
                autoComplete="off"
                spellCheck={false}
                value={row[field]}
                placeholder={field === 'step' ? trans('none') : undefined}
                onChange={event => onChange({ [field]: event.target.value })}
              />
            </Cell>
          ))}
          <Cell label={trans('Scale')} area="scale">
            <select
              {...cell('scale', trans('Scale'))}
              className="kf-select"
              value={row.scale}
              onChange={event =>
                onChange({ scale: event.target.value as Row['scale'] })
              }
            >
              <option value="linear">{trans('linear')}</option>
              <option value="log">{trans('log')}</option>
            </select>
          </Cell>
        </>
      ) : (
        <Cell label={trans('Values')} area="values">
          <Choices {...props} cell={cell('choices', trans('Values'))} />
        </Cell>
      )}
      <span className="kf-Space-range">
        <Range
          parameter={toParameter(row, properties)}
          baseline={props.baseline}
        />
      </span>
      <button
        className="kf-link kf-Space-remove"
        aria-label={trans('Remove %1', name)}
        title={trans('Remove %1', name)}
        onClick={onRemove}
      >
        <Icon glyph="cross" />
      </button>
      {Object.keys(row.when).length > 0 && (
        <span className="kf-Space-note" data-field={`${at}.when`}>
          {whenWords(row.when, trans)}{' '}
          <button className="kf-link" onClick={() => onChange({ when: {} })}>
            {trans('Always search it')}
            <span className="kf-hidden"> ({name})</span>
          </button>
        </span>
      )}
      {wrong.map(path => (
        <span
          key={path}
          id={`${id}-${path.slice(at.length + 1)}`}
          className="kf-error kf-Space-note"
        >
          {errors[path]}
        </span>
      ))}
    </li>
  );
}

/** A control with its label, which stands over the column where there is room for columns. */
function Cell({
  label,
  area,
  children
}: {
  label: string;
  area: string;
  children: React.ReactNode;
}): React.ReactElement {
  return (
    <span className={`kf-Space-cell kf-mod-${area}`}>
      <span className="kf-Space-label" aria-hidden="true">
        {label}
      </span>
      {children}
    </span>
  );
}

/** The values of a choice: ticked where the model says what there is, else typed. */
function Choices({
  row,
  properties,
  onChange,
  cell
}: RowProps & {
  cell: { 'aria-label': string; 'data-field': string };
}): React.ReactElement {
  const { trans } = useHost();
  const allowed = properties?.[row.name]?.enum;
  if (row.type === 'bool') {
    return (
      <span className="kf-help" role="group" {...cell}>
        {trans('yes and no')}
      </span>
    );
  }
  if (!allowed) {
    return (
      <input
        {...cell}
        className="kf-input"
        autoComplete="off"
        spellCheck={false}
        placeholder={trans('values, with commas')}
        value={row.choices}
        onChange={event => onChange({ choices: event.target.value })}
      />
    );
  }
  const chosen = typedChoices(row.choices, true);
  const toggle = (value: Value): void =>
    onChange({
      choices: shownChoices(
        allowed.filter(item =>
          item === value ? !chosen.includes(item) : chosen.includes(item)
        )
      )
    });
  return (
    <span className="kf-Chips" role="group" {...cell}>
      {allowed.map(value => (
        <button
          key={String(value)}
          className="kf-Chip"
          aria-pressed={chosen.includes(value)}
          onClick={() => toggle(value)}
        >
          {String(value)}
        </button>
      ))}
    </span>
  );
}

function rangeWord(field: 'low' | 'high' | 'step', trans: Trans): string {
  const words = {
    low: trans('Low'),
    high: trans('High'),
    step: trans('Step')
  };
  return words[field];
}

/** `Only where kernel is rbf or poly.` */
function whenWords(when: Row['when'], trans: Trans): string {
  const parts = Object.entries(when).map(([name, values]) =>
    trans('%1 is %2', name, values.map(String).join(trans(' or ')))
  );
  return trans('Only where %1.', parts.join(trans(' and ')));
}

function unique<T>(value: T, place: number, all: readonly T[]): boolean {
  return all.indexOf(value) === place;
}
