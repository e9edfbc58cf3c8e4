/* Generated from the server's models by "jlpm types"; not edited. */

export interface Artifact {
  contexts: NodeRef[];
  created: string;
  id: number;
  name: string;
  producer: NodeRef | null;
  properties: {
    [k: string]: unknown;
  };
  sha256: string | null;
  state: string;
  type: string;
  updated: string;
  uri: string;
  version: string | null;
}
export interface NodeRef {
  id: number;
  name: string;
  type: string;
}
export interface ArtifactEvent {
  artifact_type?: string | null;
  id?: number | null;
  seq: number;
  sha256: string;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'artifact';
  uri: string;
  v?: 1;
}
export interface ArtifactPut {
  id?: number | null;
  name?: string | null;
  ref?: string | null;
  /**
   * Values of any JSON type; an integer beyond 2^53 as {"$int": "…"}, a non-finite float as {"$float": "NaN"}, {"$float": "Infinity"} or {"$float": "-Infinity"}.
   */
  set?: {
    [k: string]: unknown;
  };
  sha256?: string | null;
  state?: ('UNKNOWN' | 'PENDING' | 'LIVE' | 'MARKED_FOR_DELETION' | 'DELETED' | 'ABANDONED' | 'REFERENCE') | null;
  type?: string | null;
  unset?: string[];
  uri?: string | null;
  version?: string | null;
}
export interface Batch {
  artifacts?: ArtifactPut[];
  /**
   * @maxItems 20
   */
  contexts?: ContextPut[];
  /**
   * @maxItems 10000
   */
  events?: EventPut[];
  executions?: ExecutionPut[];
  /**
   * A ULID.
   */
  key: string;
}
export interface ContextPut {
  name: string;
  /**
   * The `ref` of another context of this batch.
   */
  parent?: string | null;
  /**
   * Values of any JSON type; an integer beyond 2^53 as {"$int": "…"}, a non-finite float as {"$float": "NaN"}, {"$float": "Infinity"} or {"$float": "-Infinity"}.
   */
  properties?: {
    [k: string]: unknown;
  };
  ref: string;
  type: string;
}
export interface EventPut {
  artifact: string | number;
  execution: string | number;
  /**
   * @maxItems 20
   */
  path?: (string | number)[];
  type: 'INPUT' | 'OUTPUT';
}
export interface ExecutionPut {
  id?: number | null;
  name?: string | null;
  ref?: string | null;
  /**
   * Values of any JSON type; an integer beyond 2^53 as {"$int": "…"}, a non-finite float as {"$float": "NaN"}, {"$float": "Infinity"} or {"$float": "-Infinity"}.
   */
  set?: {
    [k: string]: unknown;
  };
  state?: ('UNKNOWN' | 'NEW' | 'RUNNING' | 'COMPLETE' | 'FAILED' | 'CACHED' | 'CANCELED') | null;
  type?: string | null;
  unset?: string[];
}
export interface BatchResult {
  ids: {
    [k: string]: number;
  };
  replayed: boolean;
}
export interface Best {
  metric: string;
  trial?: number | null;
  value: number | SpecialFloat;
}
export interface SpecialFloat {
  $float: 'NaN' | 'Infinity' | '-Infinity';
}
export interface BudgetChange {
  parallel?: number | null;
  seconds?: number | null;
  trial_seconds?: number | null;
  trials?: number | null;
}
export interface BudgetSpec {
  parallel?: number;
  seconds?: number | null;
  trial_seconds?: number | null;
  trials?: number;
}
export interface CancelledEvent {
  by: string;
  peak_memory?: number | null;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'cancelled';
  v?: 1;
}
export interface ChangesFrame {
  changed: (PodRow | DeploymentRow | StatefulSetRow | ServiceRow | JobRow | ClaimRow | EventRow)[];
  removed: string[];
  type?: 'changes';
}
export interface PodRow {
  created: string | null;
  images: string[];
  ip: string;
  kind?: 'pods';
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  node: string;
  owner: Ref | null;
  ready: string;
  restarts: number;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface Ref {
  kind: string;
  name: string;
}
export interface DeploymentRow {
  available: number;
  created: string | null;
  images: string[];
  kind?: 'deployments';
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  ready: string;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  up_to_date: number;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface StatefulSetRow {
  created: string | null;
  images: string[];
  kind?: 'statefulsets';
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  ready: string;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface ServiceRow {
  address: string;
  created: string | null;
  kind?: 'services';
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  ports: string;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  type: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface JobRow {
  completions: string;
  created: string | null;
  ended: string | null;
  images: string[];
  kind?: 'jobs';
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  started: string | null;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface ClaimRow {
  capacity: string;
  created: string | null;
  kind?: 'pvcs';
  modes: string;
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  status: string;
  storage_class: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
  volume: string;
}
export interface EventRow {
  count: number;
  created: string | null;
  kind?: 'events';
  last: string | null;
  mood: 'good' | 'busy' | 'bad' | 'done' | 'plain';
  name: string;
  object: Ref;
  object_uid: string;
  reason: string;
  status: string;
  /**
   * Why it is so, in Kubernetes' words, where it says so.
   */
  text?: string;
  uid: string;
  /**
   * The resource version: another one is another state of the object.
   */
  version: string;
}
export interface Column {
  dtype: string;
  max?: number | string | null;
  mean?: number | null;
  min?: number | string | null;
  missing: number;
  name: string;
  /**
   * Where there are few enough values for classes.
   */
  rarest?: TopValue | null;
  role: 'number' | 'category' | 'date' | 'text';
  top?: TopValue[] | null;
  unique: number;
}
export interface TopValue {
  count: number;
  value: string;
}
export interface Comparison {
  differ: string[];
  items: Artifact[];
  names: string[];
}
export interface Condition {
  message: string;
  reason: string;
  since: string | null;
  status: string;
  type: string;
}
export interface Confusion {
  labels: (boolean | number | string | SpecialFloat | null)[];
  matrix: number[][];
}
export interface Container {
  image: string;
  init: boolean;
  name: string;
  /**
   * Whether an earlier run of it has left a log.
   */
  previous: boolean;
  restarts: number;
  state: string;
}
export interface Context {
  created: string;
  id: number;
  name: string;
  parent: NodeRef | null;
  properties: {
    [k: string]: unknown;
  };
  type: string;
  updated: string;
}
export interface DatasetOffer {
  bytes?: number | null;
  kind: 'sklearn' | 'file';
  modified?: string | null;
  name: string;
  task?: ('binary' | 'multiclass' | 'regression') | null;
  uri: string;
}
export interface DatasetSpec {
  /**
   * Features, without the target; null means all.
   */
  columns?: string[] | null;
  read?: ReadSpec;
  sha256?: string | null;
  target?: string | null;
  uri: string;
}
export interface ReadSpec {
  encoding?: string | null;
  sep?: string | null;
}
export interface Datasets {
  items: DatasetOffer[];
  next_page_token?: string | null;
  total: number;
  total_exact?: true;
}
export interface Details {
  conditions: Condition[];
  containers: Container[];
  deletable: boolean;
  /**
   * Of a claim, whether its data goes with it; null where the volume's policy can't be read.
   */
  deletes_data?: boolean | null;
  events: EventRow[];
  labels: {
    [k: string]: string;
  };
  /**
   * What of this is left out, and why.
   */
  lacks: string[];
  /**
   * A workload's or a service's pods, a pod's volume claims, the pods that mount a claim.
   */
  related: Ref[];
  row: PodRow | DeploymentRow | StatefulSetRow | ServiceRow | JobRow | ClaimRow | EventRow;
  yaml: string;
}
export interface DoneEvent {
  best?: Best | null;
  model?: Trained | null;
  peak_memory?: number | null;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'done';
  v?: 1;
}
export interface Trained {
  framework: {
    [k: string]: string;
  };
  hyperparameters: {
    [k: string]: unknown;
  };
}
export interface Edge {
  source: number;
  target: number;
  type: 'INPUT' | 'OUTPUT';
}
export interface EngineSpec {
  seconds?: number | null;
  threads?: number;
  where?: 'local';
}
export interface EpochEvent {
  of?: number | null;
  seconds: number | SpecialFloat;
  seq: number;
  step: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  train?: {
    [k: string]: number | SpecialFloat;
  };
  trial?: number | null;
  type: 'epoch';
  unit: 'epoch' | 'iteration' | 'trees' | 'samples';
  v?: 1;
  validation?: {
    [k: string]: number | SpecialFloat;
  };
}
export interface ErrorAnswer {
  fields?: FieldError[] | null;
  message: string;
}
export interface FieldError {
  field: string;
  message: string;
}
export interface EventFrame {
  events: (
    | StageEvent
    | LogEvent
    | EpochEvent
    | PredictionEvent
    | MetricEvent
    | TrialEvent
    | ArtifactEvent
    | WarningEvent
    | DoneEvent
    | FailedEvent
    | CancelledEvent
    | InterruptedEvent
    | ResumedEvent
  )[];
}
export interface StageEvent {
  name: 'split' | 'load' | 'preprocess' | 'fit' | 'score' | 'save';
  seq: number;
  state: 'begin' | 'end';
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  trial?: number | null;
  type: 'stage';
  v?: 1;
}
export interface LogEvent {
  seq: number;
  stream: 'stdout' | 'stderr';
  text: string;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  trial?: number | null;
  type: 'log';
  v?: 1;
}
export interface PredictionEvent {
  confusion?: Confusion | null;
  n: number;
  part?: 'validation' | 'test';
  residuals?: Residuals | null;
  /**
   * @maxItems 200
   */
  rows: PredictionRow[];
  seq: number;
  step: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'prediction';
  v?: 1;
}
export interface Residuals {
  histogram: Histogram;
  max_abs: number | SpecialFloat;
  mean: number | SpecialFloat;
  std: number | SpecialFloat;
}
export interface Histogram {
  counts: number[];
  edges: (number | SpecialFloat)[];
}
export interface PredictionRow {
  pred: boolean | number | string | SpecialFloat | null;
  proba?:
    | {
        [k: string]: number | SpecialFloat;
      }
    | (number | SpecialFloat)[]
    | number
    | SpecialFloat
    | null;
  row: number;
  truth: boolean | number | string | SpecialFloat | null;
}
export interface MetricEvent {
  name: string;
  part: 'train' | 'validation' | 'test';
  seq: number;
  std?: number | SpecialFloat | null;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  trial?: number | null;
  type: 'metric';
  v?: 1;
  value: number | SpecialFloat;
}
export interface TrialEvent {
  baseline?: boolean;
  cause?: ('error' | 'signal' | 'oom' | 'nan' | 'timeout') | null;
  metrics?: {
    [k: string]: number | SpecialFloat;
  };
  params: {
    [k: string]: boolean | number | string;
  };
  resource?: number | null;
  seconds?: number | SpecialFloat | null;
  seq: number;
  state: 'running' | 'done' | 'pruned' | 'failed';
  std?: number | SpecialFloat | null;
  text?: string | null;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  traceback?: string | null;
  trial: number;
  type: 'trial';
  v?: 1;
  value?: number | SpecialFloat | null;
}
export interface WarningEvent {
  code: string;
  hint?: string;
  seq: number;
  text: string;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  trial?: number | null;
  type: 'warning';
  v?: 1;
}
export interface FailedEvent {
  cause: 'error' | 'signal' | 'oom' | 'nan' | 'disk' | 'lost';
  exit_code?: number | null;
  field?: string | null;
  peak_memory?: number | null;
  seq: number;
  signal?: string | null;
  text: string;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  traceback?: string | null;
  type: 'failed';
  v?: 1;
}
export interface InterruptedEvent {
  by: string;
  peak_memory?: number | null;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'interrupted';
  v?: 1;
}
export interface ResumedEvent {
  by: string;
  seq: number;
  /**
   * RFC 3339, ms, UTC
   */
  time: string;
  type: 'resumed';
  v?: 1;
}
export interface Events {
  items: (
    | StageEvent
    | LogEvent
    | EpochEvent
    | PredictionEvent
    | MetricEvent
    | TrialEvent
    | ArtifactEvent
    | WarningEvent
    | DoneEvent
    | FailedEvent
    | CancelledEvent
    | InterruptedEvent
    | ResumedEvent
  )[];
  next_since: number;
  state: 'queued' | 'running' | 'paused' | 'interrupted' | 'done' | 'failed' | 'cancelled';
}
export interface Execution {
  contexts: NodeRef[];
  created: string;
  id: number;
  name: string;
  properties: {
    [k: string]: unknown;
  };
  state: string;
  type: string;
  updated: string;
}
export interface FaultFrame {
  message: string;
  missing?: Missing | null;
  type?: 'fault';
}
export interface Missing {
  group: string;
  message: string;
  namespace: string;
  resource: string;
  verb: string;
}
export interface Follower {
  key?: string | null;
}
export interface From {
  checkpoint?: 'best' | 'last';
  run: string;
}
export interface KindCount {
  count: number | null;
  /**
   * Whether objects of this kind may be deleted; true where the cluster leaves it open.
   */
  deletable: boolean;
  /**
   * Why there is no count, if it is not for want of a right.
   */
  message?: string;
  missing?: Missing | null;
  name: 'pods' | 'deployments' | 'statefulsets' | 'services' | 'jobs' | 'pvcs' | 'events';
}
export interface Lineage {
  edges: Edge[];
  nodes: LineageNode[];
  truncated: boolean;
}
export interface LineageNode {
  id: number;
  kind: 'artifact' | 'execution';
  name: string;
  type: string;
}
export interface LogFrame {
  lines: string[];
  seq: number;
  type?: 'log';
}
export interface LogText {
  cut: boolean;
  text: string;
}
export interface Lost {
  message: string;
  over: boolean;
  type?: 'note';
}
export interface Methods {
  /**
   * Processors that a run may use.
   */
  cores: number;
  metrics: MetricOffer[];
  preprocess: {
    [k: string]: unknown;
  };
  search: SearchOffer[];
  split: {
    [k: string]: unknown;
  };
  training: {
    [k: string]: unknown;
  };
}
export interface MetricOffer {
  goal: 'min' | 'max';
  name: string;
  tasks: ('binary' | 'multiclass' | 'regression')[];
}
export interface SearchOffer {
  description: string;
  method: 'random' | 'grid' | 'hyperband' | 'bayesian' | 'tpe';
  missing?: string | null;
  title: string;
}
export interface ModelOffer {
  description: string;
  family: string;
  kind: string;
  resources: ('epochs' | 'trees' | 'samples')[];
  schema: {
    [k: string]: unknown;
  };
  space: Parameter[];
  tasks: ('binary' | 'multiclass' | 'regression')[];
  title: string;
}
export interface Parameter {
  choices?: (boolean | number | string)[] | null;
  high?: number | null;
  low?: number | null;
  name: string;
  scale?: 'linear' | 'log';
  step?: number | null;
  type: 'float' | 'int' | 'choice' | 'bool';
  when?: {
    /**
     * @minItems 1
     */
    [k: string]: (boolean | number | string)[];
  };
}
export interface ModelSpec {
  family: string;
  params?: {
    [k: string]: unknown;
  };
}
export interface Models {
  items: ModelOffer[];
  next_page_token?: string | null;
  total: number;
  total_exact?: true;
}
export interface ObjectiveSpec {
  goal?: ('max' | 'min') | null;
  metric: string;
}
export interface Overview {
  /**
   * The user that the cluster knows this account as.
   */
  account?: string;
  kinds: KindCount[];
  message?: string;
  namespace?: string | null;
  /**
   * The pod that this server itself runs in.
   */
  own_pod?: string;
  server?: string;
  state: 'connected' | 'none' | 'unreachable';
}
export interface Page_Artifact_ {
  items: Artifact[];
  /**
   * For the next page of the same query; null on the last.
   */
  next_page_token: string | null;
  total: number;
  total_exact: boolean;
}
export interface Page_Context_ {
  items: Context[];
  /**
   * For the next page of the same query; null on the last.
   */
  next_page_token: string | null;
  total: number;
  total_exact: boolean;
}
export interface Page_Execution_ {
  items: Execution[];
  /**
   * For the next page of the same query; null on the last.
   */
  next_page_token: string | null;
  total: number;
  total_exact: boolean;
}
export interface PreprocessSpec {
  categories?: 'auto' | 'onehot' | 'ordinal' | 'target' | 'drop';
  dates?: 'auto' | 'drop';
  drop?: string[];
  missing?: 'auto' | 'median' | 'mean' | 'most_frequent' | 'none';
  outliers?: 'none' | 'clip';
  scale?: 'auto' | 'none' | 'standard' | 'minmax' | 'robust' | 'squash';
  text?: 'string' | 'minhash' | 'gap' | 'drop';
}
export interface Profile {
  columns: Column[];
  first_rows: unknown[][];
  /**
   * Rows of a run's test part, left out here.
   */
  hidden?: number;
  rows: number;
  sha256: string;
  suggested: Suggested;
  uri: string;
  warnings: string[];
}
export interface Suggested {
  target: string;
  task: 'binary' | 'multiclass' | 'regression';
}
export interface Reached {
  done: number;
  of?: number | null;
  unit: 'trial' | 'epoch' | 'iteration' | 'trees' | 'samples';
}
export interface Removed {
  kind: 'pods' | 'deployments' | 'statefulsets' | 'services' | 'jobs' | 'pvcs' | 'events';
  name: string;
  uid: string;
}
export interface ResourceSpec {
  factor?: number;
  max: number;
  min?: number;
  name?: 'epochs' | 'trees' | 'samples';
}
export interface Resumption {
  budget?: BudgetChange;
}
export interface RowsFrame {
  rows: (PodRow | DeploymentRow | StatefulSetRow | ServiceRow | JobRow | ClaimRow | EventRow)[];
  type?: 'rows';
}
export interface RowsPage {
  items: (PodRow | DeploymentRow | StatefulSetRow | ServiceRow | JobRow | ClaimRow | EventRow)[];
  next_page_token?: string | null;
  total: number;
  total_exact?: true;
}
export interface Run {
  /**
   * Of a search that is not done the best so far.
   */
  best?: Best | null;
  cause?: ('error' | 'signal' | 'oom' | 'nan' | 'disk' | 'lost') | null;
  created: string;
  ended?: string | null;
  id: string;
  kind: 'train' | 'tune' | 'evaluate';
  name: string;
  /**
   * Of a run that is not done, once it has begun.
   */
  reached?: Reached | null;
  spec: RunSpec;
  started?: string | null;
  state: 'queued' | 'running' | 'paused' | 'interrupted' | 'done' | 'failed' | 'cancelled';
  text?: string | null;
}
export interface RunSpec {
  dataset?: DatasetSpec | null;
  engine?: EngineSpec;
  from?: From | null;
  key?: string | null;
  kind?: 'train' | 'tune' | 'evaluate';
  metrics?: string[];
  model?: ModelSpec | null;
  name?: string;
  preprocess?: PreprocessSpec;
  split?: SplitSpec;
  task?: 'auto' | 'binary' | 'multiclass' | 'regression';
  training?: TrainingSpec;
  tuning?: TuningSpec | null;
  version?: 1;
  workspace?: string;
}
export interface SplitSpec {
  by?: string | null;
  folds?: number;
  method?: 'random' | 'stratified' | 'group' | 'time';
  /**
   * @minItems 2
   * @maxItems 3
   */
  parts?: number[];
  seed?: number;
}
export interface TrainingSpec {
  batch_size?: number;
  epochs?: number;
  patience?: number | null;
  refit?: 'train' | 'train+validation';
}
export interface TuningSpec {
  baseline?: {
    [k: string]: boolean | number | string;
  } | null;
  budget?: BudgetSpec;
  method?: 'random' | 'grid' | 'hyperband' | 'bayesian' | 'tpe';
  /**
   * null: the first metric of the run, or of the task.
   */
  objective?: ObjectiveSpec | null;
  resource?: ResourceSpec | null;
  space?: Parameter[] | null;
}
export interface RunId {
  id: string;
}
export interface Runs {
  items: Run[];
  next_page_token?: string | null;
  total: number;
  total_exact?: true;
}
export interface StarterNotebook {
  path: string;
}
