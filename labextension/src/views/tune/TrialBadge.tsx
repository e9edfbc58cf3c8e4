import * as React from 'react';
import { useHost } from '../shared/host';
import { Icon, type Glyph } from '../shared/icons';
import { unitWord } from '../train/words';
import type { Trace, Trial } from './search';
import { causeWord, trialState, trialStateWord } from './words';

const GLYPHS: Record<ReturnType<typeof trialState>, Glyph> = {
  running: 'play',
  done: 'check',
  pruned: 'stop',
  failed: 'bang',
  cut: 'pause'
};
const HUES: Record<ReturnType<typeof trialState>, string> = {
  running: 'running',
  done: 'done',
  pruned: 'paused',
  failed: 'failed',
  cut: 'interrupted'
};

/** The state of a trial: icon, word and colour; how far one is that runs, and why one failed. */
export function TrialBadge({
  trial,
  trace,
  live
}: {
  trial: Trial;
  trace?: Trace;
  live: boolean;
}): React.ReactElement {
  const { trans } = useHost();
  const state = trialState(trial, live);
  const last = trace?.epochs.items[trace.epochs.length - 1];
  const more =
    state === 'failed'
      ? causeWord(trial.event.cause, trans).toLowerCase()
      : state === 'running' && last
        ? last.of
          ? trans(
              '%1 %2 of %3',
              unitWord(last.unit, trans).toLowerCase(),
              last.step,
              last.of
            )
          : `${unitWord(last.unit, trans).toLowerCase()} ${last.step}`
        : '';
  return (
    <span
      className={`kf-State kf-mod-${HUES[state]}`}
      title={trial.event.text ?? undefined}
    >
      <Icon glyph={GLYPHS[state]} />
      {trialStateWord(state, trans) + (more && `: ${more}`)}
    </span>
  );
}
