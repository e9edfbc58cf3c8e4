/** The server behind the page of one run, and what such a run tells. */
import type { Event, Run } from '../views/shared/types';
import { epoch, event, page, run, RUN_ID, tuneRun } from './samples';

export const STREAM = `runs/${RUN_ID}/stream`;

/** Answers for the page of a run; `more` goes first. */
export function runAnswers(record: Run = run(), more: object = {}) {
  return {
    [`GET runs/${RUN_ID}`]: record,
    [`GET runs/${RUN_ID}/events`]: {
      items: [] as Event[],
      next_since: 0,
      state: 'running'
    },
    [`POST runs/${RUN_ID}/cancel`]: {},
    'GET runs': page([]),
    ...more
  };
}

const ENDED = '2026-03-01T10:01:00.000Z';

/** The same for a search that has ended. */
export function endedSearch(state: Run['state'], more: object = {}) {
  return runAnswers(tuneRun({ state, ended: ENDED }), more);
}

/** For one that has ended so, and runs once it is asked to go on. */
export function resumable(before: Run['state']) {
  let state = before;
  const record = (): Run =>
    tuneRun({ state, ended: state === 'running' ? null : ENDED });
  return endedSearch(before, {
    [`GET runs/${RUN_ID}`]: record,
    [`POST runs/${RUN_ID}/resume`]: () => {
      state = 'running';
      return record();
    }
  });
}

/** The events of a search one after another, each with its number. */
export class Story {
  private seq = 0;

  next(fields: object): Event {
    this.seq += 1;
    return event(this.seq, fields);
  }

  trial(number: number, fields: object): Event {
    return this.next({
      type: 'trial',
      trial: number,
      baseline: number === 0,
      params:
        number === 0
          ? {
              n_estimators: 100,
              max_depth: 0,
              max_features: 'sqrt',
              ccp_alpha: 0
            }
          : {
              n_estimators: 100 + number,
              max_depth: number,
              max_features: 'sqrt'
            },
      ...fields
    });
  }

  done(number: number, value: number): Event[] {
    return [
      this.trial(number, { state: 'running' }),
      this.trial(number, {
        state: 'done',
        value,
        std: 0.01,
        seconds: 1.5,
        metrics: { accuracy: value, log_loss: 1 - value }
      })
    ];
  }

  /** The trials of these values, from the baseline on. */
  values(...all: number[]): Event[] {
    return all.flatMap((value, number) => this.done(number, value));
  }

  step(number: number, at: number): Event {
    this.seq += 1;
    return { ...epoch(this.seq, at, 1 / at, 2 / at), trial: number } as Event;
  }
}
