import {
  ILayoutRestorer,
  type JupyterFrontEnd,
  type JupyterFrontEndPlugin
} from '@jupyterlab/application';
import {
  ICommandPalette,
  MainAreaWidget,
  WidgetTracker
} from '@jupyterlab/apputils';
import { ILauncher } from '@jupyterlab/launcher';
import {
  ITranslator,
  nullTranslator,
  type TranslationBundle
} from '@jupyterlab/translation';
import type { JSONValue, ReadonlyPartialJSONObject } from '@lumino/coreutils';
import { addCommand, type CommandOptions, type Lab } from './command';
import { DOMAIN, makeHost } from './hub';
import { CommandIDs, type Panel } from './panel';

export interface MainAreaOptions extends Omit<
  CommandOptions,
  'args' | 'execute'
> {
  namespace: string;
  /** Which of the panels is meant: one of each key at a time. */
  key: (args: ReadonlyPartialJSONObject) => string;
  make: (args: ReadonlyPartialJSONObject) => Panel;
  /** Brings an open panel to what the arguments ask for. */
  reuse?: (panel: Panel, args: ReadonlyPartialJSONObject) => void;
}

/** A command that opens a panel in the main area, and there again after a reload. */
export function addMainArea(lab: Lab, options: MainAreaOptions): void {
  const { command, namespace } = options;
  const { shell } = lab.app;
  const tracker = new WidgetTracker<MainAreaWidget<Panel>>({ namespace });
  const args = new WeakMap<Panel, ReadonlyPartialJSONObject>();
  addCommand(lab, {
    ...options,
    args: {
      id: { type: ['string', 'number'] },
      run: { type: 'string' },
      state: {}
    },
    execute: given => {
      const id = `${namespace}-${options.key(given)}`;
      const open = tracker.find(widget => widget.id === id);
      if (open) {
        options.reuse?.(open.content, given);
        shell.activateById(id);
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
      shell.add(widget, 'main');
      void tracker.add(widget);
      shell.activateById(id);
    }
  });
  if (lab.restorer) {
    void lab.restorer.restore(tracker, {
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
}

/** A plugin that is one command and its panel in the main area. */
export function panelPlugin(
  name: 'train' | 'tune' | 'metadata' | 'cluster',
  description: string,
  panel: (
    host: ReturnType<typeof makeHost>,
    bundle: TranslationBundle
  ) => Omit<MainAreaOptions, 'command' | 'namespace'>
): JupyterFrontEndPlugin<void> {
  return {
    id: `@kfhub/labextension:${name}`,
    description,
    autoStart: true,
    optional: [ITranslator, ILayoutRestorer, ICommandPalette, ILauncher],
    activate: (
      app: JupyterFrontEnd,
      translator: ITranslator | null,
      restorer: ILayoutRestorer | null,
      palette: ICommandPalette | null,
      launcher: ILauncher | null
    ) => {
      const bundle = (translator ?? nullTranslator).load(DOMAIN);
      addMainArea(
        { app, restorer, palette, launcher },
        {
          command: CommandIDs[name],
          namespace: `kfhub-${name}`,
          ...panel(makeHost(app, bundle), bundle)
        }
      );
    }
  };
}
