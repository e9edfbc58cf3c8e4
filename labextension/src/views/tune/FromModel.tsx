import * as React from 'react';
import { useHost } from '../shared/host';
import { Loading, Partial } from '../shared/panels';
import type { Loaded } from '../shared/request';
import type { Page } from '../shared/types';
import { isKeras, stepOf } from '../train/draft';
import type { DatasetOffer, ModelOffer } from '../train/offers';
import { StepData } from '../train/StepData';
import { TargetFields } from '../train/StepExplore';
import { StepModel } from '../train/StepModel';
import { StepPrepare } from '../train/StepPrepare';
import type { StepProps } from '../train/StepProps';
import { StepSplit } from '../train/StepSplit';
import { TrainingFields } from '../train/StepTrain';
import { stepLines } from '../train/steps';
import type { Section } from './fields';
import { Fold, type Folding } from './Fold';

/** A search that starts from a model of the catalogue: the steps of training, each folded to its line. */
export function FromModel({
  fold,
  steps,
  offer,
  datasets,
  models
}: {
  fold: (section: Section) => Folding;
  steps: StepProps;
  offer?: ModelOffer;
  datasets: Loaded<Page<DatasetOffer>>;
  models: Loaded<Page<ModelOffer>>;
}): React.ReactElement {
  const { trans } = useHost();
  const { draft, found, task, profile } = steps;
  const { uri, family } = draft;
  const lines = stepLines(
    {
      draft,
      task,
      profile: profile.data,
      wrong: new Set(Object.keys(found).map(stepOf)),
      model: offer
    },
    trans
  );
  const line = (step: string): string =>
    lines.find(item => item.step === step)?.summary ?? '';
  return (
    <>
      <Fold
        {...fold('data')}
        title={trans('Data')}
        summary={
          uri ? [uri, line('data'), line('explore')].join(' · ') : line('data')
        }
      >
        <StepData {...steps} datasets={datasets} />
        {profile.data ? (
          <>
            <TargetFields {...steps} data={profile.data} />
            {profile.data.warnings.map(warning => (
              <Partial key={warning}>{warning}</Partial>
            ))}
          </>
        ) : (
          uri &&
          !profile.error && <Loading what={trans('Reading %1', uri)} rows={2} />
        )}
      </Fold>
      <Fold
        {...fold('model')}
        title={trans('Model and baseline')}
        summary={line('model')}
      >
        <StepModel
          {...steps}
          models={models}
          params={trans('Baseline: parameters of %1', offer?.title ?? family)}
        />
        {isKeras(family) && <TrainingFields {...steps} />}
      </Fold>
      <Fold
        {...fold('prepare')}
        title={trans('Preparation and split')}
        summary={[line('prepare'), line('split')].join(' · ')}
      >
        <StepPrepare {...steps} />
        <StepSplit {...steps} />
      </Fold>
    </>
  );
}
