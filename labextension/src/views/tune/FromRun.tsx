import * as React from 'react';
import { TextField } from '../shared/field';
import { useHost } from '../shared/host';
import type { Loaded } from '../shared/request';
import type { Run } from '../shared/types';
import type { Errors } from '../train/draft';
import { ModelParams } from '../train/StepModel';
import { taskWord } from '../train/steps';
import { familyOf, paramsOf, type Known, type TuneDraft } from './draft';
import type { Section } from './fields';
import { Fold, type Folding } from './Fold';
import { RunChoice } from './RunChoice';

/** A search that starts from a training run: which one, and what of its model is the baseline. */
export function FromRun({
  fold,
  draft,
  known,
  source,
  errors,
  onChoose,
  onParams,
  onName
}: {
  fold: (section: Section) => Folding;
  draft: TuneDraft;
  known: Known;
  source: Loaded<Run>;
  errors: Errors;
  onChoose: (run: string) => void;
  onParams: (params: Record<string, unknown>) => void;
  onName: (name: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { offer } = known;
  const run = source.data;
  return (
    <>
      <Fold
        {...fold('data')}
        title={trans('Training run')}
        summary={
          run
            ? [
                run.name || run.id.slice(-6),
                run.spec.dataset?.uri ?? '',
                taskWord(known.task, trans)
              ].join(' · ')
            : trans('choose a run')
        }
      >
        <RunChoice
          chosen={draft.from}
          source={source}
          errors={errors}
          onChoose={onChoose}
        />
      </Fold>
      {run && (
        <Fold
          {...fold('model')}
          title={trans('Model and baseline')}
          summary={offer?.title ?? familyOf(draft, known)}
        >
          <p className="kf-help">
            {trans(
              'The baseline is this run’s model; dataset, target, preparation, split and training are taken over as they are.'
            )}
          </p>
          {offer && (
            <ModelParams
              title={trans('Baseline: parameters of %1', offer.title)}
              offer={offer}
              value={paramsOf(draft, known)}
              errors={errors}
              onChange={onParams}
            />
          )}
        </Fold>
      )}
      <TextField
        label={trans('Name of the run')}
        path="name"
        value={draft.data.name}
        error={errors['name']}
        help={trans('Optional. It is how the run is listed.')}
        onChange={onName}
      />
    </>
  );
}
