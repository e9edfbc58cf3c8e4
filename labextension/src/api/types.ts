/* Generated from the server's models by "jlpm types"; not edited. */

export type Event =
  Stage | Log | Epoch | Prediction | Metric | Artifact | Warning_ | Done | Failed | Cancelled | Interrupted;

export interface Artifact {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'artifact';
  artifact_type?: string | null;
  uri: string;
  sha256: string;
  id?: number | null;
}
export interface Best {
  metric: string;
  value: number | SpecialFloat;
}
export interface SpecialFloat {
  $float: 'NaN' | 'Infinity' | '-Infinity';
}
export interface Cancelled {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  peak_memory?: number | null;
  type: 'cancelled';
  by: string;
}
export interface Confusion {
  labels: (boolean | number | string | SpecialFloat | null)[];
  matrix: number[][];
}
export interface DatasetSpec {
  uri: string;
  target?: string | null;
  /**
   * Features, without the target; null means all.
   */
  columns?: string[] | null;
  sha256?: string | null;
  read?: ReadSpec;
}
/**
 * How a text file is read. None means: found out from the file.
 */
export interface ReadSpec {
  sep?: string | null;
  encoding?: string | null;
}
export interface Done {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  peak_memory?: number | null;
  type: 'done';
  best?: Best | null;
}
export interface EngineSpec {
  where?: 'local';
  threads?: number;
  seconds?: number | null;
}
export interface Epoch {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'epoch';
  step: number;
  of?: number | null;
  unit: 'epoch' | 'iteration' | 'trees' | 'samples';
  train?: {
    [k: string]: number | SpecialFloat;
  };
  validation?: {
    [k: string]: number | SpecialFloat;
  };
  seconds: number | SpecialFloat;
}
export interface Stage {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'stage';
  name: 'split' | 'load' | 'preprocess' | 'fit' | 'score' | 'save';
  state: 'begin' | 'end';
}
export interface Log {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'log';
  stream: 'stdout' | 'stderr';
  text: string;
}
export interface Prediction {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'prediction';
  step: number;
  part?: 'validation' | 'test';
  n: number;
  /**
   * @maxItems 200
   */
  rows: PredictionRow[];
  confusion?: Confusion | null;
  residuals?: {
    [k: string]: unknown;
  } | null;
}
export interface PredictionRow {
  row: number;
  truth: boolean | number | string | SpecialFloat | null;
  pred: boolean | number | string | SpecialFloat | null;
  proba?:
    | {
        [k: string]: number | SpecialFloat;
      }
    | (number | SpecialFloat)[]
    | number
    | SpecialFloat
    | null;
}
export interface Metric {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'metric';
  name: string;
  value: number | SpecialFloat;
  part: 'train' | 'validation' | 'test';
  std?: number | SpecialFloat | null;
}
export interface Warning_ {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'warning';
  code: string;
  text: string;
  hint?: string;
}
export interface Failed {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  peak_memory?: number | null;
  type: 'failed';
  cause: 'error' | 'signal' | 'oom' | 'nan' | 'disk' | 'lost';
  text: string;
  field?: string | null;
  traceback?: string | null;
  exit_code?: number | null;
  signal?: string | null;
}
export interface Interrupted {
  v?: 1;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  peak_memory?: number | null;
  type: 'interrupted';
  by: string;
}
export interface From {
  run: string;
  checkpoint?: 'best' | 'last';
}
export interface ModelSpec {
  family: string;
  params?: {
    [k: string]: unknown;
  };
}
export interface PreprocessSpec {
  missing?: 'auto' | 'median' | 'mean' | 'most_frequent' | 'none';
  scale?: 'auto' | 'none' | 'standard' | 'minmax' | 'robust' | 'squash';
  categories?: 'auto' | 'onehot' | 'ordinal' | 'target' | 'drop';
  dates?: 'auto' | 'drop';
  text?: 'string' | 'minhash' | 'gap' | 'drop';
  outliers?: 'none' | 'clip';
  drop?: string[];
}
export interface ReadSpec1 {
  sep?: string | null;
  encoding?: string | null;
}
export interface RunSpec {
  version?: 1;
  kind?: 'train' | 'tune' | 'evaluate';
  key?: string | null;
  name?: string;
  workspace?: string;
  from?: From | null;
  task?: 'auto' | 'binary' | 'multiclass' | 'regression';
  metrics?: string[];
  dataset?: DatasetSpec | null;
  preprocess?: PreprocessSpec1;
  split?: SplitSpec;
  model?: ModelSpec | null;
  training?: TrainingSpec;
  engine?: EngineSpec1;
}
export interface PreprocessSpec1 {
  missing?: 'auto' | 'median' | 'mean' | 'most_frequent' | 'none';
  scale?: 'auto' | 'none' | 'standard' | 'minmax' | 'robust' | 'squash';
  categories?: 'auto' | 'onehot' | 'ordinal' | 'target' | 'drop';
  dates?: 'auto' | 'drop';
  text?: 'string' | 'minhash' | 'gap' | 'drop';
  outliers?: 'none' | 'clip';
  drop?: string[];
}
/**
 * Two parts are train and test, three are train, validation and test; the last is always the test set.
 */
export interface SplitSpec {
  method?: 'random' | 'stratified' | 'group' | 'time';
  by?: string | null;
  /**
   * @minItems 2
   * @maxItems 3
   */
  parts?: number[];
  seed?: number;
  folds?: number;
}
export interface TrainingSpec {
  epochs?: number;
  batch_size?: number;
  patience?: number | null;
}
export interface EngineSpec1 {
  where?: 'local';
  threads?: number;
  seconds?: number | null;
}
export interface SplitSpec1 {
  method?: 'random' | 'stratified' | 'group' | 'time';
  by?: string | null;
  /**
   * @minItems 2
   * @maxItems 3
   */
  parts?: number[];
  seed?: number;
  folds?: number;
}
export interface TrainingSpec1 {
  epochs?: number;
  batch_size?: number;
  patience?: number | null;
}
