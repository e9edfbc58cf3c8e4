import * as React from 'react';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import type { Live } from './live';
import { progress, stageWord } from './words';

const ORDER = ['split', 'load', 'preprocess', 'fit', 'score', 'save'] as const;

/** The stages of a run with ticks, and how far training is. */
export function Progress({
  live,
  stages = ORDER
}: {
  live: Live;
  stages?: readonly (typeof ORDER)[number][];
}): React.ReactElement {
  const { trans } = useHost();
  const last = live.epochs[live.epochs.length - 1];
  const far = live.stage === 'fit' ? progress(live, trans) : null;
  return (
    <div className="kf-Progress">
      <ol className="kf-Stages" aria-label={trans('Stages')}>
        {stages.map(name => {
          const now = live.stage === name;
          const done = live.stages.includes(name);
          return (
            <li
              key={name}
              className={now ? 'kf-mod-now' : done ? 'kf-mod-done' : ''}
              aria-current={now ? 'step' : undefined}
            >
              <Icon glyph={done ? 'check' : now ? 'play' : 'dot'} />
              {stageWord(name, trans)}
              {done && <span className="kf-hidden"> {trans('(done)')}</span>}
            </li>
          );
        })}
      </ol>
      {far && last?.of ? (
        <progress value={last.step} max={last.of} aria-label={far} />
      ) : null}
    </div>
  );
}
