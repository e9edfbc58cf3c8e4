import type { JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { cluster } from './cluster';
import { metadata } from './metadata';
import { train } from './train';
import { tune } from './tune';

// Lab's pages bring these; what a test needs of them is here.
jest.mock('@jupyterlab/application', () => ({}));
jest.mock('@jupyterlab/apputils', () => ({
  MainAreaWidget: class {
    content: unknown;
    title = {};
    constructor(options: { content: unknown }) {
      this.content = options.content;
    }
  },
  WidgetTracker: class {
    private readonly all: unknown[] = [];
    add(widget: unknown): void {
      this.all.push(widget);
    }
    find(test: (widget: unknown) => boolean): unknown {
      return this.all.find(test);
    }
  }
}));
jest.mock('@jupyterlab/launcher', () => ({}));
jest.mock('@jupyterlab/translation', () => ({
  nullTranslator: {
    load: () => ({
      __: (text: string, ...args: string[]) => text.replace('%1', args[0])
    })
  }
}));
jest.mock('@jupyterlab/ui-components', () => ({
  LabIcon: jest.fn(),
  ReactWidget: class {
    node = document.createElement('div');
    addClass(): void {
      return;
    }
    update(): void {
      return;
    }
  },
  offlineBoltIcon: {},
  treeViewIcon: {}
}));

interface Opened {
  id: string;
  title: { label: string };
  content: { state: unknown };
}

/** A plugin in a page with palette and launcher. */
function activated(plugin: typeof tune) {
  const commands = new CommandRegistry();
  const cards: ILauncher.IItemOptions[] = [];
  const lines: object[] = [];
  const opened: Opened[] = [];
  const shell = {
    add: (widget: Opened) => opened.push(widget),
    activateById: jest.fn()
  };
  const app = { commands, shell, serviceManager: { serverSettings: {} } };
  const palette = { addItem: (line: object) => lines.push(line) };
  const launcher = { add: (card: ILauncher.IItemOptions) => cards.push(card) };
  void plugin.activate(
    app as unknown as JupyterFrontEnd,
    nullTranslator,
    null,
    palette as unknown as ICommandPalette,
    launcher as unknown as ILauncher
  );
  return { commands, cards, lines, opened, shell };
}

test.each([
  [train, 'train', 'Train', 1],
  [tune, 'tune', 'Tune', 2],
  [metadata, 'metadata', 'Metadata', 4],
  [cluster, 'cluster', 'Cluster', 5]
] as const)(
  'each panel has its place in launcher and palette, and is opened once',
  async (plugin, name, label, rank) => {
    const { commands, cards, lines, opened, shell } = activated(plugin);
    const command = `kfhub:open-${name}`;
    expect(plugin.id).toBe(`@kfhub/labextension:${name}`);
    expect(cards).toEqual([{ command, category: 'kfhub', rank }]);
    expect(lines).toEqual([
      { command, category: 'kfhub', args: { isPalette: true } }
    ]);
    expect(commands.label(command)).toBe(label);
    expect(commands.label(command, { isPalette: true })).toBe(
      commands.caption(command)
    );
    await commands.execute(command);
    await commands.execute(command);
    expect(opened.map(widget => widget.title.label)).toEqual([label]);
    expect(opened[0].id).toMatch(new RegExp(`^kfhub-${name}-`));
    expect(shell.activateById).toHaveBeenCalledTimes(2);
  }
);

test('each search has a panel of its own; the form that is open takes another run to start from', async () => {
  const { commands, opened } = activated(tune);
  await commands.execute('kfhub:open-tune', { id: '01JAAAAAAAAA' });
  await commands.execute('kfhub:open-tune');
  await commands.execute('kfhub:open-tune', { run: '01JBBBBBBBBB' });
  expect(opened.map(widget => widget.title.label)).toEqual([
    'Tuning run AAAAAA',
    'Tune'
  ]);
  expect(opened[1].content.state).toMatchObject({ from: '01JBBBBBBBBB' });
});
