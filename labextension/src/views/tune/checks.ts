/** What is wrong with a search before anything is sent: the server's rules, in the words of the form. */
import { grouped } from '../shared/format';
import type { Trans } from '../shared/host';
import type { Errors } from '../train/draft';
import {
  limitError,
  valueError,
  type Properties,
  type Property
} from '../train/params';
import {
  isRange,
  optionsOf,
  toParameter,
  typedChoices,
  typedNumber,
  typesFor,
  type Row
} from './space';
import type { Method } from './types';

export const SPACE = 'tuning.space';

/** What the rows are checked against. */
export interface Against {
  /** The model's title and its parameters; null where they are not known. */
  title: string;
  properties: Properties | null;
  method: Method;
  /** The parameter that hyperband gives more and more of. */
  size: string | null;
}

/** The first thing wrong with each cell, by JSON path such as `tuning.space.2.low`. */
export function spaceErrors(
  rows: readonly Row[],
  against: Against,
  trans: Trans
): Errors {
  if (rows.length === 0) {
    return {
      [SPACE]: trans(
        'There is nothing to search. Add a parameter, or take the suggested space.'
      )
    };
  }
  const errors: Errors = {};
  rows.forEach((row, place) => {
    const add = (cell: string, message: string | null): void => {
      const path = `${SPACE}.${place}.${cell}`;
      if (message !== null && !(path in errors)) {
        errors[path] = message;
      }
    };
    add('name', nameError(row, rows.slice(0, place), against, trans));
    add('when', whenError(row, rows.slice(0, place), against, trans));
    const property = against.properties?.[row.name.trim()];
    add('type', typeError(row, property, trans));
    if (isRange(row)) {
      for (const [cell, message] of rangeErrors(row, property, trans)) {
        add(cell, message);
      }
      for (const [cell, message] of gridErrors(row, against.method, trans)) {
        add(cell, message);
      }
    } else if (row.type === 'choice') {
      add('choices', choicesError(row, property, trans));
    }
  });
  return errors;
}

function nameError(
  row: Row,
  before: readonly Row[],
  against: Against,
  trans: Trans
): string | null {
  const name = row.name.trim();
  if (!name) {
    return trans('Choose the parameter to search.');
  }
  if (before.some(other => other.name.trim() === name)) {
    return trans('%1 stands in the space twice; remove one.', name);
  }
  if (against.properties && !(name in against.properties)) {
    return trans(
      '%1 has no parameter %2. It has %3.',
      against.title,
      name,
      Object.keys(against.properties).join(', ')
    );
  }
  return against.method === 'hyperband' && name === against.size
    ? trans(
        '%1 is what hyperband gives more and more of; remove it from the space.',
        name
      )
    : null;
}

function whenError(
  row: Row,
  before: readonly Row[],
  against: Against,
  trans: Trans
): string | null {
  for (const [name, values] of Object.entries(row.when)) {
    const other = before.find(item => item.name.trim() === name);
    if (!other) {
      return trans(
        '%1 depends on %2, which must stand before it in the space. Remove the condition, or add %2 again.',
        row.name,
        name
      );
    }
    const options = optionsOf(toParameter(other, against.properties));
    if (!options) {
      return trans(
        '%1 can depend on a choice or on yes and no; %2 is a range.',
        row.name,
        name
      );
    }
    const wrong = values.find(value => !options.includes(value));
    if (wrong !== undefined) {
      return trans(
        '%1 is never %2; it is one of %3.',
        name,
        String(wrong),
        options.join(', ')
      );
    }
  }
  return null;
}

function typeError(
  row: Row,
  property: Property | undefined,
  trans: Trans
): string | null {
  if (!property || typesFor(property).includes(row.type)) {
    return null;
  }
  return property.type === 'integer'
    ? trans('%1 takes whole numbers: use the type whole number.', row.name)
    : trans('%1 takes one of some words: use the type choice.', row.name);
}

type Fault = [cell: string, message: string | null];

function rangeErrors(
  row: Row,
  property: Property | undefined,
  trans: Trans
): Fault[] {
  const cells = ['low', 'high', 'step'] as const;
  const faults = cells.map((cell): Fault => [
    cell,
    numberError(row, cell, trans)
  ]);
  if (faults.some(([, message]) => message !== null)) {
    return faults;
  }
  const low = typedNumber(row.low) ?? 0;
  const high = typedNumber(row.high) ?? 0;
  const step = typedNumber(row.step);
  if (low > high) {
    return [
      [
        'low',
        trans('Low is %1, above high, %2. Swap the two.', row.low, row.high)
      ]
    ];
  }
  if (low === high) {
    return [
      [
        'high',
        trans(
          'High must be above low; from %1 to %2 there is nothing to search.',
          row.low,
          row.high
        )
      ]
    ];
  }
  return [
    ['low', row.scale === 'log' && low <= 0 ? noLogarithm(row, trans) : null],
    ['step', stepError(row, step, high - low, trans)],
    ['low', limitError(row.low, low, property, trans)],
    ['high', limitError(row.high, high, property, trans)]
  ];
}

function noLogarithm(row: Row, trans: Trans): string {
  return trans(
    'Low must be above 0 on a log scale; %1 has no logarithm. Use for example %2.',
    row.low,
    row.type === 'int' ? 1 : 0.001
  );
}

function numberError(
  row: Row,
  cell: 'low' | 'high' | 'step',
  trans: Trans
): string | null {
  const text = row[cell].trim();
  if (text === '') {
    return cell === 'step'
      ? null
      : trans('Give both ends of the range, such as 1 and 32.');
  }
  const value = typedNumber(text);
  if (value === null) {
    return row.type === 'int'
      ? trans('"%1" isn\'t a whole number. Use digits, such as 1 or 32.', text)
      : numberWords(text, trans);
  }
  return row.type === 'int' && !Number.isInteger(value)
    ? trans("%1 isn't a whole number, which this type needs.", text)
    : null;
}

function numberWords(text: string, trans: Trans): string {
  return /^[-+−]?\d+,\d+$/.test(text)
    ? trans(
        '"%1" isn\'t a number. Use a point: %2.',
        text,
        text.replace(',', '.')
      )
    : trans('"%1" isn\'t a number. Use digits, such as 0.001 or 1e-3.', text);
}

/** The most seconds that a limit can have: a year. */
const YEAR = 31_536_000;

/** What is wrong with a time that was typed; `value` is what was read of it. */
export function timeError(
  typed: string,
  value: number | null,
  trans: Trans
): string | null {
  const text = typed.trim();
  if (value !== null && value > YEAR) {
    return trans(
      '%1 seconds are too many: a year, %2, is the most.',
      text,
      grouped(YEAR)
    );
  }
  if (value !== null && value > 0) {
    return null;
  }
  return text.includes(',')
    ? numberWords(text, trans)
    : trans('"%1" isn\'t a time in seconds, such as 600.', text);
}

function stepError(
  row: Row,
  step: number | null,
  range: number,
  trans: Trans
): string | null {
  if (step === null) {
    return null;
  }
  if (step <= 0) {
    return trans('A step must be above 0; leave it empty for none.');
  }
  if (row.scale === 'log') {
    return trans(
      'A step does not go with a log scale. Leave it empty, or use a linear scale.'
    );
  }
  return step > range
    ? trans(
        'The step, %1, is longer than the range from %2 to %3. Use at most %4, or leave it empty.',
        row.step,
        row.low,
        row.high,
        Number(range.toPrecision(12))
      )
    : null;
}

function gridErrors(row: Row, method: Method, trans: Trans): Fault[] {
  if (method !== 'grid') {
    return [];
  }
  if (row.scale === 'log') {
    return [
      [
        'scale',
        trans(
          'A grid goes in even steps: use a linear scale with a step, or the type choice.'
        )
      ]
    ];
  }
  return row.type === 'float' && row.step.trim() === ''
    ? [
        [
          'step',
          trans('A grid goes in steps: give one, or choose another method.')
        ]
      ]
    : [];
}

function choicesError(
  row: Row,
  property: Property | undefined,
  trans: Trans
): string | null {
  const values = typedChoices(row.choices, property?.type === 'string');
  const allowed = property?.enum;
  if (values.length === 0) {
    return allowed
      ? trans('Choose at least one value.')
      : trans('Give the values with commas between them, such as sqrt, log2.');
  }
  const twice = values.find((value, place) => values.indexOf(value) !== place);
  if (twice !== undefined) {
    return trans('%1 stands there twice; remove one.', String(twice));
  }
  for (const value of values) {
    const message = valueError(value, property, trans);
    if (message !== null) {
      return message;
    }
  }
  return null;
}

/** What is wrong with numbers that are each all right: the best trials must be given more, and no more than the most. */
export function resourceErrors(
  min: number,
  max: number,
  factor: number,
  trans: Trans
): Errors {
  if (min * 2 > max) {
    return {
      'tuning.resource.min': trans(
        'It must be at most half of the most, %1, so that the best trials can be given more.',
        max
      )
    };
  }
  return min * factor > max
    ? {
        'tuning.resource.factor': trans(
          'Trials that had %1 at first would go on with %2, above the most, %3. Use at most %4, or begin with less.',
          min,
          min * factor,
          max,
          Math.floor(max / min)
        )
      }
    : {};
}
