import * as React from 'react';
import { ClusterView } from '../views/cluster/ClusterView';
import { MetadataView } from '../views/metadata/MetadataView';
import { RunPage } from '../views/runs/RunPage';
import { RunsView } from '../views/runs/RunsView';
import type { Trans } from '../views/shared/host';
import { TrainView } from '../views/train/TrainView';
import { TuneView } from '../views/tune/TuneView';

/** What a view may be told: which run it is about. */
export interface Args {
  id?: string;
}

interface Entry {
  title: (trans: Trans) => string;
  View: React.ComponentType<{
    args: Args;
    stored?: unknown;
    onState?: (state: unknown) => void;
  }>;
}

/** The views that a cell can show, by the names that kflab.widgets gives them. */
export const VIEWS: Readonly<Record<string, Entry | undefined>> = {
  train: { title: trans => trans('Train'), View: TrainView },
  tune: { title: trans => trans('Tune'), View: TuneView },
  runs: { title: trans => trans('Runs'), View: RunsView },
  metadata: { title: trans => trans('Metadata'), View: MetadataView },
  cluster: { title: trans => trans('Cluster'), View: ClusterView },
  run: {
    title: trans => trans('Run'),
    View: ({ args }) => <RunPage id={args.id ?? ''} />
  }
};
