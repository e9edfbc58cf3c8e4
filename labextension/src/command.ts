import type { ILayoutRestorer, JupyterFrontEnd } from '@jupyterlab/application';
import type { ICommandPalette } from '@jupyterlab/apputils';
import type { ILauncher } from '@jupyterlab/launcher';
import type { LabIcon } from '@jupyterlab/ui-components';
import type {
  ReadonlyJSONObject,
  ReadonlyPartialJSONObject
} from '@lumino/coreutils';
import { CATEGORY } from './hub';

/** What a plugin gets from Lab; all but the app may be missing. */
export interface Lab {
  app: JupyterFrontEnd;
  restorer: ILayoutRestorer | null;
  palette: ICommandPalette | null;
  launcher: ILauncher | null;
}

export interface CommandOptions {
  command: string;
  label: (args: ReadonlyPartialJSONObject) => string;
  caption: string;
  icon: LabIcon;
  /** The arguments it takes. */
  args?: ReadonlyJSONObject;
  /** Its place in the launcher; without one it is in neither launcher nor palette. */
  rank?: number;
  execute: (args: ReadonlyPartialJSONObject) => unknown;
}

/** A command, in the launcher by its label, and in the palette, where no picture helps, by its caption. */
export function addCommand(
  { app, palette, launcher }: Pick<Lab, 'app' | 'palette' | 'launcher'>,
  { command, label, caption, icon, args, rank, execute }: CommandOptions
): void {
  app.commands.addCommand(command, {
    label: given => (given['isPalette'] ? caption : label(given)),
    caption,
    icon: given => (given['isPalette'] ? undefined : icon),
    describedBy: { args: { type: 'object', properties: args ?? {} } },
    execute
  });
  if (rank !== undefined) {
    palette?.addItem({
      command,
      category: CATEGORY,
      args: { isPalette: true }
    });
    launcher?.add({ command, category: CATEGORY, rank });
  }
}
