import { epoch, event } from '../../testing/samples';
import { LOG_KEPT, measures, NOTHING, reduce } from './live';

const begin = event(1, { type: 'stage', name: 'load', state: 'begin' });
const end = event(2, { type: 'stage', name: 'load', state: 'end' });

test('takes events in order and keeps what each says', () => {
  const live = reduce(NOTHING, [
    begin,
    end,
    epoch(3, 1, 0.9, 1),
    event(4, { type: 'log', stream: 'stdout', text: 'a\n' }),
    event(5, {
      type: 'metric',
      name: 'accuracy',
      value: 0.9,
      part: 'validation'
    }),
    event(6, { type: 'metric', name: 'accuracy', value: 0.8, part: 'test' }),
    event(7, { type: 'done', best: { metric: 'accuracy', value: 0.9 } })
  ]);
  expect(live.seq).toBe(7);
  expect(live.stages).toEqual(['load']);
  expect(live.epochs.map(item => item.step)).toEqual([1]);
  expect(live.log).toBe('a\n');
  expect(measures(live, 'validation')['accuracy'].value).toBe(0.9);
  expect(measures(live, 'test')['accuracy'].value).toBe(0.8);
  expect(live.end?.type).toBe('done');
});

test('passes over duplicates, as after a reconnect with an old since', () => {
  const once = reduce(NOTHING, [begin, end, epoch(3, 1, 1, 1)]);
  const twice = reduce(once, [
    begin,
    end,
    epoch(3, 1, 1, 1),
    epoch(4, 2, 1, 1)
  ]);
  expect(twice.epochs.map(item => item.step)).toEqual([1, 2]);
  expect(reduce(once, [begin, end])).toBe(once);
});

test('stops at a gap, says so, and closes it when the missing events come', () => {
  const gap = reduce(NOTHING, [begin, epoch(4, 2, 1, 1)]);
  expect(gap.gap).toBe(true);
  expect(gap.seq).toBe(1);
  expect(gap.epochs).toEqual([]);
  const closed = reduce(gap, [end, epoch(3, 1, 1, 1), epoch(4, 2, 1, 1)]);
  expect(closed.gap).toBe(false);
  expect(closed.epochs.map(item => item.step)).toEqual([1, 2]);
});

test('a resumed run is open again, and its repeated steps replace the old ones', () => {
  const cut = reduce(NOTHING, [
    epoch(1, 1, 1, 1),
    epoch(2, 2, 1, 1),
    event(3, { type: 'interrupted', by: 'shutdown' })
  ]);
  expect(cut.end?.type).toBe('interrupted');
  const on = reduce(cut, [epoch(4, 2, 0.5, 0.5)]);
  expect(on.end).toBeNull();
  expect(on.epochs.map(item => [item.step, item.train?.['loss']])).toEqual([
    [1, 1],
    [2, 0.5]
  ]);
});

test('keeps validation and test predictions apart', () => {
  const prediction = { type: 'prediction', step: 1, n: 1, rows: [] };
  const live = reduce(NOTHING, [
    event(1, { ...prediction, part: 'validation' }),
    event(2, { ...prediction, part: 'test' })
  ]);
  expect(live.prediction?.seq).toBe(1);
  expect(live.test?.seq).toBe(2);
});

test('the log is bounded', () => {
  const text = 'x'.repeat(8000);
  const events = Array.from({ length: 40 }, (_, index) =>
    event(index + 1, { type: 'log', stream: 'stdout', text })
  );
  expect(reduce(NOTHING, events).log).toHaveLength(LOG_KEPT);
});
