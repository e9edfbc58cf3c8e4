import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { metadata } from './metadata';
import { runs } from './runs';
import { serverVersion } from './serverVersion';
import { train } from './train';

const plugins: JupyterFrontEndPlugin<void>[] = [
  train,
  runs,
  metadata,
  serverVersion
];

export default plugins;
