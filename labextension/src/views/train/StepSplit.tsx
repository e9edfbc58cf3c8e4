import * as React from 'react';
import { useId } from 'react';
import { Select, TextField } from '../shared/field';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { allRows } from './data';
import { parts } from './draft';
import type { StepProps } from './StepProps';

/** How the rows are divided; the last part stays locked. */
export function StepSplit({
  draft,
  errors,
  found,
  update,
  profile
}: StepProps): React.ReactElement {
  const { trans } = useHost();
  const group = useId();
  const columns = (profile.data?.columns ?? []).map(column => column.name);
  const needs = draft.method === 'group' || draft.method === 'time';
  return (
    <>
      <fieldset className="kf-Cards" data-field="split.parts">
        <legend>{trans('Parts')}</legend>
        <label className="kf-Card">
          <input
            type="radio"
            name={group}
            checked={draft.validation}
            onChange={() => update({ validation: true })}
          />
          <span className="kf-Card-title">60 / 20 / 20</span>
          <span className="kf-help">
            {trans('Training, validation and test.')}
          </span>
        </label>
        <label className="kf-Card">
          <input
            type="radio"
            name={group}
            checked={!draft.validation}
            onChange={() => update({ validation: false })}
          />
          <span className="kf-Card-title">80 / 20</span>
          <span className="kf-help">
            {trans(
              'Training and test; validation is the first of 5 folds inside the training part.'
            )}
          </span>
        </label>
        {errors['split.parts'] && (
          <span className="kf-error">{errors['split.parts']}</span>
        )}
      </fieldset>
      {['split.parts', 'split.method']
        .filter(path => found[path] && !errors[path])
        .map(path => (
          <p key={path} className="kf-error" role="alert">
            {found[path]}
          </p>
        ))}
      <SplitBar
        shares={parts(draft)}
        rows={profile.data && allRows(profile.data)}
      />
      <div className="kf-Fields">
        <Select
          label={trans('Method')}
          path="split.method"
          value={draft.method}
          choices={[
            { value: 'random', label: trans('Random') },
            {
              value: 'stratified',
              label: trans('Stratified: each class in the same share')
            },
            { value: 'group', label: trans('By group: no group in two parts') },
            { value: 'time', label: trans('By time: the newest is the test') }
          ]}
          error={errors['split.method'] ?? errors['split']}
          onChange={method => update({ method })}
        />
        {needs && (
          <Select
            label={trans('Column to split on')}
            path="split.by"
            value={draft.by}
            choices={['', ...columns].map(name => ({
              value: name,
              label: name || trans('Choose a column')
            }))}
            error={errors['split.by']}
            onChange={by => update({ by })}
          />
        )}
        <TextField
          label={trans('Seed')}
          path="split.seed"
          numeric
          value={draft.seed}
          error={errors['split.seed']}
          help={trans('The same seed gives the same parts.')}
          onChange={seed => update({ seed })}
        />
      </div>
    </>
  );
}

/** The parts as one bar, each as wide as its share, with its rows. */
export function SplitBar({
  shares,
  rows
}: {
  shares: readonly number[];
  rows?: number;
}): React.ReactElement {
  const { trans } = useHost();
  const names =
    shares.length === 3
      ? [trans('Training'), trans('Validation'), trans('Test')]
      : [trans('Training'), trans('Test')];
  return (
    <ul className="kf-SplitBar" aria-label={trans('Parts of the data')}>
      {shares.map((share, index) => {
        const test = index === shares.length - 1;
        return (
          <li
            key={names[index]}
            className={
              test
                ? 'kf-mod-test'
                : index === 0
                  ? 'kf-mod-train'
                  : 'kf-mod-validation'
            }
            style={{ flexGrow: share }}
          >
            <span>
              {test && <Icon glyph="lock" />}
              {names[index]}
              {test && <span className="kf-hidden"> {trans('(locked)')}</span>}
            </span>
            <span className="kf-number">
              {rows === undefined
                ? `${Math.round(share * 100)} %`
                : trans(
                    '%1 % · about %2 rows',
                    Math.round(share * 100),
                    Math.round(share * rows)
                  )}
            </span>
          </li>
        );
      })}
    </ul>
  );
}
