import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { offlineBoltIcon } from '@jupyterlab/ui-components';
import { DOMAIN, makeHost } from '../hub';
import { addMainArea } from '../mainArea';
import { CommandIDs, Panel } from '../panel';
import { TrainView } from '../views/train/TrainView';

/** Training, step by step, in the main area. */
export const train: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:train',
  description: 'Trains a model step by step and shows it live.',
  autoStart: true,
  optional: [ITranslator, ILayoutRestorer, ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    restorer: ILayoutRestorer | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    const bundle = (translator ?? nullTranslator).load(DOMAIN);
    const host = makeHost(app, bundle);
    addMainArea({
      app,
      command: CommandIDs.train,
      namespace: 'kfhub-train',
      label: () => bundle.__('Train'),
      caption: bundle.__('Train a model step by step'),
      icon: offlineBoltIcon,
      key: () => 'one',
      make: args => new Panel(host, TrainView, args['state']),
      restorer,
      palette,
      launcher,
      rank: 1
    });
  }
};
