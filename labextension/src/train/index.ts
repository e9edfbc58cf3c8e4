import { offlineBoltIcon } from '@jupyterlab/ui-components';
import { panelPlugin } from '../mainArea';
import { Panel } from '../panel';
import { TrainView } from '../views/train/TrainView';

/** Training, step by step, in the main area. */
export const train = panelPlugin(
  'train',
  'Trains a model step by step and shows it live.',
  (host, bundle) => ({
    label: () => bundle.__('Train'),
    caption: bundle.__('Train a model step by step'),
    icon: offlineBoltIcon,
    key: () => 'one',
    make: args => new Panel(host, TrainView, args['state']),
    rank: 1
  })
);
