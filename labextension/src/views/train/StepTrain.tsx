import * as React from 'react';
import { TextField } from '../shared/field';
import { useHost } from '../shared/host';
import { isKeras } from './draft';
import type { StepProps } from './StepProps';
import type { StepLine } from './steps';

/** The last look before the start: what will run, and how long a network trains. */
export function StepTrain({
  draft,
  errors,
  update,
  lines
}: StepProps & { lines: StepLine[] }): React.ReactElement {
  const { trans } = useHost();
  return (
    <>
      <dl className="kf-Facts">
        {lines
          .filter(line => line.step !== 'train' && line.step !== 'evaluate')
          .map(line => (
            <React.Fragment key={line.step}>
              <dt>{line.name}</dt>
              <dd>
                {line.summary}{' '}
                <button
                  className="kf-link"
                  aria-label={trans('Change %1', line.name)}
                  onClick={() => update({ step: line.step })}
                >
                  {trans('Change')}
                </button>
              </dd>
            </React.Fragment>
          ))}
      </dl>
      {isKeras(draft.family) ? (
        <TrainingFields draft={draft} errors={errors} update={update} />
      ) : (
        <p className="kf-help">
          {trans('This model decides by itself when it is trained.')}
        </p>
      )}
    </>
  );
}

/** How long a network trains. */
export function TrainingFields({
  draft,
  errors,
  update
}: Pick<StepProps, 'draft' | 'errors' | 'update'>): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="kf-Fields">
      <TextField
        label={trans('Epochs')}
        path="training.epochs"
        numeric
        value={draft.epochs}
        error={errors['training.epochs']}
        help={trans('How often all training rows are gone through.')}
        onChange={epochs => update({ epochs })}
      />
      <TextField
        label={trans('Batch size')}
        path="training.batch_size"
        numeric
        value={draft.batchSize}
        error={errors['training.batch_size']}
        help={trans('Rows per step of the optimiser.')}
        onChange={batchSize => update({ batchSize })}
      />
      <TextField
        label={trans('Patience')}
        path="training.patience"
        numeric
        value={draft.patience}
        error={errors['training.patience']}
        help={trans(
          'Epochs without a better validation loss before it stops; empty for never.'
        )}
        onChange={patience => update({ patience })}
      />
    </div>
  );
}
