import * as React from 'react';
import { useId } from 'react';
import { brief } from '../shared/format';
import { useHost } from '../shared/host';
import { Empty, Failure, Loading } from '../shared/panels';
import { query, useRequest, type Loaded } from '../shared/request';
import { Scroll } from '../shared/scroll';
import { When } from '../shared/time';
import type { Page, Run } from '../shared/types';
import type { Errors } from '../train/draft';
import { metricWord } from '../train/words';

/** The training runs that are done, newest first: one is what the search tries to beat. */
export function RunChoice({
  chosen,
  source,
  errors,
  onChoose
}: {
  chosen: string | null;
  source: Loaded<Run>;
  errors: Errors;
  onChoose: (run: string) => void;
}): React.ReactElement {
  const { trans, openTrain } = useHost();
  const group = useId();
  const list = useRequest<Page<Run>>(
    query('runs', { kind: 'train', state: 'done', limit: 500 })
  );
  const runs = (list.data ?? list.last)?.items ?? [];
  const error = errors['from.run'];
  if (list.error) {
    return (
      <Failure
        error={list.error}
        what={trans('The training runs could not be read.')}
        retry={list.retry}
      />
    );
  }
  if (list.loading && runs.length === 0) {
    return <Loading what={trans('Loading the training runs')} rows={4} />;
  }
  if (runs.length === 0) {
    return (
      <Empty
        title={trans('No training run is done yet')}
        action={openTrain && trans('Train a model')}
        onAction={openTrain}
      >
        {trans(
          'A search can start from what a training run has learned with; or choose a model of the catalogue above.'
        )}
      </Empty>
    );
  }
  return (
    <div data-field="from.run">
      <Scroll label={trans('Training runs that are done')}>
        <table className="kf-Table kf-mod-rows">
          <thead>
            <tr>
              <th scope="col">{trans('Run')}</th>
              <th scope="col" className="kf-number">
                {trans('Measure')}
              </th>
              <th scope="col">{trans('Model')}</th>
              <th scope="col">{trans('Dataset')}</th>
              <th scope="col">{trans('Created')}</th>
            </tr>
          </thead>
          <tbody>
            {runs.map(run => (
              <tr
                key={run.id}
                className={run.id === chosen ? 'kf-mod-selected' : ''}
                onClick={() => onChoose(run.id)}
              >
                <th scope="row">
                  <label className="kf-inline">
                    <input
                      type="radio"
                      name={group}
                      checked={run.id === chosen}
                      onChange={() => onChoose(run.id)}
                    />
                    {run.name || trans('Run %1', run.id.slice(-6))}
                  </label>
                </th>
                <td className="kf-number">
                  {run.best
                    ? `${metricWord(run.best.metric)} ${brief(run.best.value)}`
                    : ''}
                </td>
                <td>{run.spec.model?.family.split(':').pop()}</td>
                <td>{run.spec.dataset?.uri}</td>
                <td>
                  <When time={run.created} />
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      </Scroll>
      {error && <p className="kf-error">{error}</p>}
      {source.error && (
        <Failure
          error={source.error}
          what={trans('The run to start from could not be read.')}
          retry={source.retry}
        />
      )}
    </div>
  );
}
