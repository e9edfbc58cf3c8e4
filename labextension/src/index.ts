import {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';

const plugins: JupyterFrontEndPlugin<void>[] = [
  {
    id: '@kfhub/labextension:metadata',
    autoStart: true,
    activate: (_: JupyterFrontEnd) => undefined
  }
];

export default plugins;
