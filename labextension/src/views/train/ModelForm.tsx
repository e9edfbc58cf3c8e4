import * as React from 'react';
import { useId } from 'react';
import Form from '@rjsf/core';
import type { ErrorSchema, RJSFSchema } from '@rjsf/utils';
import validator from '@rjsf/validator-ajv8';
import type { Errors } from './draft';

const PREFIX = 'model.params.';
const UI = { 'ui:submitButtonOptions': { norender: true } };

/** A model's parameters, drawn from their JSON schema; the server's word on each beside it. */
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
  const id = useId();
  const extra = Object.fromEntries(
    Object.entries(errors)
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
      extraErrors={extra}
      liveValidate
      showErrorList={false}
      onChange={event => onChange(event.formData as Record<string, unknown>)}
    />
  );
}
