import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette, Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { notebookIcon } from '@jupyterlab/ui-components';
import type { StarterNotebook } from '../api/types';
import { LabClient } from '../client';
import { addCommand } from '../command';
import { DOMAIN } from '../hub';

/** A tour of what there is, as a notebook to run; the server puts it there again where it is missing. */
export const starter: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:starter',
  description: 'Opens the starter notebook.',
  autoStart: true,
  optional: [ITranslator, ICommandPalette, ILauncher],
  activate: (
    app: JupyterFrontEnd,
    translator: ITranslator | null,
    palette: ICommandPalette | null,
    launcher: ILauncher | null
  ) => {
    if (PageConfig.getOption('kflabStarter') === 'off') {
      return; // an admin does not want it
    }
    const bundle = (translator ?? nullTranslator).load(DOMAIN);
    const client = new LabClient(app.serviceManager.serverSettings);
    addCommand(
      { app, palette, launcher },
      {
        command: 'kfhub:open-starter',
        label: () => bundle.__('Starter notebook'),
        caption: bundle.__(
          'Starter notebook: a tour of kfhub that runs from top to bottom'
        ),
        icon: notebookIcon,
        rank: 10,
        execute: async () => {
          try {
            const { path } = await client.request<StarterNotebook>(
              'POST',
              'starter'
            );
            await app.commands.execute('docmanager:open', { path });
          } catch (error) {
            const said = error instanceof Error ? error.message : '';
            Notification.error(
              said ||
                bundle.__(
                  'The server does not answer, so the starter notebook could not be opened. Try again in a moment.'
                ),
              { autoClose: false }
            );
          }
        }
      }
    );
  }
};
