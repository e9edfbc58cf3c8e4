import type { Epoch, Stage } from '../shared/types';
import { brief } from '../shared/format';
import type { Trans } from '../shared/host';
import { lowerIsBetter, measureNames, overfitting } from './measured';
import type { Live } from './live';

export function stageWord(name: Stage['name'], trans: Trans): string {
  const words: Record<Stage['name'], string> = {
    split: trans('Splitting off the test part'),
    load: trans('Loading the data'),
    preprocess: trans('Preparing the columns'),
    fit: trans('Training'),
    score: trans('Scoring'),
    save: trans('Saving the model')
  };
  return words[name];
}

export function unitWord(unit: Epoch['unit'], trans: Trans): string {
  const words: Record<Epoch['unit'], string> = {
    epoch: trans('Epoch'),
    iteration: trans('Iteration'),
    trees: trans('Trees'),
    samples: trans('Samples')
  };
  return words[unit];
}

/** A name such as `log_loss` as a person reads it. */
export function metricWord(name: string): string {
  return name.replace(/_/g, ' ');
}

/** How far a training is: `Epoch 3 of 20`. */
export function stepWords(
  { unit, step, of }: Pick<Epoch, 'unit' | 'step' | 'of'>,
  trans: Trans
): string {
  const word = unitWord(unit, trans);
  return of ? trans('%1 %2 of %3', word, step, of) : trans('%1 %2', word, step);
}

/** The same of a run that is followed; null before its first step. */
export function progress(live: Live, trans: Trans): string | null {
  const epoch = live.epochs[live.epochs.length - 1];
  return epoch ? stepWords(epoch, trans) : null;
}

/** The measure that says most: the run's best, else the first where more is better. */
export function keyMetric(live: Live, part: 'validation' | 'test'): string {
  const best = live.end?.type === 'done' ? live.end.best : null;
  const names = live.metrics
    .filter(metric => metric.part === part)
    .map(metric => metric.name);
  if (best && names.includes(best.metric)) {
    return best.metric;
  }
  return names.find(name => !lowerIsBetter(name)) ?? names[0] ?? '';
}

/** The one sentence over everything else. */
export function headline(live: Live, trans: Trans): string {
  const { end } = live;
  const part = live.metrics.some(metric => metric.part === 'test')
    ? 'test'
    : 'validation';
  const key = keyMetric(live, part);
  const metric = live.metrics.find(
    item => item.name === key && item.part === part
  );
  if (end?.type === 'done') {
    if (!metric) {
      return trans('Done.');
    }
    const words = [metricWord(key), brief(metric.value)] as const;
    return part === 'test'
      ? trans('Done: %1 %2 on the test part.', ...words)
      : trans('Done: %1 %2 on the validation part.', ...words);
  }
  if (end?.type === 'failed') {
    return trans('Failed: %1', end.text);
  }
  if (end?.type === 'cancelled') {
    return trans('Cancelled. What was recorded until then stays.');
  }
  if (end?.type === 'interrupted') {
    return trans('Interrupted: %1', end.by);
  }
  if (live.stage === null && live.epochs.length === 0) {
    return live.seq === 0
      ? trans('Starting the run.')
      : trans('Starting the next step.');
  }
  const stage = live.stage ?? 'fit';
  const far = stage === 'fit' ? progress(live, trans) : null;
  const latest = live.epochs[live.epochs.length - 1];
  const name = measureNames(live.epochs).find(
    item => latest?.validation?.[item] !== undefined
  );
  const value = name && latest?.validation?.[name];
  if (far && name && value !== undefined && value !== '') {
    return trans(
      'Training: %1, validation %2 %3.',
      far.toLowerCase(),
      metricWord(name),
      brief(value)
    );
  }
  return far
    ? trans('Training: %1.', far.toLowerCase())
    : trans('%1.', stageWord(stage, trans));
}

/** `Overfitting since epoch 14: validation loss up 12 % …`, or nothing. */
export function overfitWords(live: Live, trans: Trans): string | null {
  const found = overfitting(live.epochs);
  const unit = live.epochs[0]?.unit;
  if (!found || !unit) {
    return null;
  }
  const percent = Math.round(found.worse * 100);
  const where = `${unitWord(unit, trans).toLowerCase()} ${found.since}`;
  const name = metricWord(found.metric);
  return lowerIsBetter(found.metric)
    ? trans(
        'Overfitting since %1: validation %2 up %3 % while training %2 fell.',
        where,
        name,
        percent
      )
    : trans(
        'Overfitting since %1: validation %2 down %3 % while training %2 rose.',
        where,
        name,
        percent
      );
}
