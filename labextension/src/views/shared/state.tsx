import * as React from 'react';
import type { RunState } from './types';
import { useHost, type Trans } from './host';
import { Icon, type Glyph } from './icons';

const GLYPHS: Record<string, Glyph> = {
  queued: 'clock',
  running: 'play',
  paused: 'pause',
  interrupted: 'pause',
  done: 'check',
  failed: 'bang',
  cancelled: 'stop'
};

export function stateWord(state: string, trans: Trans): string {
  const words: Record<RunState, string> = {
    queued: trans('Queued'),
    running: trans('Running'),
    paused: trans('Paused'),
    interrupted: trans('Interrupted'),
    done: trans('Done'),
    failed: trans('Failed'),
    cancelled: trans('Cancelled')
  };
  return words[state as RunState] ?? state;
}

export function isLive(state: string): boolean {
  return state === 'queued' || state === 'running' || state === 'paused';
}

/** Icon, word and colour: never colour alone. */
export function StateBadge({ state }: { state: string }): React.ReactElement {
  const { trans } = useHost();
  return (
    <span className={`kf-State kf-mod-${state}`}>
      <Icon glyph={GLYPHS[state] ?? 'dot'} />
      {stateWord(state, trans)}
    </span>
  );
}
