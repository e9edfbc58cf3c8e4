import * as React from 'react';
import { useId } from 'react';

interface Labelled {
  label: string;
  /** The JSON path of the value in the RunSpec. */
  path: string;
  help?: string;
  error?: string;
}

interface FieldProps extends Labelled {
  children: (props: {
    id: string;
    'data-field': string;
    'aria-describedby'?: string;
    'aria-invalid'?: true;
  }) => React.ReactNode;
}

/** A label, a control, a line of help, and the error beside it. */
export function Field(props: FieldProps): React.ReactElement {
  const id = useId();
  const described = [
    props.help ? `${id}-help` : '',
    props.error ? `${id}-error` : ''
  ]
    .filter(Boolean)
    .join(' ');
  return (
    <div className={`kf-Field${props.error ? ' kf-mod-error' : ''}`}>
      <label htmlFor={id}>{props.label}</label>
      {props.children({
        id,
        'data-field': props.path,
        ...(described ? { 'aria-describedby': described } : {}),
        ...(props.error ? { 'aria-invalid': true as const } : {})
      })}
      {props.help && (
        <span id={`${id}-help`} className="kf-help">
          {props.help}
        </span>
      )}
      {props.error && (
        <span id={`${id}-error`} className="kf-error">
          {props.error}
        </span>
      )}
    </div>
  );
}

export interface Choice<T extends string> {
  value: T;
  label: string;
}

/** A labelled select. */
export function Select<T extends string>(
  props: Labelled & {
    value: T;
    choices: Choice<T>[];
    onChange: (value: T) => void;
  }
): React.ReactElement {
  return (
    <Field {...props}>
      {given => (
        <select
          {...given}
          className="kf-select"
          value={props.value}
          onChange={event => props.onChange(event.target.value as T)}
        >
          {props.choices.map(choice => (
            <option key={choice.value} value={choice.value}>
              {choice.label}
            </option>
          ))}
        </select>
      )}
    </Field>
  );
}

/** A labelled line of text; what was typed stays as it was typed. */
export function TextField(
  props: Labelled & {
    value: string;
    onChange: (value: string) => void;
    numeric?: boolean;
    placeholder?: string;
  }
): React.ReactElement {
  return (
    <Field {...props}>
      {given => (
        <input
          {...given}
          type="text"
          inputMode={props.numeric ? 'decimal' : undefined}
          className={`kf-input${props.numeric ? ' kf-number' : ''}`}
          value={props.value}
          placeholder={props.placeholder}
          autoComplete="off"
          spellCheck={false}
          onChange={event => props.onChange(event.target.value)}
        />
      )}
    </Field>
  );
}
