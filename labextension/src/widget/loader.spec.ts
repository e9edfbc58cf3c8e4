import { FakeModel } from '../testing/comm';

type Loader = typeof import('./loader');
type Page = { kfhubViews?: Map<string, Promise<unknown>> };

const PICTURE = {
  title: 'Runs',
  sentence: '1 run: 1 done.',
  columns: ['Name'],
  rows: [['<img src=x onerror="alert(1)">']],
  note: ''
};

let loader: Loader['default'];
let el: HTMLElement;
let model: FakeModel;

beforeEach(async () => {
  jest.useFakeTimers();
  delete (globalThis as Page).kfhubViews;
  ({ default: loader } = await import('./loader'));
  el = document.body.appendChild(document.createElement('div'));
  model = new FakeModel({ _code: 'abc', picture: PICTURE });
});
afterEach(() => {
  el.remove();
  jest.useRealTimers();
});

function page(views: unknown): void {
  (globalThis as Page).kfhubViews = new Map([['abc', Promise.resolve(views)]]);
}

test('without an answer the last state is there, as text, with the reason', async () => {
  const leave = loader.render({ model, el });
  expect(model.of('code')).toEqual([{ kind: 'code', hash: 'abc' }]);
  expect(el.textContent).toBe('');
  await jest.advanceTimersByTimeAsync(500);
  expect(el.querySelector('td')?.textContent).toBe(PICTURE.rows[0][0]);
  expect(el.querySelector('img')).toBeNull();
  await jest.advanceTimersByTimeAsync(3000);
  expect(el.querySelector('[role=status]')?.textContent).toContain(
    'kernel does not answer'
  );
  leave();
  expect(model.listening).toBe(0);
});

test('views that the page has are shown at once, and taken away with the output', async () => {
  const gone = jest.fn();
  const mount = jest.fn(() => gone);
  page({ mount });
  const leave = loader.render({ model, el });
  await jest.advanceTimersByTimeAsync(0);
  expect(mount).toHaveBeenCalledTimes(1);
  expect(model.of('code')).toEqual([]);
  await jest.advanceTimersByTimeAsync(10_000);
  expect(el.querySelector('table')).toBeNull();
  leave();
  expect(gone).toHaveBeenCalled();
});

test('an output that is gone before the views come shows nothing', async () => {
  const mount = jest.fn();
  page({ mount });
  loader.render({ model, el })();
  await jest.advanceTimersByTimeAsync(0);
  expect(mount).not.toHaveBeenCalled();
});

test('whoever asked first may be gone with the answer: then the next one asks', async () => {
  (globalThis as Page).kfhubViews = new Map([
    ['abc', new Promise(() => undefined)]
  ]);
  const leave = loader.render({ model, el });
  expect(model.of('code')).toEqual([]);
  await jest.advanceTimersByTimeAsync(3100);
  expect(model.of('code')).toHaveLength(1);
  leave();
});

test('a kernel with other views says so', async () => {
  const leave = loader.render({ model, el });
  model.say({ kind: 'code', hash: 'abc', error: 'kfhub was updated' });
  await jest.advanceTimersByTimeAsync(0);
  expect(el.textContent).toContain('could not be loaded (kfhub was updated)');
  expect(el.querySelector('table')).not.toBeNull();
  leave();
});

test('keys in a panel are kept from the notebook, but for those with Ctrl', async () => {
  page({
    mount: ({ el: place }: { el: HTMLElement }) => {
      place.append(document.createElement('button'));
      return () => undefined;
    }
  });
  const leave = loader.render({ model, el });
  await jest.advanceTimersByTimeAsync(0);
  const button = el.querySelector('button') as HTMLElement;
  const press = (init: KeyboardEventInit): boolean => {
    let kept = false;
    const look = (): void => {
      kept = button.hasAttribute('data-lm-suppress-shortcuts');
    };
    document.addEventListener('keydown', look, true);
    button.dispatchEvent(
      new KeyboardEvent('keydown', { bubbles: true, ...init })
    );
    document.removeEventListener('keydown', look, true);
    return kept;
  };
  expect(press({ key: 'x' })).toBe(true);
  expect(press({ key: 's', ctrlKey: true })).toBe(false);
  leave();
});
