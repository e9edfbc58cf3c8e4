import type { JupyterFrontEndPlugin } from '@jupyterlab/application';
import { cluster } from './cluster';
import { metadata } from './metadata';
import { runs } from './runs';
import { serverVersion } from './serverVersion';
import { starter } from './starter';
import { train } from './train';
import { tune } from './tune';
import { output } from './widget/output';

const plugins: JupyterFrontEndPlugin<void>[] = [
  train,
  tune,
  runs,
  metadata,
  cluster,
  starter,
  output,
  serverVersion
];

export default plugins;
