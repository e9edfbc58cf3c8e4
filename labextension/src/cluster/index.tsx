import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import { ICommandPalette } from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import { ITranslator, nullTranslator } from '@jupyterlab/translation';
import { LabIcon } from '@jupyterlab/ui-components';
import { DOMAIN, makeHost } from '../hub';
import { addMainArea } from '../mainArea';
import { CommandIDs, Panel } from '../panel';
import { ClusterView } from '../views/cluster/ClusterView';

/** Three boxes on a base: things that run somewhere. */
const clusterIcon = new LabIcon({
  name: 'kfhub:cluster',
  svgstr: `<svg xmlns="http://www.w3.org/2000/svg" width="16" viewBox="0 0 24 24">
  <g class="jp-icon3" fill="#616161">
    <path d="M8 3h8v7H8zM2 13h8v7H2zM14 13h8v7h-8z"/>
  </g>
</svg>`
});

/** What the notebook's account sees of its namespace, in the main area. */
export const cluster: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:cluster',
  description: 'Shows the pods, deployments, services, jobs and volumes.',
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
      command: CommandIDs.cluster,
      namespace: 'kfhub-cluster',
      label: () => bundle.__('Cluster'),
      caption: bundle.__('Cluster: pods, deployments, services and jobs, live'),
      icon: clusterIcon,
      key: () => 'one',
      make: args => new Panel(host, ClusterView, args['state']),
      restorer,
      palette,
      launcher,
      rank: 5
    });
  }
};
