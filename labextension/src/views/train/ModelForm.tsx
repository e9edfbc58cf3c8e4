import * as React from 'react';
import { useId } from 'react';
import Form from '@rjsf/core';
import type { ErrorSchema, RJSFSchema } from '@rjsf/utils';
import validator from '@rjsf/validator-ajv8';
import { useHost } from '../shared/host';
import type { Errors } from './draft';
import { paramErrors, type Properties } from './params';

const PREFIX = 'model.params.';
const UI = { 'ui:submitButtonOptions': { norender: true } };

/** A model's parameters, drawn from their JSON schema; what is wrong with each beside it, else the server's word on it. */
export default function ModelForm({
  schema,
  value,
  errors,
  onChange
}: {
  schema: RJSFSchema;
  value: Record<string, unknown> | undefined;
  errors: Errors;
  onChange: (value: Record<string, unknown>) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const id = useId();
  const properties = (schema.properties ?? null) as Properties | null;
  const own = paramErrors(value ?? {}, properties, trans);
  const shown = Object.fromEntries(
    Object.entries({ ...errors, ...own })
      .filter(([path]) => path.startsWith(PREFIX))
      .map(([path, message]) => [
        path.slice(PREFIX.length).split('.')[0],
        { __errors: [message] }
      ])
  ) as ErrorSchema;
  // The title stands over the form already.
  const fields = { ...schema, title: undefined, description: undefined };
  return (
    <Form
      className="kf-ModelForm"
      schema={fields}
      uiSchema={UI}
      idPrefix={id}
      tagName="div"
      validator={validator}
      formData={value ?? {}}
      extraErrors={shown}
      noValidate
      showErrorList={false}
      onChange={event => onChange(event.formData as Record<string, unknown>)}
    />
  );
}
