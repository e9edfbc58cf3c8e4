import { Widget } from '@lumino/widgets';
import { Signal } from '@lumino/signaling';
import { MARK, teach, type Place } from './output';

const VIEW = 'application/vnd.jupyter.widget-view+json';

/** A notebook whose renderers write down what they are given. */
function notebook(kernel: boolean) {
  const factories = new Map<string, { createRenderer: () => Widget }>();
  const drawn: { type: string; node: HTMLElement }[] = [];
  const renderer = (type: string): Widget =>
    Object.assign(new Widget(), {
      renderModel(this: Widget) {
        drawn.push({ type, node: this.node });
        return Promise.resolve();
      }
    });
  factories.set(VIEW, { createRenderer: () => renderer('no manager') });
  factories.set('text/html', { createRenderer: () => renderer('html') });
  const statusChanged = new Signal<object, string>({});
  const place = {
    rendermime: {
      createRenderer: (type: string) => factories.get(type)?.createRenderer(),
      getFactory: (type: string) => factories.get(type),
      addFactory: (factory: {
        mimeTypes: string[];
        createRenderer: () => Widget;
      }) => factories.set(factory.mimeTypes[0], factory)
    },
    session: {
      ready: Promise.resolve(),
      session: kernel ? { kernel: {} } : null,
      statusChanged
    }
  } as unknown as Place;
  teach(place);
  return {
    drawn,
    statusChanged,
    /** As Jupyter's widget manager does it once there is a kernel. */
    equip: () =>
      factories.set(VIEW, { createRenderer: () => renderer('widget') }),
    make: () => {
      const made = factories.get(MARK)?.createRenderer() as Widget & {
        renderModel: (model: object) => Promise<void>;
      };
      Widget.attach(made, document.body);
      return made;
    }
  };
}

const model = (id = 'm1', html = 'first') => ({
  trusted: true,
  metadata: {},
  data: { [MARK]: { version: 1 }, [VIEW]: { model_id: id }, 'text/html': html }
});

beforeEach(() => jest.useFakeTimers());
afterEach(() => jest.useRealTimers());

const hidden = (node: HTMLElement): boolean =>
  node.classList.contains('lm-mod-hidden');

test('without a kernel the still picture is there, and no widget is tried', async () => {
  const { drawn, make } = notebook(false);
  const output = make();
  await output.renderModel(model());
  await jest.advanceTimersByTimeAsync(2000);
  expect(drawn.map(({ type }) => type)).toEqual(['html']);
  expect(hidden(drawn[0].node)).toBe(false);
  output.dispose();
});

test('the widget takes the place of the picture once it is drawn, and gives it back', async () => {
  const { drawn, make, equip } = notebook(true);
  equip();
  const output = make();
  await output.renderModel(model());
  expect(hidden(drawn[0].node)).toBe(true);
  await jest.advanceTimersByTimeAsync(1100);
  const [still, live] = drawn.map(({ node }) => node);
  expect(drawn.map(({ type }) => type)).toEqual(['html', 'widget']);
  expect([hidden(still), hidden(live)]).toEqual([false, true]);
  live.append(document.createElement('div'));
  await Promise.resolve();
  expect([hidden(still), hidden(live)]).toEqual([true, false]);
  live.replaceChildren('Error displaying widget: model not found');
  await Promise.resolve();
  expect([hidden(still), hidden(live)]).toEqual([false, true]);
  output.dispose();
});

test('another picture of the same widget leaves the live one alone', async () => {
  const { drawn, make, equip } = notebook(true);
  equip();
  const output = make();
  await output.renderModel(model());
  await jest.advanceTimersByTimeAsync(10);
  await output.renderModel(model('m1', 'second'));
  await jest.advanceTimersByTimeAsync(10);
  expect(drawn.map(({ type }) => type)).toEqual(['html', 'widget', 'html']);
  await output.renderModel(model('m2'));
  await jest.advanceTimersByTimeAsync(10);
  expect(drawn.filter(({ type }) => type === 'widget')).toHaveLength(2);
  output.dispose();
});

test('a kernel that comes later brings the widget', async () => {
  const { drawn, make, equip, statusChanged } = notebook(false);
  const output = make();
  await output.renderModel(model());
  await jest.advanceTimersByTimeAsync(10);
  equip();
  statusChanged.emit('idle');
  expect(drawn.map(({ type }) => type)).toEqual(['html', 'widget']);
  output.dispose();
});

test('a restart is told to the widget', async () => {
  const { make, statusChanged } = notebook(true);
  const output = make();
  const place = document.createElement('div');
  place.className = 'kf-Place';
  output.node.append(place);
  const gone = jest.fn();
  place.addEventListener('kf-gone', gone);
  statusChanged.emit('busy');
  expect(gone).not.toHaveBeenCalled();
  statusChanged.emit('restarting');
  expect(gone).toHaveBeenCalledTimes(1);
  output.dispose();
  statusChanged.emit('restarting');
  expect(gone).toHaveBeenCalledTimes(1);
});
