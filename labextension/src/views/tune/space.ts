/** The space as it is edited: rows of text, what they mean, and what a suggested one looks like. */
import { propertiesOf, type Properties, type Property } from '../train/params';
import type { Method, ModelOffer, Parameter, Params, Value } from './types';

/** One dimension as it was typed. */
export interface Row {
  /** Its own as long as it is edited; what is sent has only its place. */
  id: number;
  name: string;
  type: Parameter['type'];
  low: string;
  high: string;
  step: string;
  scale: 'linear' | 'log';
  choices: string;
  when: Record<string, Value[]>;
}

/** The parameter that counts a model's trees, which hyperband may give more and more of. */
export function sizeOf(offer: ModelOffer | undefined): string | null {
  const properties = propertiesOf(offer) ?? {};
  const named = ['n_estimators', 'max_iter'].find(name => name in properties);
  return offer?.resources.includes('trees') ? (named ?? null) : null;
}

const NUMBER = /^[-+]?(\d+\.?\d*|\.\d+)(e[-+]?\d+)?$/i;

/** The number that was typed; null if it is none. */
export function typedNumber(text: string): number | null {
  const plain = text.trim().replace('−', '-');
  const value = Number(plain);
  return NUMBER.test(plain) && Number.isFinite(value) ? value : null;
}

/** The values between commas; a comma or a number inside quotes is text. */
export function typedChoices(text: string, words = false): Value[] {
  const found = text.match(/\s*"(?:[^"\\]|\\.)*"\s*(?=,|$)|[^,]+/g) ?? [];
  return found.flatMap((piece): Value[] => {
    const plain = piece.trim();
    if (plain === '') {
      return [];
    }
    if (/^".*"$/s.test(plain)) {
      return [unquoted(plain)];
    }
    if (words) {
      return [plain];
    }
    if (plain === 'true' || plain === 'false') {
      return [plain === 'true'];
    }
    return [typedNumber(plain) ?? plain];
  });
}

function unquoted(text: string): string {
  try {
    return JSON.parse(text) as string;
  } catch {
    return text.slice(1, -1);
  }
}

/** Values as one types them. */
export function shownChoices(values: readonly Value[]): string {
  return values
    .map(value => {
      const plain = String(value);
      const again = typedChoices(plain);
      return again.length === 1 && again[0] === value
        ? plain
        : JSON.stringify(value);
    })
    .join(', ');
}

export function toRow(parameter: Parameter, id: number): Row {
  const typed = (value: number | null | undefined): string =>
    value === null || value === undefined ? '' : String(value);
  return {
    id,
    name: parameter.name,
    type: parameter.type,
    low: typed(parameter.low),
    high: typed(parameter.high),
    step: typed(parameter.step),
    scale: parameter.scale ?? 'linear',
    choices: shownChoices(parameter.choices ?? []),
    when: parameter.when ?? {}
  };
}

export function isRange(row: Pick<Row, 'type'>): boolean {
  return row.type === 'int' || row.type === 'float';
}

/** What a row means, as far as it can be read. */
export function toParameter(
  row: Row,
  properties: Properties | null
): Parameter {
  const conditional =
    Object.keys(row.when).length > 0 ? { when: row.when } : {};
  const name = row.name.trim();
  if (!isRange(row)) {
    const words = properties?.[name]?.type === 'string';
    return {
      name,
      type: row.type,
      ...(row.type === 'choice'
        ? { choices: typedChoices(row.choices, words) }
        : {}),
      ...conditional
    };
  }
  const step = typedNumber(row.step);
  return {
    name,
    type: row.type,
    low: typedNumber(row.low),
    high: typedNumber(row.high),
    ...(step === null ? {} : { step }),
    scale: row.scale,
    ...conditional
  };
}

/** The types that a parameter can be searched as. */
export function typesFor(property: Property | undefined): Row['type'][] {
  switch (property?.type) {
    case 'integer':
      return ['int', 'choice'];
    case 'number':
      return ['float', 'int', 'choice'];
    case 'string':
      return ['choice'];
    case 'boolean':
      return ['bool', 'choice'];
    default:
      return ['float', 'int', 'choice', 'bool'];
  }
}

/** A first guess at a range for a parameter that was added by hand: around its default, inside what it may be. */
export function guessed(
  name: string,
  property: Property | undefined
): Parameter {
  const type = typesFor(property)[0];
  if (type === 'bool') {
    return { name, type };
  }
  if (type === 'choice') {
    return { name, type, choices: property?.enum ?? [] };
  }
  const middle = typeof property?.default === 'number' ? property.default : 0;
  const least = property?.minimum ?? property?.exclusiveMinimum ?? 0;
  const most = property?.maximum ?? Infinity;
  if (type === 'int') {
    const low = Math.max(least, 1, Math.floor(middle / 4));
    return {
      name,
      type,
      low,
      high: Math.min(most, Math.max(low + 9, middle * 4))
    };
  }
  return middle > 0 && least >= 0
    ? {
        name,
        type,
        low: tidy(middle / 10),
        high: Math.min(most, tidy(middle * 10)),
        scale: 'log'
      }
    : { name, type, low: Math.max(least, 0), high: Math.min(most, 1) };
}

/** Few digits, as a person would choose them. */
function tidy(value: number): number {
  return Number(value.toPrecision(2));
}

/** The space that a model suggests, without what hyperband itself gives. */
export function offered(
  offer: ModelOffer | undefined,
  resource: string | undefined
): Parameter[] {
  const size = resource === 'trees' ? sizeOf(offer) : null;
  return (offer?.space ?? []).filter(parameter => parameter.name !== size);
}

/** The same as rows, made to fit the method: steps for a grid. */
export function suggested(
  offer: ModelOffer | undefined,
  method: Method,
  resource: string
): Row[] {
  return offered(offer, resource)
    .map(parameter => (method === 'grid' ? forGrid(parameter) : parameter))
    .map(toRow);
}

const FEW = 4;

/** The same dimension with few values, evenly spread on its scale, so that a grid over it stays small. */
export function forGrid(parameter: Parameter): Parameter {
  const { low, high, type } = parameter;
  if (
    type === 'choice' ||
    type === 'bool' ||
    typeof low !== 'number' ||
    typeof high !== 'number'
  ) {
    return parameter;
  }
  if (parameter.scale === 'log' && low > 0) {
    const rate = (high / low) ** (1 / (FEW - 1));
    const values = Array.from({ length: FEW }, (_, place) => {
      const value = place === FEW - 1 ? high : low * rate ** place;
      return type === 'int' ? Math.round(value) : tidy(value);
    });
    const { name, when } = parameter;
    return {
      name,
      type: 'choice',
      choices: [...new Set(values)],
      ...(when ? { when } : {})
    };
  }
  if (
    typeof parameter.step === 'number' ||
    (type === 'int' && high - low < 2 * FEW)
  ) {
    return parameter;
  }
  const step = (high - low) / FEW;
  return {
    ...parameter,
    step: type === 'int' ? Math.max(1, Math.round(step)) : tidy(step)
  };
}

/** The values of a choice or a bool, in order; null for a range. */
export function optionsOf(parameter: Parameter): Value[] | null {
  return parameter.type === 'bool'
    ? [false, true]
    : parameter.type === 'choice'
      ? (parameter.choices ?? [])
      : null;
}

/** How many values a parameter can have; Infinity for a range without steps. */
export function valuesOf(parameter: Parameter): number {
  const options = optionsOf(parameter);
  if (options) {
    return options.length;
  }
  const { low, high, step, type } = parameter;
  if (typeof low !== 'number' || typeof high !== 'number' || high < low) {
    return 0;
  }
  const stride = step ?? (type === 'int' ? 1 : null);
  // The last step counts although 0.1 + 0.2 is a little more than 0.3.
  return stride ? Math.floor((high - low) / stride + 1e-9) + 1 : Infinity;
}

/** How many combinations a grid goes through, those left out that `when` makes the same. */
export function combinations(space: readonly Parameter[]): number {
  const deciding = new Set(space.flatMap(item => Object.keys(item.when ?? {})));
  const count = (
    place: number,
    chosen: Readonly<Record<string, Value>>
  ): number => {
    const parameter = space[place];
    if (!parameter) {
      return 1;
    }
    const active = Object.entries(parameter.when ?? {}).every(
      ([name, values]) => name in chosen && values.includes(chosen[name])
    );
    if (!active) {
      return count(place + 1, chosen);
    }
    const options = optionsOf(parameter);
    if (!options || !deciding.has(parameter.name)) {
      return valuesOf(parameter) * count(place + 1, chosen);
    }
    return options.reduce<number>(
      (sum, value) =>
        sum + count(place + 1, { ...chosen, [parameter.name]: value }),
      0
    );
  };
  return space.length === 0 ? 0 : count(0, {});
}

/**
 * The space of a run: what it was told, else what its trials show, as a run that was not told takes the suggested one.
 * `trials` are the parameters of each trial but the baseline, which has all of the model's.
 */
export function searched(
  told: readonly Parameter[] | null | undefined,
  trials: readonly Params[]
): Parameter[] {
  if (told) {
    return [...told];
  }
  const values = new Map<string, Set<Value>>();
  for (const params of trials) {
    for (const [name, value] of Object.entries(params)) {
      const seen = values.get(name) ?? new Set();
      values.set(name, seen.add(value));
    }
  }
  return [...values].map(([name, seen]) =>
    [...seen].every(value => typeof value === 'number')
      ? { name, type: 'float' as const }
      : { name, type: 'choice' as const, choices: [...seen].sort() }
  );
}
