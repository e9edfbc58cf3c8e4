import type { JupyterFrontEnd } from '@jupyterlab/application';
import { Notification } from '@jupyterlab/apputils';
import { PageConfig } from '@jupyterlab/coreutils';
import type { ILauncher } from '@jupyterlab/launcher';
import { nullTranslator } from '@jupyterlab/translation';
import { CommandRegistry } from '@lumino/commands';
import { LabClient } from '../client';
import { ApiError } from '../views/client';
import { starter } from '.';

// Lab's pages bring these; none of their own code matters here.
jest.mock('@jupyterlab/apputils', () => ({
  Notification: { error: jest.fn() }
}));
jest.mock('@jupyterlab/launcher', () => ({}));
jest.mock('@jupyterlab/translation', () => ({
  nullTranslator: { load: () => ({ __: (text: string) => text }) }
}));
jest.mock('@jupyterlab/ui-components', () => ({ ReactWidget: jest.fn() }));

const asked = jest.spyOn(LabClient.prototype, 'request');
const opened = jest.fn();

afterEach(() => {
  jest.clearAllMocks();
  PageConfig.setOption('kflabStarter', '');
});

/** The plugin in a page with a launcher: its commands, and the cards that it adds. */
function activated(): {
  commands: CommandRegistry;
  cards: ILauncher.IItemOptions[];
} {
  const commands = new CommandRegistry();
  commands.addCommand('docmanager:open', { execute: opened });
  const cards: ILauncher.IItemOptions[] = [];
  const launcher = {
    add: (card: ILauncher.IItemOptions) => void cards.push(card)
  };
  const app = {
    commands,
    serviceManager: { serverSettings: {} }
  } as unknown as JupyterFrontEnd;
  void starter.activate(app, nullTranslator, null, launcher);
  return { commands, cards };
}

test('the card has the server put the notebook there, and opens it', async () => {
  asked.mockResolvedValue({ path: 'kfhub-tour.ipynb' });
  const { commands, cards } = activated();
  expect(cards).toMatchObject([{ category: 'kfhub' }]);
  expect(commands.label(cards[0].command)).toBe('Starter notebook');
  await commands.execute(cards[0].command);
  expect(asked).toHaveBeenCalledWith('POST', 'starter');
  expect(opened).toHaveBeenCalledWith({ path: 'kfhub-tour.ipynb' });
  expect(Notification.error).not.toHaveBeenCalled();
});

test.each([
  [
    new ApiError('The workspace is read-only.', 503),
    'The workspace is read-only.'
  ],
  [new ApiError('', 0), 'The server does not answer']
])('why it cannot be had is said', async (error, words) => {
  asked.mockRejectedValue(error);
  const { commands, cards } = activated();
  await commands.execute(cards[0].command);
  expect(opened).not.toHaveBeenCalled();
  expect(Notification.error).toHaveBeenCalledWith(
    expect.stringContaining(words),
    { autoClose: false }
  );
});

test('where an admin has switched it off there is neither card nor command', () => {
  PageConfig.setOption('kflabStarter', 'off');
  const { commands, cards } = activated();
  expect(cards).toEqual([]);
  expect(commands.listCommands()).toEqual(['docmanager:open']);
});
