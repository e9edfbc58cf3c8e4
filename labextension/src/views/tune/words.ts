/** The sentences of a search. */
import { duration } from '../shared/format';
import type { Trans } from '../shared/host';
import { isLive } from '../shared/state';
import { metricWord, stageWord } from '../train/words';
import { type Objective, type Standing } from './best';
import type { Search, Trial } from './search';
import type {
  Goal,
  Method,
  ResourceSpec,
  TrialEvent,
  TuningSpec
} from './types';

/** Four digits, as the table has them, and as many more as two values need to be told apart. */
export function told(value: number, beside?: number): string {
  for (let digits = 4; digits < 9; digits++) {
    const text = short(value, digits);
    if (
      beside === undefined ||
      beside === value ||
      text !== short(beside, digits)
    ) {
      return text;
    }
  }
  return short(value, 9);
}

function short(value: number, digits: number): string {
  const whole = Math.abs(value) >= 10 ** digits;
  return String(
    whole ? Math.round(value) : Number(value.toPrecision(digits))
  ).replace('-', '−');
}

export function goalWords(goal: Goal, trans: Trans): string {
  return goal === 'max' ? trans('more is better') : trans('less is better');
}

export interface Planned {
  method: Method;
  title: string;
  parameters: number;
  combinations: number;
  trials: number;
  parallel: number;
  seconds: number | null;
}

/** What will happen, before it does: `30 trials of TPE over 3 parameters, 2 at once, after the baseline.` */
export function planWords(plan: Planned, trans: Trans): string {
  const over =
    plan.parameters === 1
      ? trans('1 parameter')
      : trans('%1 parameters', plan.parameters);
  const once =
    plan.parallel === 1
      ? trans('one at a time')
      : trans('%1 at once', plan.parallel);
  const trials =
    plan.trials === 1 ? trans('1 trial') : trans('%1 trials', plan.trials);
  const grid = plan.method === 'grid' && Number.isFinite(plan.combinations);
  const what = !grid
    ? trans(
        '%1 of %2 over %3, %4, after the baseline.',
        trials,
        plan.title,
        over,
        once
      )
    : plan.combinations <= plan.trials
      ? trans(
          'All %1 combinations of %2, %3, after the baseline.',
          plan.combinations,
          over,
          once
        )
      : trans(
          'The first %1 of %2 combinations of %3, %4, after the baseline.',
          plan.trials,
          plan.combinations,
          over,
          once
        );
  return plan.seconds === null
    ? what
    : `${what} ${trans('It ends after %1 at the latest.', duration(plan.seconds * 1000))}`;
}

/** The one sentence over everything else: how the best trial stands against the baseline. */
export function headline(
  search: Search,
  now: Standing,
  objective: Objective,
  state: string,
  trans: Trans
): string {
  const live = isLive(state);
  const { best, baseline, bestTrial } = now;
  const metric = metricWord(objective.metric);
  const lowest = baseline?.value ?? null;
  if (bestTrial === null || bestTrial.value === null) {
    return withoutTrial(search, now, metric, live, trans);
  }
  const value = told(bestTrial.value, lowest ?? undefined);
  if (lowest === null) {
    const said = live
      ? trans('Best of %1 so far: %2 %3.', now.done, metric, value)
      : trans('Best of %1: %2 %3.', now.done, metric, value);
    switch (baseline?.event.state) {
      case 'failed':
        return `${said} ${trans('The baseline failed, so there is nothing to compare it with.')}`;
      case 'pruned':
        return `${said} ${trans('The baseline was stopped, so there is nothing to compare it with.')}`;
      default:
        return said;
    }
  }
  if (best === baseline) {
    const words = [now.done, value, told(lowest, bestTrial.value)] as const;
    if (now.done === 1) {
      return live
        ? trans(
            'The first trial does not beat the baseline: it has %1, the baseline %2.',
            words[1],
            words[2]
          )
        : trans(
            'The one trial does not beat the baseline: it has %1, the baseline %2.',
            words[1],
            words[2]
          );
    }
    return live
      ? trans(
          'None of %1 trials beats the baseline so far: best %2, baseline %3.',
          ...words
        )
      : trans(
          'None of %1 trials beats the baseline: best %2, baseline %3.',
          ...words
        );
  }
  const gain = told(Math.abs(bestTrial.value - lowest));
  const above = bestTrial.value > lowest;
  const words = [now.done, metric, value, gain] as const;
  if (live) {
    return above
      ? trans('Best of %1 so far: %2 %3, %4 above the baseline.', ...words)
      : trans('Best of %1 so far: %2 %3, %4 below the baseline.', ...words);
  }
  return above
    ? trans('Best of %1: %2 %3, %4 above the baseline.', ...words)
    : trans('Best of %1: %2 %3, %4 below the baseline.', ...words);
}

/** That the best trial was given less than the baseline, which it is compared with; else nothing. */
export function givenWords(
  { bestTrial }: Standing,
  resource: ResourceSpec | null | undefined,
  trans: Trans
): string {
  const given = bestTrial?.event.resource;
  return given && resource && given < resource.max
    ? trans(
        'The best trial was given %1 of %2 %3, the baseline all of them.',
        given.toLocaleString(),
        resource.max.toLocaleString(),
        resource.name ?? ''
      )
    : '';
}

/** `TPE, 12 trials`: what tells searches for the same model on the same data apart. */
export function searchWords(
  { method, budget }: TuningSpec,
  trans: Trans
): string {
  const names: Record<Method, string> = {
    random: trans('Random'),
    grid: trans('Grid'),
    hyperband: trans('Hyperband'),
    bayesian: trans('Bayesian'),
    tpe: trans('TPE')
  };
  const trials = budget?.trials;
  return [
    method && names[method],
    trials && (trials === 1 ? trans('1 trial') : trans('%1 trials', trials))
  ]
    .filter(Boolean)
    .join(', ');
}

/** What there is to say while no trial has a value. */
function withoutTrial(
  search: Search,
  now: Standing,
  metric: string,
  live: boolean,
  trans: Trans
): string {
  const { baseline, failed, pruned, running } = now;
  const lost = withoutValue(now, trans).join(', ');
  if (failed > 0 && running === 0 && !live) {
    if (pruned > 0) {
      return trans('No trial has a result: %1.', lost);
    }
    return failed === 1
      ? trans('The only trial failed.')
      : trans('All %1 trials failed.', failed);
  }
  if (!live) {
    const bar = baseline?.value ?? null;
    return bar === null
      ? trans('It ended before anything was measured.')
      : trans('No trial was done; the baseline has %1 %2.', metric, told(bar));
  }
  if (!baseline) {
    return search.stage
      ? trans('%1.', stageWord(search.stage, trans))
      : trans('Starting the search.');
  }
  if (baseline.event.state === 'running') {
    return trans(
      'Measuring the baseline: the model as it is, before anything is searched.'
    );
  }
  const bar =
    baseline.event.state === 'pruned'
      ? trans('The baseline was stopped.')
      : baseline.value === null
        ? trans('The baseline failed.')
        : trans('The baseline has %1 %2.', metric, told(baseline.value));
  const next =
    lost !== ''
      ? trans('No trial has a result yet; %1.', lost)
      : running === 1
        ? trans('The first trial runs.')
        : running > 1
          ? trans('The first %1 trials run.', running)
          : trans('The first trial is being chosen.');
  return `${bar} ${next}`;
}

/** `12 of 30 trials done, 2 running, 1 failed`. */
export function countWords(
  now: Standing,
  trials: number,
  live: boolean,
  trans: Trans
): string {
  const facts = [
    trans('%1 of %2 trials done', now.done, trials),
    now.running === 0
      ? ''
      : live
        ? trans('%1 running', now.running)
        : trans('%1 cut off', now.running),
    ...withoutValue(now, trans)
  ];
  return facts.filter(Boolean).join(', ');
}

/** `1 stopped early`, `2 failed`: the trials that ended without a value. */
function withoutValue({ pruned, failed }: Standing, trans: Trans): string[] {
  return [
    pruned > 0 ? trans('%1 stopped early', pruned) : '',
    failed > 0 ? trans('%1 failed', failed) : ''
  ].filter(Boolean);
}

/** Why the best is the best, for its mark in the table. */
export function bestWords(
  best: Trial,
  baseline: Trial | null,
  { metric, goal }: Objective,
  trans: Trans
): string {
  const name = metricWord(metric);
  const most =
    goal === 'max' ? trans('highest %1', name) : trans('lowest %1', name);
  if (best.number === 0) {
    return trans('%1; no trial beats it', most);
  }
  const bar = baseline?.value ?? null;
  return best.value === null || bar === null
    ? most
    : trans(
        '%1, better than the baseline by %2',
        most,
        told(Math.abs(best.value - bar))
      );
}

export function trialName(number: number, trans: Trans): string {
  return number === 0 ? trans('Baseline') : trans('Trial %1', number);
}

/** The state of a trial; one that runs in a run that has ended was cut off. */
export function trialState(
  trial: Trial,
  live: boolean
): TrialEvent['state'] | 'cut' {
  return trial.event.state === 'running' && !live ? 'cut' : trial.event.state;
}

export function trialStateWord(
  state: TrialEvent['state'] | 'cut',
  trans: Trans
): string {
  const words: Record<TrialEvent['state'] | 'cut', string> = {
    running: trans('Running'),
    done: trans('Done'),
    pruned: trans('Stopped early'),
    failed: trans('Failed'),
    cut: trans('Cut off')
  };
  return words[state];
}

export function causeWord(cause: TrialEvent['cause'], trans: Trans): string {
  switch (cause) {
    case 'oom':
      return trans('Out of memory');
    case 'nan':
      return trans('Not a number');
    case 'timeout':
      return trans('Took too long');
    case 'signal':
      return trans('Killed');
    default:
      return trans('Error');
  }
}
