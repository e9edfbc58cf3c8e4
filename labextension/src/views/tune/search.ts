import { toNumber } from '../shared/format';
import { following, type Followable } from '../shared/follow';
import type { Epoch, Event, Stage, WarningEvent } from '../shared/types';
import type { TrialEvent } from './types';

/** One trial as its last event has it. */
export interface Trial {
  number: number;
  event: TrialEvent;
  /** The objective of one that is done; null where there is none, or none that is a number. */
  value: number | null;
  /** When it began, the last time. */
  began: string | null;
  /** How often it was begun: one that was cut off is run again. */
  times: number;
}

/** A list that only grows: what was read of it earlier stays as it was, and adding copies nothing. */
interface Grown<T> {
  readonly items: T[];
  readonly length: number;
}

/** What a trial says while it runs. */
export interface Trace {
  epochs: Grown<Epoch>;
  stage: Stage['name'] | null;
  log: string;
  warnings: readonly WarningEvent[];
}

/** What the events of a tuning run say so far. Trials and traces stand at their number; there may be holes. */
export interface Search extends Followable {
  begun: string | null;
  stage: Stage['name'] | null;
  trials: readonly (Trial | undefined)[];
  traces: readonly (Trace | undefined)[];
  warnings: readonly WarningEvent[];
  log: string;
}

/** Characters of log kept of the run and of each trial; the whole of it is in the run's folder. */
export const LOG_KEPT = 200_000;
export const TRIAL_LOG_KEPT = 20_000;

const NO_TRACE: Trace = {
  epochs: { items: [], length: 0 },
  stage: null,
  log: '',
  warnings: []
};

export const NO_SEARCH: Search = {
  seq: 0,
  gap: false,
  end: null,
  begun: null,
  stage: null,
  trials: [],
  traces: [],
  warnings: [],
  log: ''
};

type Writable<T> = { -readonly [key in keyof T]: T[key] };

/**
 * Takes events in, in order, up to the first one that is missing. The lists are copied once for each call and not for
 * each event, so what an event costs does not grow with the trials.
 */
export function reduceSearch(search: Search, events: readonly Event[]): Search {
  const { fresh, gap } = following(search.seq, events);
  if (fresh.length === 0) {
    return gap && !search.gap ? { ...search, gap } : search;
  }
  const next: Writable<Search> = {
    ...search,
    gap,
    begun: search.begun ?? fresh[0].time,
    seq: fresh[fresh.length - 1].seq
  };
  let trials: (Trial | undefined)[] | null = null;
  let traces: (Trace | undefined)[] | null = null;
  const trace = (number: number, change: Partial<Trace>): void => {
    traces ??= next.traces.slice();
    next.traces = traces;
    traces[number] = { ...(traces[number] ?? NO_TRACE), ...change };
  };
  const traceOf = (number: number): Trace => next.traces[number] ?? NO_TRACE;
  for (const event of fresh) {
    // An ended run that goes on has not ended.
    next.end = null;
    switch (event.type) {
      case 'trial':
        trials ??= next.trials.slice();
        next.trials = trials;
        trials[event.trial] = folded(trials[event.trial], event);
        if (event.state === 'running') {
          trace(event.trial, { epochs: NO_TRACE.epochs, stage: null });
        }
        break;
      case 'epoch':
        if (isOf(event)) {
          trace(event.trial, {
            epochs: added(traceOf(event.trial).epochs, event)
          });
        }
        break;
      case 'stage': {
        const stage = event.state === 'begin' ? event.name : null;
        if (isOf(event)) {
          trace(event.trial, { stage });
        } else {
          next.stage = stage;
        }
        break;
      }
      case 'log':
        if (isOf(event)) {
          const { log } = traceOf(event.trial);
          trace(event.trial, { log: tail(log + event.text, TRIAL_LOG_KEPT) });
        }
        next.log = tail(next.log + event.text, LOG_KEPT);
        break;
      case 'warning':
        if (isOf(event)) {
          const { warnings } = traceOf(event.trial);
          trace(event.trial, { warnings: [...warnings, event] });
        } else {
          next.warnings = [...next.warnings, event];
        }
        break;
      case 'done':
      case 'failed':
      case 'cancelled':
      case 'interrupted':
        next.stage = null;
        next.end = event;
        break;
      case 'prediction':
      case 'metric':
      case 'artifact':
      case 'resumed':
        // What a trial measured stands in its own event.
        break;
    }
  }
  return next;
}

function isOf<E extends { trial?: number | null }>(
  event: E
): event is E & { trial: number } {
  return typeof event.trial === 'number';
}

/** Of a trial that comes twice the last event counts. */
function folded(before: Trial | undefined, event: TrialEvent): Trial {
  const begins = event.state === 'running';
  const given =
    event.value === null || event.value === undefined
      ? NaN
      : toNumber(event.value);
  return {
    number: event.trial,
    event,
    value: event.state === 'done' && Number.isFinite(given) ? given : null,
    began: begins ? event.time : (before?.began ?? null),
    times: (before?.times ?? 0) + (begins ? 1 : 0)
  };
}

/** A trial that goes on from a checkpoint repeats the steps after it. */
function added(list: Grown<Epoch>, epoch: Epoch): Grown<Epoch> {
  let kept = list.length;
  while (kept > 0 && list.items[kept - 1].step >= epoch.step) {
    kept -= 1;
  }
  // Where others have read on, or it was cut, it is copied: what was read must stay.
  const items =
    kept > 0 && kept === list.items.length
      ? list.items
      : list.items.slice(0, kept);
  items.push(epoch);
  return { items, length: kept + 1 };
}

/** The items of a list, as it was when it was read. */
export function listed<T>(list: Grown<T>): T[] {
  return list.items.slice(0, list.length);
}

/** The end of a text; cut only once it is twice as long, so that cutting costs little for each event. */
function tail(text: string, kept: number): string {
  return text.length > 2 * kept ? text.slice(-kept) : text;
}

/** The trials that there are, by number. */
export function trialsOf(search: Pick<Search, 'trials'>): Trial[] {
  return search.trials.filter(trial => trial !== undefined);
}
