import { following, type Followable } from '../shared/follow';
import type {
  Epoch,
  Event,
  Metric,
  Prediction,
  Stage,
  WarningEvent
} from '../shared/types';

/** What the events of a run say so far. */
export interface Live extends Followable {
  begun: string | null;
  stage: Stage['name'] | null;
  stages: Stage['name'][];
  epochs: Epoch[];
  prediction: Prediction | null;
  test: Prediction | null;
  metrics: Metric[];
  warnings: WarningEvent[];
  log: string;
}

/** Characters of log kept for the drawer; the whole of it is in the run's folder. */
export const LOG_KEPT = 200_000;

export const NOTHING: Live = {
  seq: 0,
  gap: false,
  begun: null,
  stage: null,
  stages: [],
  epochs: [],
  prediction: null,
  test: null,
  metrics: [],
  warnings: [],
  log: '',
  end: null
};

/** Takes events in, in order, up to the first one that is missing. */
export function reduce(live: Live, events: readonly Event[]): Live {
  const { fresh, gap } = following(live.seq, events);
  const next = fresh.reduce(
    (before, event) => take({ ...before, seq: event.seq, gap: false }, event),
    live
  );
  return gap && !next.gap ? { ...next, gap } : next;
}

function take(live: Live, event: Event): Live {
  const begun = live.begun ?? event.time;
  // An interrupted run that goes on has not ended.
  const open = { ...live, begun, end: null };
  switch (event.type) {
    case 'stage': {
      const ended = event.state === 'end';
      return {
        ...open,
        stage: ended
          ? live.stage === event.name
            ? null
            : live.stage
          : event.name,
        stages:
          ended && !live.stages.includes(event.name)
            ? [...live.stages, event.name]
            : live.stages
      };
    }
    case 'epoch': {
      // A resumed run repeats the steps after its checkpoint.
      const kept = live.epochs.filter(epoch => epoch.step < event.step);
      return { ...open, epochs: [...kept, event] };
    }
    case 'prediction':
      return event.part === 'test'
        ? { ...open, test: event }
        : { ...open, prediction: event };
    case 'metric': {
      const kept = live.metrics.filter(
        metric => metric.name !== event.name || metric.part !== event.part
      );
      return { ...open, metrics: [...kept, event] };
    }
    case 'warning':
      return { ...open, warnings: [...live.warnings, event] };
    case 'log':
      return { ...open, log: (live.log + event.text).slice(-LOG_KEPT) };
    case 'artifact':
    case 'trial':
    case 'resumed':
      return open;
    case 'done':
    case 'failed':
    case 'cancelled':
    case 'interrupted':
      return { ...live, begun, stage: null, end: event };
  }
}

/** The measures of one part, by name. */
export function measures(
  live: Live,
  part: Metric['part']
): Record<string, Metric> {
  return Object.fromEntries(
    live.metrics
      .filter(metric => metric.part === part)
      .map(metric => [metric.name, metric])
  );
}
