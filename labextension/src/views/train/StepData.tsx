import * as React from 'react';
import { useId, useState } from 'react';
import { bytes } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { Failure, Loading } from '../shared/panels';
import type { Loaded } from '../shared/request';
import type { Page } from '../shared/types';
import { Field, TextField } from '../shared/field';
import type { StepProps } from './StepProps';
import { taskWord } from './steps';
import type { DatasetOffer } from './offers';

/** Choosing the data: a set that ships with scikit-learn, or a file of the workspace. */
export function StepData({
  draft,
  errors,
  update,
  datasets,
  profile
}: StepProps & { datasets: Loaded<Page<DatasetOffer>> }): React.ReactElement {
  const { trans } = useHost();
  const group = useId();
  const offers = (datasets.data ?? datasets.last)?.items ?? [];
  const choose = (uri: string): void =>
    update({ uri, target: '', task: 'auto', by: '' });
  return (
    <>
      <fieldset
        className="kf-Cards"
        data-field={offers.length ? 'dataset.uri' : undefined}
      >
        <legend>{trans('Dataset')}</legend>
        {datasets.loading && offers.length === 0 && (
          <Loading what={trans('Loading the list of datasets')} rows={4} />
        )}
        {datasets.error && (
          <Failure
            error={datasets.error}
            what={trans('The list of datasets could not be read.')}
            retry={datasets.retry}
          />
        )}
        {offers.map(offer => (
          <label key={offer.uri} className="kf-Card">
            <input
              type="radio"
              name={group}
              checked={draft.uri === offer.uri}
              onChange={() => choose(offer.uri)}
            />
            <span className="kf-Card-title">{offer.name}</span>
            <span className="kf-help">{describe(offer, trans)}</span>
          </label>
        ))}
      </fieldset>
      <PathField
        key={draft.uri}
        uri={offers.some(offer => offer.uri === draft.uri) ? '' : draft.uri}
        error={errors['dataset.uri']}
        onPath={choose}
      />
      <TextField
        label={trans('Name of the run')}
        path="name"
        value={draft.name}
        error={errors['name']}
        help={trans('Optional. It is how the run is listed.')}
        onChange={name => update({ name })}
      />
      {profile.error && (
        <Failure
          error={profile.error}
          what={trans('This dataset could not be read.')}
          retry={profile.retry}
        />
      )}
    </>
  );
}

function describe(offer: DatasetOffer, trans: Trans): string {
  const facts = [
    offer.kind === 'file' ? offer.uri : trans('ships with scikit-learn'),
    offer.task ? trans('predicts %1', taskWord(offer.task, trans)) : '',
    typeof offer.bytes === 'number' ? bytes(offer.bytes) : ''
  ];
  return facts.filter(Boolean).join(' · ');
}

/** A typed path is read when it is complete: on Enter, or when the field is left. */
function PathField({
  uri,
  error,
  onPath
}: {
  uri: string;
  error?: string;
  onPath: (uri: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [typed, setTyped] = useState(uri);
  const commit = (): void => {
    if (typed.trim() && typed.trim() !== uri) {
      onPath(typed.trim());
    }
  };
  return (
    <Field
      label={trans('Or the path of a file in your workspace')}
      path="dataset.uri"
      help={trans('CSV or parquet, such as data/churn.csv. Enter reads it.')}
      error={error}
    >
      {given => (
        <input
          {...given}
          type="text"
          className="kf-input"
          value={typed}
          placeholder="data/churn.csv"
          autoComplete="off"
          spellCheck={false}
          onChange={event => setTyped(event.target.value)}
          onBlur={commit}
          onKeyDown={event => {
            if (event.key === 'Enter') {
              commit();
            }
          }}
        />
      )}
    </Field>
  );
}
