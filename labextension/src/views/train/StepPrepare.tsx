import * as React from 'react';
import { Select, type Choice } from '../shared/field';
import { useHost } from '../shared/host';
import type { Draft } from './draft';
import type { StepProps } from './StepProps';

type Preprocess = Draft['preprocess'];

/** How columns become numbers; fitted on the training part only. */
export function StepPrepare({
  draft,
  errors,
  update,
  profile
}: StepProps): React.ReactElement {
  const { trans } = useHost();
  const set = <K extends keyof Preprocess>(key: K, value: Preprocess[K]) =>
    update({ preprocess: { ...draft.preprocess, [key]: value } });
  const select = <K extends Exclude<keyof Preprocess, 'drop'>>(
    key: K,
    label: string,
    choices: Choice<Preprocess[K]>[]
  ): React.ReactElement => (
    <Select
      label={label}
      path={`preprocess.${key}`}
      value={draft.preprocess[key]}
      choices={choices}
      error={errors[`preprocess.${key}`]}
      onChange={value => set(key, value)}
    />
  );
  const features = (profile.data?.columns ?? [])
    .map(column => column.name)
    .filter(name => name !== draft.target);
  return (
    <>
      <p className="kf-help">
        {trans(
          'Each of these is learnt from the training part alone, then applied to the others.'
        )}
      </p>
      <div className="kf-Fields">
        {select('missing', trans('Missing values'), [
          { value: 'auto', label: trans('Automatic') },
          { value: 'median', label: trans('Median') },
          { value: 'mean', label: trans('Mean') },
          { value: 'most_frequent', label: trans('Most frequent value') },
          { value: 'none', label: trans('Leave them') }
        ])}
        {select('scale', trans('Numbers'), [
          { value: 'auto', label: trans('Automatic') },
          { value: 'none', label: trans('As they are') },
          { value: 'standard', label: trans('Mean 0, deviation 1') },
          { value: 'minmax', label: trans('From 0 to 1') },
          { value: 'robust', label: trans('By quartiles') },
          { value: 'squash', label: trans('Squashed, for long tails') }
        ])}
        {select('categories', trans('Categories'), [
          { value: 'auto', label: trans('Automatic') },
          { value: 'onehot', label: trans('One column each') },
          { value: 'ordinal', label: trans('Numbered') },
          { value: 'target', label: trans('By mean of the target') },
          { value: 'drop', label: trans('Leave out') }
        ])}
        {select('dates', trans('Dates'), [
          { value: 'auto', label: trans('Year, month, day …') },
          { value: 'drop', label: trans('Leave out') }
        ])}
        {select('text', trans('Text'), [
          { value: 'string', label: trans('By its letters') },
          { value: 'minhash', label: trans('Min-hash, quick') },
          { value: 'gap', label: trans('By topics, slow') },
          { value: 'drop', label: trans('Leave out') }
        ])}
        {select('outliers', trans('Outliers'), [
          { value: 'none', label: trans('Leave them') },
          { value: 'clip', label: trans('Clip') }
        ])}
      </div>
      {features.length > 0 && (
        <fieldset className="kf-Checks" data-field="preprocess.drop">
          <legend>{trans('Columns to leave out')}</legend>
          {features.map(name => (
            <label key={name}>
              <input
                type="checkbox"
                checked={draft.preprocess.drop.includes(name)}
                onChange={event =>
                  set(
                    'drop',
                    event.target.checked
                      ? [...draft.preprocess.drop, name]
                      : draft.preprocess.drop.filter(item => item !== name)
                  )
                }
              />
              {name}
            </label>
          ))}
          {errors['preprocess.drop'] && (
            <span className="kf-error">{errors['preprocess.drop']}</span>
          )}
        </fieldset>
      )}
    </>
  );
}
