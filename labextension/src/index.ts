import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cluster } from './cluster';
import { metadata } from './metadata';
import { runs } from './runs';
import { serverVersion } from './serverVersion';
import { starter } from './starter';
import { train } from './train';

const plugins: JupyterFrontEndPlugin<void>[] = [
  train,
  runs,
  metadata,
  cluster,
  starter,
  serverVersion
];

export default plugins;
