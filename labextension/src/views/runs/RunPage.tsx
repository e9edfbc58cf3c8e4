import * as React from 'react';
import { useRequest } from '../shared/request';
import { Recorded } from '../shared/runFrame';
import type { Run } from '../shared/types';
import { RunView } from '../train/RunView';
import { TuneRun } from '../tune/TuneRun';

/** The page of a run of whatever kind. */
export function RunPage({ id }: { id: string }): React.ReactElement {
  const record = useRequest<Run>(`runs/${id}`);
  return (
    <Recorded record={record}>
      {({ kind }) =>
        kind === 'tune' ? <TuneRun id={id} /> : <RunView id={id} />
      }
    </Recorded>
  );
}
