import * as React from 'react';
import { LabIcon } from '@jupyterlab/ui-components';
import { panelPlugin } from '../mainArea';
import { Panel } from '../panel';
import { startedFrom } from '../views/tune/draft';
import { TuneRun } from '../views/tune/TuneRun';
import { TuneView } from '../views/tune/TuneView';

/** Three sliders, each set elsewhere. */
const tuneIcon = new LabIcon({
  name: 'kfhub:tune',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M5 3h2v6H5zM5 15h2v6H5zM3 10h6v4H3zM11 3h2v10h-2zM11 19h2v2h-2zM9 14h6v4H9zM17 3h2v2h-2zM17 11h2v10h-2zM15 6h6v4h-6z"/>
  </g>
</svg>`
});

/** Searching for better hyperparameters: the form, and each search in a page of its own. */
export const tune = panelPlugin(
  'tune',
  'Searches for better hyperparameters and shows the trials live.',
  (host, bundle) => ({
    label: args =>
      args['id'] === undefined
        ? bundle.__('Tune')
        : bundle.__('Tuning run %1', String(args['id']).slice(-6)),
    caption: bundle.__('Tune the hyperparameters of a model'),
    icon: tuneIcon,
    key: args => String(args['id'] ?? 'form'),
    make: args => {
      const { id, run, state } = args;
      return id === undefined
        ? new Panel(
            host,
            TuneView,
            run === undefined ? state : startedFrom(String(run))
          )
        : new Panel(
            host,
            props => <TuneRun id={String(id)} {...props} />,
            state
          );
    },
    reuse: (panel, { id, run }) => {
      if (id === undefined && run !== undefined) {
        const now = panel.state;
        panel.restore({
          ...(typeof now === 'object' ? now : {}),
          ...startedFrom(String(run))
        });
      }
    },
    rank: 2
  })
);
