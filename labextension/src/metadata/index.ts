import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { treeViewIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { DOMAIN, makeHost } from '../hub';
import { addMainArea } from '../mainArea';
import { CommandIDs, Panel } from '../panel';
import { MetadataView } from '../views/metadata/MetadataView';
import { showing } from '../views/metadata/state';

/** What was recorded, in the main area. */
export const metadata: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:metadata',
  description: 'Browses datasets, models, metrics and executions.',
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
      command: CommandIDs.metadata,
      namespace: 'kfhub-metadata',
      label: () => bundle.__('Metadata'),
      caption: bundle.__('Browse datasets, models and metrics'),
      icon: treeViewIcon,
      key: () => 'one',
      make: args => new Panel(host, MetadataView, asked(args) ?? args['state']),
      reuse: (panel, args) => {
        const shown = asked(args);
        if (shown) {
          panel.restore(shown);
        }
      },
      restorer,
      palette,
      launcher,
      rank: 4
    });
  }
};

/** The state that shows the artifact which the arguments name; none where they name none. */
function asked({ id, name }: ReadonlyPartialJSONObject) {
  return typeof id === 'number' ? showing(id, String(name ?? '')) : undefined;
}
