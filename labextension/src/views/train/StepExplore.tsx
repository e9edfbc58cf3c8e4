import * as React from 'react';
import { Select } from '../shared/field';
import { brief, exact, isNumeric } from '../shared/format';
import { useHost } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import type { Column, Profile } from '../../api/types';
import type { StepProps } from './StepProps';
import { taskWord } from './steps';
import type { Task } from './draft';

const TASKS: Task[] = ['auto', 'binary', 'multiclass', 'regression'];
/** Columns of the first rows drawn; the table above lists them all. */
const SHOWN = 30;

/** The columns and first rows, and what to predict. */
export function StepExplore(props: StepProps): React.ReactElement {
  const { draft, profile, update } = props;
  const { trans } = useHost();
  if (!draft.uri) {
    return (
      <Empty
        title={trans('No dataset yet')}
        action={trans('Choose a dataset')}
        onAction={() => update({ step: 'data' })}
      >
        {trans('Its columns and first rows are shown here.')}
      </Empty>
    );
  }
  if (profile.error) {
    return (
      <Failure
        error={profile.error}
        what={trans('This dataset could not be read.')}
        retry={profile.retry}
      />
    );
  }
  if (!profile.data) {
    return <Loading what={trans('Reading %1', draft.uri)} rows={8} />;
  }
  const { data } = profile;
  return (
    <>
      <TargetFields {...props} data={data} />
      {(data.hidden ?? 0) > 0 && (
        <p className="kf-help">
          {trans(
            'The %1 rows of the test part are locked: they are left out here.',
            data.hidden ?? 0
          )}
        </p>
      )}
      {data.warnings.map(warning => (
        <Partial key={warning}>{warning}</Partial>
      ))}
      <Columns profile={data} target={draft.target} />
      <FirstRows profile={data} />
    </>
  );
}

/** What to predict, and what speaks against it. */
export function TargetFields({
  draft,
  errors,
  found,
  update,
  task,
  data
}: StepProps & { data: Profile }): React.ReactElement {
  const { trans } = useHost();
  const names = data.columns.map(column => column.name);
  const early = ['dataset.target', 'dataset.columns', 'task'].filter(
    path => found[path] && !errors[path]
  );
  const targets = names.includes(draft.target)
    ? names
    : [draft.target, ...names];
  return (
    <>
      <div className="kf-Fields">
        <Select
          label={trans('Target: the column to predict')}
          path="dataset.target"
          value={draft.target}
          choices={targets.map(name => ({
            value: name,
            label: name || trans('Choose a column')
          }))}
          error={errors['dataset.target']}
          onChange={target => update({ target, task: 'auto' })}
        />
        <Select
          label={trans('It is')}
          path="task"
          value={draft.task}
          choices={TASKS.map(value => ({
            value,
            label:
              value === 'auto' && task !== 'auto'
                ? trans('%1 (as found)', taskWord(task, trans))
                : taskWord(value, trans)
          }))}
          error={errors['task']}
          onChange={value => update({ task: value })}
        />
      </div>
      {early.map(path => (
        <p key={path} className="kf-error" role="alert">
          {found[path]}
        </p>
      ))}
      {errors['dataset.columns'] && (
        <p className="kf-error">{errors['dataset.columns']}</p>
      )}
    </>
  );
}

function Columns({
  profile,
  target
}: {
  profile: Profile;
  target: string;
}): React.ReactElement {
  const { trans } = useHost();
  const tops = profile.columns.some(column => column.top?.length);
  const title = trans(
    '%1 columns of %2 rows',
    profile.columns.length,
    profile.rows
  );
  return (
    <section data-field="dataset.columns">
      <h3>{title}</h3>
      <Scroll label={title}>
        <table className="kf-Table">
          <thead>
            <tr>
              <th scope="col">{trans('Column')}</th>
              <th scope="col">{trans('Type')}</th>
              <th scope="col" className="kf-number">
                {trans('Missing')}
              </th>
              <th scope="col" className="kf-number">
                {trans('Distinct')}
              </th>
              <th scope="col" className="kf-number">
                {trans('Smallest')}
              </th>
              <th scope="col" className="kf-number">
                {trans('Mean')}
              </th>
              <th scope="col" className="kf-number">
                {trans('Largest')}
              </th>
              {tops && <th scope="col">{trans('Most frequent')}</th>}
            </tr>
          </thead>
          <tbody>
            {profile.columns.map(column => (
              <tr
                key={column.name}
                className={column.name === target ? 'kf-mod-target' : ''}
              >
                <th scope="row">
                  {column.name}
                  {column.name === target && (
                    <span className="kf-tag">{trans('target')}</span>
                  )}
                </th>
                <td>{column.dtype}</td>
                <td className="kf-number">{column.missing}</td>
                <td className="kf-number">{column.unique}</td>
                <Value value={column.min} />
                <Value value={column.mean} />
                <Value value={column.max} />
                {tops && <td>{top(column)}</td>}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function top(column: Column): string {
  return (column.top ?? [])
    .slice(0, 3)
    .map(item => `${item.value} (${item.count})`)
    .join(', ');
}

function FirstRows({ profile }: { profile: Profile }): React.ReactElement {
  const { trans } = useHost();
  const names = profile.columns.slice(0, SHOWN).map(column => column.name);
  return (
    <section>
      <h3>{trans('First rows')}</h3>
      <Scroll label={trans('First rows')}>
        <table className="kf-Table">
          <thead>
            <tr>
              {names.map(name => (
                <th key={name} scope="col">
                  {name}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {profile.first_rows.map((row, index) => (
              <tr key={index}>
                {names.map((name, column) => (
                  <Value key={name} value={row[column]} />
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
    </section>
  );
}

function Value({ value }: { value: unknown }): React.ReactElement {
  return isNumeric(value) ? (
    <td className="kf-number" title={exact(value)}>
      {brief(value)}
    </td>
  ) : (
    <td>{exact(value)}</td>
  );
}
