/** A model's own parameters: what its JSON schema says of each, and what is wrong with a value. */
import type { ModelOffer } from '../../api/types';
import type { Trans } from '../shared/host';
import type { Errors } from './draft';

export type Value = boolean | number | string;

/** What a model's JSON schema says of one parameter. */
export interface Property {
  type?: string;
  title?: string;
  enum?: Value[];
  default?: Value;
  minimum?: number;
  maximum?: number;
  exclusiveMinimum?: number;
}
export type Properties = Readonly<Record<string, Property>>;

/** The parameters that a model has; null where that is not known, as of code of one's own. */
export function propertiesOf(offer: ModelOffer | undefined): Properties | null {
  const found = offer?.schema['properties'];
  return typeof found === 'object' && found !== null
    ? (found as Properties)
    : null;
}

/** What is wrong with a number, as it was typed, by the least and the most that a parameter takes. */
export function limitError(
  typed: string,
  value: number,
  property: Property | undefined,
  trans: Trans
): string | null {
  if (property?.minimum !== undefined && value < property.minimum) {
    return trans(
      '%1 is too small: %2 is the least it takes.',
      typed.trim(),
      property.minimum
    );
  }
  if (
    property?.exclusiveMinimum !== undefined &&
    value <= property.exclusiveMinimum
  ) {
    return trans(
      '%1 is too small: it must be above %2.',
      typed.trim(),
      property.exclusiveMinimum
    );
  }
  return property?.maximum !== undefined && value > property.maximum
    ? trans(
        '%1 is too large: %2 is the most it takes.',
        typed.trim(),
        property.maximum
      )
    : null;
}

export function valueError(
  value: Value,
  property: Property | undefined,
  trans: Trans
): string | null {
  if (property?.enum && !property.enum.includes(value)) {
    return trans(
      '%1 is not one of %2.',
      String(value),
      property.enum.join(', ')
    );
  }
  if (property?.type !== 'integer' && property?.type !== 'number') {
    return null;
  }
  if (typeof value !== 'number') {
    return trans(
      "%1 isn't a number, which this parameter takes.",
      String(value)
    );
  }
  return property.type === 'integer' && !Number.isInteger(value)
    ? trans("%1 isn't a whole number, which this parameter takes.", value)
    : limitError(String(value), value, property, trans);
}

/** What is wrong with a model's own parameters; one that is there without a value was emptied. */
export function paramErrors(
  params: Readonly<Record<string, unknown>>,
  properties: Properties | null,
  trans: Trans
): Errors {
  return Object.fromEntries(
    Object.entries(params).flatMap(([name, value]) => {
      const property = properties?.[name];
      if (property?.type !== 'integer' && property?.type !== 'number') {
        return [];
      }
      const message =
        value === undefined
          ? emptyError(property, trans)
          : valueError(value as Value, property, trans);
      return message === null ? [] : [[`model.params.${name}`, message]];
    })
  );
}

function emptyError(property: Property, trans: Trans): string {
  const example = property.default ?? property.minimum ?? 1;
  return property.type === 'integer'
    ? trans('Give a whole number, such as %1.', String(example))
    : trans('Give a number, such as %1.', String(example));
}
