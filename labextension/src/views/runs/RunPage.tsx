import * as React from 'react';
import { useHost } from '../shared/host';
import { Failure, Loading } from '../shared/panels';
import { useRequest } from '../shared/request';
import type { Run } from '../shared/types';
import { RunView } from '../train/RunView';
import { TuneRun } from '../tune/TuneRun';

/** The page of a run of whatever kind. */
export function RunPage({ id }: { id: string }): React.ReactElement {
  const { trans } = useHost();
  const { data, error, retry } = useRequest<Run>(`runs/${id}`);
  if (error) {
    return (
      <Failure
        error={error}
        what={trans('This run could not be read.')}
        retry={retry}
      />
    );
  }
  if (!data) {
    return <Loading what={trans('Loading the run')} rows={8} />;
  }
  return data.kind === 'tune' ? <TuneRun id={id} /> : <RunView id={id} />;
}
