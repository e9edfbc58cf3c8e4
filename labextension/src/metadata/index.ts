import { treeViewIcon } from '@jupyterlab/ui-components';
import type { ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { panelPlugin } from '../mainArea';
import { Panel } from '../panel';
import { MetadataView } from '../views/metadata/MetadataView';
import { showing } from '../views/metadata/state';

/** What was recorded, in the main area. */
export const metadata = panelPlugin(
  'metadata',
  'Browses datasets, models, metrics and executions.',
  (host, bundle) => ({
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
    rank: 4
  })
);

/** The state that shows the artifact which the arguments name; none where they name none. */
function asked({ id, name }: ReadonlyPartialJSONObject) {
  return typeof id === 'number' ? showing(id, String(name ?? '')) : undefined;
}
