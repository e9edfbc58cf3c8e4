import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { TranslationBundle } from '@jupyterlab/translation';
import { LabClient } from './client';
import { CommandIDs } from './panel';
import type { Host, Trans } from './views/shared/host';

/** The domain of the translated strings. */
export const DOMAIN = 'kfhub';
/** The section of launcher and palette. */
export const CATEGORY = 'kfhub';

/** What the views of all plugins get. */
export function makeHost(
  app: JupyterFrontEnd,
  bundle: TranslationBundle
): Omit<Host, 'visible'> {
  const trans: Trans = (text, ...args) => bundle.__(text, ...args.map(String));
  const run = (
    command: string,
    args?: Record<string, string | number>
  ): void => {
    void app.commands.execute(command, args);
  };
  return {
    client: new LabClient(app.serviceManager.serverSettings),
    trans,
    openRun: id => run(CommandIDs.run, { id }),
    openTrain: () => run(CommandIDs.train),
    openTune: what => run(CommandIDs.tune, what),
    openMetadata: (id, name) => run(CommandIDs.metadata, { id, name })
  };
}
