import type { Trans } from '../shared/host';
import { stateWord } from '../shared/state';
import { allRows } from './data';
import {
  STEPS,
  isKeras,
  parts,
  type Draft,
  type Step,
  type Task
} from './draft';
import type { ModelOffer, Profile } from './offers';

export function stepName(step: Step, trans: Trans): string {
  const names: Record<Step, string> = {
    data: trans('Data'),
    explore: trans('Explore'),
    prepare: trans('Prepare'),
    split: trans('Split'),
    model: trans('Model'),
    train: trans('Train'),
    evaluate: trans('Evaluate')
  };
  return names[step];
}

export function taskWord(task: Task, trans: Trans): string {
  const words: Record<Task, string> = {
    auto: trans('found from the target'),
    binary: trans('two classes'),
    multiclass: trans('several classes'),
    regression: trans('a number')
  };
  return words[task];
}

export function splitWords(draft: Draft, trans: Trans): string {
  const shares = parts(draft)
    .map(part => Math.round(part * 100))
    .join(' / ');
  const methods: Record<Draft['method'], string> = {
    random: trans('random'),
    stratified: trans('stratified'),
    group: trans('by group'),
    time: trans('by time')
  };
  return `${shares}, ${methods[draft.method]}`;
}

/** What the form knows of a draft. */
export interface Known {
  draft: Draft;
  profile?: Profile;
  model?: ModelOffer;
  task: Task;
  /** Steps whose choices the data speaks against. */
  wrong?: ReadonlySet<Step>;
  /** What is seen of the run that was started, if one was. */
  seen?: Seen;
}

/** States of the split, of the training and of its evaluation, as far as they are known. */
export type Seen = { split?: string; train?: string; evaluate?: string };

export interface StepLine {
  step: Step;
  name: string;
  done: boolean;
  summary: string;
}

function said(state: string, trans: Trans): string {
  return stateWord(state, trans).toLowerCase();
}

/** Each step with a tick where nothing is left to choose, and one line on it. */
export function stepLines(known: Known, trans: Trans): StepLine[] {
  const { draft, profile, model } = known;
  const changed = Object.entries(draft.preprocess).filter(([key, value]) =>
    key === 'drop'
      ? (value as string[]).length > 0
      : ![
          'auto',
          key === 'text' ? 'string' : 'auto',
          key === 'outliers' ? 'none' : 'auto'
        ].includes(value as string)
  ).length;
  const ready = profile !== undefined;
  const lines: Record<Step, [boolean, string]> = {
    data: [
      ready,
      profile
        ? trans('%1 rows, %2 columns', allRows(profile), profile.columns.length)
        : draft.uri || trans('choose a dataset')
    ],
    explore: [
      ready && draft.target !== '' && !known.wrong?.has('explore'),
      draft.target === ''
        ? trans('choose the target')
        : known.wrong?.has('explore')
          ? trans('target: %1, can’t be learned yet', draft.target)
          : trans('target: %1, %2', draft.target, taskWord(known.task, trans))
    ],
    prepare: [
      ready,
      changed === 0 ? trans('automatic') : trans('%1 changed', changed)
    ],
    split: [ready && !known.wrong?.has('split'), splitWords(draft, trans)],
    model: [model !== undefined, model ? model.title : trans('choose a model')],
    train: [
      known.seen?.train === 'done',
      known.seen
        ? said(known.seen.train ?? 'queued', trans)
        : isKeras(draft.family)
          ? trans('%1 epochs', draft.epochs)
          : trans('not started')
    ],
    evaluate: [
      known.seen?.evaluate === 'done',
      known.seen?.evaluate === undefined
        ? trans('test part locked')
        : known.seen.evaluate === 'done'
          ? trans('test part unlocked')
          : said(known.seen.evaluate, trans)
    ]
  };
  return STEPS.map(step => ({
    step,
    name: stepName(step, trans),
    done: lines[step][0],
    summary: lines[step][1]
  }));
}
