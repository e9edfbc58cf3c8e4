import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { LabClient } from './client';
import { DOMAIN } from './hub';
import { VERSION } from './version';
import { ApiError } from './views/client';

/** Says so when the server's half of kfhub is missing or of another version: strange errors would follow. */
export const serverVersion: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:server-version',
  description: 'Compares the versions of the two halves of kfhub.',
  autoStart: true,
  optional: [ITranslator],
  activate: (app: JupyterFrontEnd, translator: ITranslator | null) => {
    const bundle = (translator ?? nullTranslator).load(DOMAIN);
    const client = new LabClient(app.serviceManager.serverSettings);
    const warn = (text: string): void => {
      Notification.warning(text, { autoClose: false });
    };
    void app.restored
      .then(() =>
        client.request<{ info: { version: string } }>(
          'GET',
          'openapi.json?no_track_activity=1'
        )
      )
      .then(({ info }) => {
        if (info.version !== VERSION) {
          warn(
            bundle.__(
              'kfhub: this page is version %1, the server is %2. Reload the page; if that does not help, restart the server.',
              VERSION,
              info.version
            )
          );
        }
      })
      .catch((error: unknown) => {
        if (error instanceof ApiError && error.status === 404) {
          warn(
            bundle.__(
              'kfhub: its server extension is not running. Enable it with "jupyter server extension enable kflab.server" and restart the server.'
            )
          );
        }
      });
  }
};
