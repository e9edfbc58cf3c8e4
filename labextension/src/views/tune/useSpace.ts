import { useMemo } from 'react';
import { useRequest } from '../shared/request';
import type { Page, RunSpec } from '../shared/types';
import type { Trial } from './search';
import { offered, searched } from './space';
import type { ModelOffer, Parameter } from './types';

/** What a run searches: as it was told, else what its model suggests, else what its trials show. */
export function useSpace(
  { tuning, model }: RunSpec,
  trials: readonly Trial[]
): Parameter[] {
  const models = useRequest<Page<ModelOffer>>(tuning?.space ? null : 'models');
  const offer = models.data?.items.find(item => item.family === model?.family);
  const suggested = offered(offer, tuning?.resource?.name);
  const space = JSON.stringify(
    searched(
      tuning?.space ?? (suggested.length > 0 ? suggested : null),
      trials.flatMap(trial => (trial.number === 0 ? [] : [trial.event.params]))
    )
  );
  // The same as long as it says the same, as the charts are drawn anew with another one.
  return useMemo(() => JSON.parse(space) as Parameter[], [space]);
}
