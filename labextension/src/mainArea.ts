import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import {
  MainAreaWidget,
  WidgetTracker,
  type ICommandPalette
} from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import type { LabIcon } from '@jupyterlab/ui-components';
import type { JSONValue, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { CATEGORY } from './hub';
import type { Panel } from './panel';

export interface MainAreaOptions {
  app: JupyterFrontEnd;
  command: string;
  namespace: string;
  label: (args: ReadonlyPartialJSONObject) => string;
  caption: string;
  icon: LabIcon;
  /** Which of the panels is meant: one of each key at a time. */
  key: (args: ReadonlyPartialJSONObject) => string;
  make: (args: ReadonlyPartialJSONObject) => Panel;
  /** Brings an open panel to what the arguments ask for. */
  reuse?: (panel: Panel, args: ReadonlyPartialJSONObject) => void;
  restorer: ILayoutRestorer | null;
  palette?: ICommandPalette | null;
  launcher?: ILauncher | null;
  rank?: number;
}

/** A command that opens a panel in the main area, in palette and launcher, and there again after a reload. */
export function addMainArea(options: MainAreaOptions): void {
  const { app, command, namespace } = options;
  const tracker = new WidgetTracker<MainAreaWidget<Panel>>({ namespace });
  const args = new WeakMap<Panel, ReadonlyPartialJSONObject>();
  app.commands.addCommand(command, {
    label: given =>
      given['isPalette'] ? options.caption : options.label(given),
    caption: options.caption,
    icon: given => (given['isPalette'] ? undefined : options.icon),
    describedBy: {
      args: {
        type: 'object',
        properties: {
          id: { type: ['string', 'number'] },
          run: { type: 'string' },
          state: {}
        }
      }
    },
    execute: given => {
      const id = `${namespace}-${options.key(given)}`;
      const open = tracker.find(widget => widget.id === id);
      if (open) {
        options.reuse?.(open.content, given);
        app.shell.activateById(id);
        return;
      }
      const content = options.make(given);
      const widget = new MainAreaWidget({ content });
      widget.id = id;
      widget.title.label = options.label(given);
      widget.title.caption = options.caption;
      widget.title.icon = options.icon;
      widget.title.closable = true;
      args.set(content, given);
      content.stateChanged.connect(() => void tracker.save(widget));
      app.shell.add(widget, 'main');
      void tracker.add(widget);
      app.shell.activateById(id);
    }
  });
  if (options.restorer) {
    void options.restorer.restore(tracker, {
      command,
      args: ({ content }) => {
        const { id } = args.get(content) ?? {};
        return {
          ...(id === undefined ? {} : { id }),
          state: (content.state ?? null) as JSONValue
        };
      },
      name: widget => widget.id
    });
  }
  if (options.rank !== undefined) {
    options.palette?.addItem({
      command,
      category: CATEGORY,
      args: { isPalette: true }
    });
    options.launcher?.add({ command, category: CATEGORY, rank: options.rank });
  }
}
