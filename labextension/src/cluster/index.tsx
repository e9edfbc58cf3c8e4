import { LabIcon } from '@jupyterlab/ui-components';
import { panelPlugin } from '../mainArea';
import { Panel } from '../panel';
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
export const cluster = panelPlugin(
  'cluster',
  'Shows the pods, deployments, services, jobs and volumes.',
  (host, bundle) => ({
    label: () => bundle.__('Cluster'),
    caption: bundle.__('Cluster: pods, deployments, services and jobs, live'),
    icon: clusterIcon,
    key: () => 'one',
    make: args => new Panel(host, ClusterView, args['state']),
    rank: 5
  })
);
