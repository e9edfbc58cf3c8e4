import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cluster } from './cluster';
import { metadata } from './metadata';
import { runs } from './runs';
import { serverVersion } from './serverVersion';
import { train } from './train';

const plugins: JupyterFrontEndPlugin<void>[] = [
  train,
  runs,
  metadata,
  cluster,
  serverVersion
];

export default plugins;
