/** Which trial is best, and by how much. */
import { lowerIsBetter } from '../train/measured';
import type { Run } from '../shared/types';
import type { Trial } from './search';
import type { Goal } from './types';

export interface Objective {
  metric: string;
  goal: Goal;
}

/** What decides. A run that was not told measures the objective first in each trial. */
export function objectiveOf(run: Run, trials: readonly Trial[]): Objective {
  const asked = run.spec.tuning?.objective;
  const measured = trials.find(trial => trial.value !== null)?.event.metrics;
  const metric =
    asked?.metric ??
    run.best?.metric ??
    run.spec.metrics?.[0] ??
    Object.keys(measured ?? {})[0] ??
    '';
  return {
    metric,
    goal: asked?.goal ?? (lowerIsBetter(metric) ? 'min' : 'max')
  };
}

/** Whether one value is better than another; equal ones are not. */
export function better(a: number, b: number, goal: Goal): boolean {
  return goal === 'max' ? a > b : a < b;
}

export interface Standing {
  /** Trial 0. */
  baseline: Trial | null;
  /** The best of all that are done, the baseline too; the earliest of equals. */
  best: Trial | null;
  /** The best of the trials alone. */
  bestTrial: Trial | null;
  /** How many of the trials, the baseline not among them, are in each state. */
  done: number;
  running: number;
  failed: number;
  pruned: number;
}

export function standing(trials: readonly Trial[], goal: Goal): Standing {
  const found: Standing = {
    baseline: null,
    best: null,
    bestTrial: null,
    done: 0,
    running: 0,
    failed: 0,
    pruned: 0
  };
  const over = (a: Trial, b: Trial | null): boolean =>
    a.value !== null &&
    (b === null || b.value === null || better(a.value, b.value, goal));
  for (const trial of trials) {
    if (over(trial, found.best)) {
      found.best = trial;
    }
    if (trial.number === 0) {
      found.baseline = trial;
      continue;
    }
    found[trial.event.state] += 1;
    if (over(trial, found.bestTrial)) {
      found.bestTrial = trial;
    }
  }
  return found;
}

/** The best value up to each trial that is done, by number. */
export function bestSoFar(
  trials: readonly Trial[],
  goal: Goal
): [number: number, value: number][] {
  let best: number | null = null;
  const line: [number, number][] = [];
  for (const trial of trials) {
    if (trial.value === null) {
      continue;
    }
    best =
      best === null || better(trial.value, best, goal) ? trial.value : best;
    line.push([trial.number, best]);
  }
  return line;
}
