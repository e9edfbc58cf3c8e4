/** What was chosen and typed for a search, and the RunSpec that it asks for. */
import type { Run, RunSpec } from '../shared/types';
import type { Trans } from '../shared/host';
import { wholeNumbers } from '../shared/whole';
import {
  NEW_DRAFT,
  restoreDraft,
  toSpec,
  type Draft,
  type Errors,
  type Task
} from '../train/draft';
import type { Profile } from '../train/offers';
import { paramErrors, propertiesOf } from '../train/params';
import { resourceErrors, spaceErrors, timeError } from './checks';
import { atFirst, roundsOf, trialsFor, type Round } from './rounds';
import { sizeOf, suggested, toParameter, typedNumber, type Row } from './space';
import type { Goal, Method, Methods, ModelOffer, TuningSpec } from './types';

export type Resource = '' | 'epochs' | 'trees' | 'samples';

/** As it was typed; also what is kept over a reload. */
export interface TuneDraft {
  /** What the search starts from: a model of the catalogue, or a training run. */
  source: 'model' | 'run';
  /** The training run. */
  from: string | null;
  /** The dataset, the target and the model, as in the form for training. */
  data: Draft;
  /** The training run's parameters where they were changed. */
  changed: Record<string, unknown> | null;
  /** The space of each family where it was edited, so that changing back loses nothing. */
  spaces: Record<string, Row[]>;
  metric: string;
  method: Method | '';
  resource: Resource;
  /** Null while it is the form's own good value. */
  least: string | null;
  most: string | null;
  factor: string;
  trials: string | null;
  parallel: string | null;
  seconds: string;
  trialSeconds: string;
  /** The tuning run that this draft became, and how its page was left. */
  run: string | null;
  page: unknown;
}

export const NEW_TUNE: TuneDraft = {
  source: 'model',
  from: null,
  data: NEW_DRAFT,
  changed: null,
  spaces: {},
  metric: '',
  method: '',
  resource: '',
  least: null,
  most: null,
  factor: '3',
  trials: null,
  parallel: null,
  seconds: '',
  trialSeconds: '',
  run: null,
  page: null
};

/** What changes in a draft so that it starts from a training run. */
export function startedFrom(run: string): Partial<TuneDraft> {
  return { source: 'run', from: run, changed: null, run: null };
}

const METHODS: readonly string[] = [
  '',
  'random',
  'grid',
  'hyperband',
  'bayesian',
  'tpe'
];
const RESOURCES: readonly string[] = ['', 'epochs', 'trees', 'samples'];

/** The stored draft where it is one; its unknown or broken parts fall back to a new one's. */
export function restoreTune(stored: unknown): TuneDraft {
  if (typeof stored !== 'object' || stored === null) {
    return NEW_TUNE;
  }
  const given = stored as Partial<Record<keyof TuneDraft, unknown>>;
  const text = <K extends keyof TuneDraft>(key: K): TuneDraft[K] =>
    typeof given[key] === 'string'
      ? (given[key] as TuneDraft[K])
      : NEW_TUNE[key];
  const from = typeof given.from === 'string' ? given.from : null;
  return {
    source:
      given.source === 'run' || (from && given.source !== 'model')
        ? 'run'
        : 'model',
    from,
    data: restoreDraft(given.data),
    changed: isObject(given.changed) ? given.changed : null,
    spaces: Object.fromEntries(
      Object.entries(isObject(given.spaces) ? given.spaces : {}).filter(
        (entry): entry is [string, Row[]] =>
          Array.isArray(entry[1]) && entry[1].every(isRow)
      )
    ),
    method: METHODS.includes(given.method as string)
      ? (given.method as Method)
      : '',
    resource: RESOURCES.includes(given.resource as string)
      ? (given.resource as Resource)
      : '',
    metric: text('metric'),
    least: text('least'),
    most: text('most'),
    factor: text('factor'),
    trials: text('trials'),
    parallel: text('parallel'),
    seconds: text('seconds'),
    trialSeconds: text('trialSeconds'),
    run: typeof given.run === 'string' ? given.run : null,
    page: given.page ?? null
  };
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isRow(value: unknown): value is Row {
  return (
    isObject(value) &&
    typeof value['id'] === 'number' &&
    ['name', 'low', 'high', 'step', 'choices'].every(
      key => typeof value[key] === 'string'
    ) &&
    ['float', 'int', 'choice', 'bool'].includes(value['type'] as string) &&
    ['linear', 'log'].includes(value['scale'] as string) &&
    isObject(value['when'])
  );
}

/** What the form knows beside what was typed. */
export interface Known {
  offer?: ModelOffer;
  methods?: Methods;
  profile?: Profile;
  task: Task;
  /** The training run that is started from, once it was read. */
  source?: Run;
}

/** The values in force: what was typed, else the form's own good ones. */
export interface Settled {
  family: string;
  method: Method;
  metric: string;
  goal: Goal | null;
  rows: Row[];
  edited: boolean;
  resource: Exclude<Resource, ''> | null;
  least: string;
  most: string;
  /** Of hyperband's first bracket. */
  rounds: Round[];
  trials: string;
  parallel: string;
}

/** The family that is tuned, as far as it is known. */
export function familyOf(draft: TuneDraft, known: Known): string {
  return draft.source === 'run'
    ? (known.source?.spec.model?.family ?? '')
    : draft.data.family;
}

export function settle(draft: TuneDraft, known: Known): Settled {
  const family = familyOf(draft, known);
  const { methods, offer } = known;
  const usable = methods?.search.filter(item => !item.missing) ?? [];
  const method =
    draft.method ||
    (usable.find(item => item.method === 'tpe') ?? usable[0])?.method ||
    'tpe';
  const fitting = metricsFor(methods, known.task);
  const asked = known.source?.spec.metrics?.[0];
  const metric =
    fitting.find(item => item.name === draft.metric) ??
    fitting.find(item => item.name === asked) ??
    fitting[0];
  const offered = offer?.resources ?? ['samples'];
  const resource =
    method !== 'hyperband'
      ? null
      : (offered.find(item => item === draft.resource) ?? offered[0]);
  const [least, most] = resource ? amounts(resource, draft, known) : ['', ''];
  const rounds = resource
    ? roundsOf(
        typedNumber(least) ?? 0,
        typedNumber(most) ?? 0,
        typedNumber(draft.factor) ?? 0
      )
    : [];
  return {
    family,
    method,
    metric: metric?.name ?? '',
    goal: metric?.goal ?? null,
    rows: draft.spaces[family] ?? suggested(offer, method, resource ?? ''),
    edited: family in draft.spaces,
    resource,
    least,
    most,
    rounds,
    trials: draft.trials ?? String(goodTrials(rounds)),
    parallel: draft.parallel ?? String(Math.min(2, methods?.cores ?? 1))
  };
}

/** The metrics that fit a task; all while it is not known. */
export function metricsFor(
  methods: Methods | undefined,
  task: Task
): Methods['metrics'] {
  const all = methods?.metrics ?? [];
  return task === 'auto' ? all : all.filter(item => item.tasks.includes(task));
}

/** Enough for a search, and for the best of hyperband's first bracket to be given all, unless that takes many. */
function goodTrials(rounds: readonly Round[]): number {
  return Math.min(100, Math.max(30, trialsFor(rounds)));
}

/** What hyperband begins and ends with: what was typed, else good values. */
function amounts(
  resource: Exclude<Resource, ''>,
  draft: TuneDraft,
  known: Known
): [least: string, most: string] {
  const [floor, all] = {
    epochs: [1, 27],
    trees: [10, 270],
    samples: [20, rowsToLearn(draft, known)]
  }[resource];
  const factor = typedNumber(draft.factor) ?? 0;
  const most = draft.most ?? String(all);
  const least = atFirst(
    floor,
    typedNumber(most) ?? all,
    factor >= 2 ? factor : 3
  );
  return [draft.least ?? String(least), most];
}

function rowsToLearn(draft: TuneDraft, { profile }: Known): number {
  const share = draft.source === 'model' && !draft.data.validation ? 0.8 : 0.6;
  const rows = Math.floor((profile?.rows ?? 1000) * share);
  return Math.min(MOST, Math.max(60, rows));
}

/** The baseline's parameters: the model's own, with those that were set. */
export function baselineOf(
  draft: TuneDraft,
  known: Known
): Record<string, unknown> {
  const properties = propertiesOf(known.offer) ?? {};
  const defaults = Object.fromEntries(
    Object.entries(properties).flatMap(([name, property]) =>
      property.default === undefined ? [] : [[name, property.default]]
    )
  );
  return { ...defaults, ...paramsOf(draft, known) };
}

/** The parameters that are set. */
export function paramsOf(
  draft: TuneDraft,
  known: Known
): Record<string, unknown> {
  return draft.source === 'run'
    ? (draft.changed ?? known.source?.spec.model?.params ?? {})
    : (draft.data.params[draft.data.family] ?? {});
}

/** The RunSpec that a draft asks for, or what is wrong with it, by JSON path. */
export function toTuneSpec(
  draft: TuneDraft,
  known: Known,
  trans: Trans
): { spec: RunSpec; errors: Errors } {
  const base = baseSpec(draft, known, trans);
  const { tuning, errors } = toTuning(draft, known, trans);
  return {
    spec: { ...base.spec, kind: 'tune', tuning },
    errors: { ...base.errors, ...errors }
  };
}

function baseSpec(
  draft: TuneDraft,
  known: Known,
  trans: Trans
): { spec: RunSpec; errors: Errors } {
  if (draft.source === 'model') {
    return toSpec(draft.data, known.task, trans);
  }
  const { source } = known;
  if (!source) {
    return {
      spec: { version: 1 },
      errors: { 'from.run': trans('Choose the training run to start from.') }
    };
  }
  const {
    dataset,
    preprocess,
    split,
    model,
    training,
    metrics,
    task,
    workspace
  } = source.spec;
  return {
    spec: {
      version: 1,
      name: draft.data.name.trim(),
      ...(workspace ? { workspace } : {}),
      from: { run: source.id },
      task,
      ...(metrics?.length ? { metrics } : {}),
      dataset,
      preprocess,
      split,
      model: { family: model?.family ?? '', params: paramsOf(draft, known) },
      training
    },
    errors: {}
  };
}

/** The most that hyperband can give. */
const MOST = 10_000_000;

function toTuning(
  draft: TuneDraft,
  known: Known,
  trans: Trans
): { tuning: TuningSpec; errors: Errors } {
  const now = settle(draft, known);
  const properties = propertiesOf(known.offer);
  const errors: Errors = now.family
    ? spaceErrors(
        now.rows,
        {
          title: known.offer?.title ?? now.family,
          properties,
          method: now.method,
          size: now.resource === 'trees' ? sizeOf(known.offer) : null
        },
        trans
      )
    : {};
  Object.assign(errors, paramErrors(paramsOf(draft, known), properties, trans));
  const whole = wholeNumbers(errors, trans);
  const time = (path: string, typed: string, empty: string): number | null => {
    if (typed.trim() === '') {
      return null;
    }
    const value = typedNumber(typed);
    const message = timeError(typed, value, trans);
    if (message !== null) {
      errors[path] = `${message} ${empty}`;
    }
    return value;
  };
  const lacking = known.methods?.search.find(
    item => item.method === now.method
  )?.missing;
  if (lacking) {
    errors['tuning.method'] = trans('%1 Choose another method.', lacking);
  }
  const tuning: TuningSpec = {
    // The type of the API says of its lists that they are not empty.
    space: now.rows.map(row =>
      toParameter(row, properties)
    ) as TuningSpec['space'],
    ...(now.metric
      ? {
          objective: {
            metric: now.metric,
            ...(now.goal ? { goal: now.goal } : {})
          }
        }
      : {}),
    method: now.method,
    budget: {
      trials: whole('tuning.budget.trials', now.trials, 1, 10_000),
      parallel: whole('tuning.budget.parallel', now.parallel, 1, 64),
      ...given(
        'seconds',
        time(
          'tuning.budget.seconds',
          draft.seconds,
          trans('Leave it empty for no limit.')
        )
      ),
      ...given(
        'trial_seconds',
        time(
          'tuning.budget.trial_seconds',
          draft.trialSeconds,
          trans(
            'Leave it empty for ten times the longest trial so far, ten minutes at least.'
          )
        )
      )
    }
  };
  if (now.resource) {
    const min = whole('tuning.resource.min', now.least, 1, 1_000_000);
    const max = whole('tuning.resource.max', now.most, 2, MOST);
    const factor = whole('tuning.resource.factor', draft.factor, 2, 10);
    if (!Object.keys(errors).some(path => path.startsWith('tuning.resource'))) {
      Object.assign(errors, resourceErrors(min, max, factor, trans));
    }
    tuning.resource = { name: now.resource, min, max, factor };
  }
  return { tuning, errors };
}

function given(name: string, value: number | null): Record<string, number> {
  return value === null ? {} : { [name]: value };
}
