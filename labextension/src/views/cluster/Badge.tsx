import * as React from 'react';
import { Icon, type Glyph } from '../shared/icons';
import type { Mood } from './types';

const LOOKS: Record<Mood, [Glyph, string]> = {
  good: ['check', 'done'],
  busy: ['clock', 'running'],
  bad: ['bang', 'failed'],
  done: ['check', 'ended'],
  plain: ['dot', 'plain']
};

/** Kubernetes' own word for a state, with icon and colour: never colour alone. */
export function Badge({
  status,
  mood
}: {
  status: string;
  mood: Mood;
}): React.ReactElement {
  const [glyph, look] = LOOKS[mood];
  return (
    <span className={`kf-State kf-mod-${look}`}>
      <Icon glyph={glyph} />
      {status}
    </span>
  );
}
