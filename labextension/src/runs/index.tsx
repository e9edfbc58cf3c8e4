import * as React from 'react';
import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { IStateDB } from '@jupyterlab/statedb';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { historyIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONValue } from '@lumino/coreutils';
import { addCommand } from '../command';
import { DOMAIN, makeHost } from '../hub';
import { addMainArea } from '../mainArea';
import { CommandIDs, Panel } from '../panel';
import { RunPage } from '../views/runs/RunPage';
import { RunsView } from '../views/runs/RunsView';

const STATE = 'kfhub:runs';

/** All runs in a side panel, and each in a page of its own. */
export const runs: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:runs',
  description: 'Lists all runs, live, and opens each.',
  autoStart: true,
  optional: [
    ITranslator,
    ILayoutRestorer,
    ICommandPalette,
    ILauncher,
    IStateDB
  ],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null,
    states: IStateDB | null
  ) => {
    const bundle = (translator ?? nullTranslator).load(DOMAIN);
    const host = makeHost(app, bundle);
    const lab = { app, restorer, palette, launcher };

    addMainArea(lab, {
      command: CommandIDs.run,
      namespace: 'kfhub-run',
      label: args => bundle.__('Run %1', String(args['id'] ?? '').slice(-6)),
      caption: bundle.__('One run: curves, predictions, log'),
      icon: historyIcon,
      key: args => String(args['id'] ?? ''),
      make: args => {
        const id = String(args['id'] ?? '');
        return new Panel(host, () => <RunPage id={id} />, null);
      }
    });

    addCommand(lab, {
      command: CommandIDs.runs,
      label: () => bundle.__('Runs'),
      caption: bundle.__('All runs, live'),
      icon: historyIcon,
      rank: 3,
      execute: () => app.shell.activateById('kfhub-runs')
    });

    const panel = new Panel(host, RunsView, undefined);
    panel.id = 'kfhub-runs';
    panel.title.icon = historyIcon;
    panel.title.caption = bundle.__('Runs');
    panel.node.setAttribute('role', 'region');
    panel.node.setAttribute('aria-label', bundle.__('Runs'));
    panel.stateChanged.connect(
      () => void states?.save(STATE, panel.state as ReadonlyPartialJSONValue)
    );
    app.shell.add(panel, 'left', { rank: 250 });
    restorer?.add(panel, 'kfhub-runs');
    // The state database answers only once Lab is restored: nothing may wait for it here.
    void states?.fetch(STATE).then(stored => {
      if (stored !== undefined) {
        panel.restore(stored);
      }
    });
  }
};
