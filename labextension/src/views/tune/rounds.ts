/** The rounds of hyperband's first bracket, as the server reckons them in kflab/ml/search/hyperband.py. */
import { grouped } from '../shared/format';
import type { Trans } from '../shared/host';
import type { Resource } from './draft';

export interface Round {
  trials: number;
  /** What each of them gets. */
  amount: number;
}

/** None for numbers that make no search. */
export function roundsOf(min: number, max: number, factor: number): Round[] {
  if (!(min >= 1 && factor >= 2 && max >= min)) {
    return [];
  }
  let last = -1;
  for (let left = max; left >= min; left /= factor) {
    last++;
  }
  let levels = 1;
  while (min * factor ** (levels - 1) < max) {
    levels++;
  }
  return Array.from({ length: last + 1 }, (_, round) => ({
    trials: Math.ceil((levels * factor ** (last - round)) / (last + 1)),
    amount: Math.ceil(max / factor ** (last - round))
  }));
}

/** Trials for all of these rounds. */
export function trialsFor(rounds: readonly Round[]): number {
  return rounds.reduce((sum, round) => sum + round.trials, 0);
}

/** As much as leaves three rounds after the first one, where that is at least `floor`; else fewer rounds. */
export function atFirst(floor: number, most: number, factor: number): number {
  let more = 1;
  while (more < 3 && most / factor ** (more + 1) >= floor) {
    more++;
  }
  // Down: rounded up, the least would leave one round out.
  return Math.max(1, Math.floor(most / factor ** more));
}

/** What each round gives, and how many trials there must be for one of them to be given all. */
export function roundWords(
  rounds: readonly Round[],
  resource: Exclude<Resource, ''>,
  trials: number,
  trans: Trans
): string {
  const unit = {
    epochs: trans('epochs'),
    trees: trans('trees'),
    samples: trans('rows')
  }[resource];
  const amounts = rounds.map(round => grouped(round.amount));
  const [first, last] = [amounts[0], amounts[amounts.length - 1]];
  const what = trans(
    'The rounds give %1 and %2 %3.',
    amounts.slice(0, -1).join(', '),
    last,
    unit
  );
  const least = trialsFor(rounds.slice(0, -1)) + 1;
  return trials >= least
    ? what
    : `${what} ${trans(
        'With %1 trials none gets all %2: the first round alone has %3, with %4 each. Ask for at least %5.',
        grouped(trials),
        last,
        grouped(rounds[0].trials),
        first,
        grouped(least)
      )}`;
}
