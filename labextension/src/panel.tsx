import * as React from 'react';
import { ReactWidget } from '@jupyterlab/ui-components';
import type { Message } from '@lumino/messaging';
import { Signal, type ISignal } from '@lumino/signaling';
import { HostProvider, type Host } from './views/shared/host';

/** Commands of all plugins, so that views can lead to each other. */
export const CommandIDs = {
  train: 'kfhub:open-train',
  tune: 'kfhub:open-tune',
  runs: 'kfhub:open-runs',
  run: 'kfhub:open-run',
  metadata: 'kfhub:open-metadata',
  cluster: 'kfhub:open-cluster'
} as const;

type View = React.ComponentType<{
  stored?: unknown;
  onState?: (state: unknown) => void;
}>;

const QUIET = 400;

/** A view in a Lumino widget: tells it whether it is seen, and keeps the state it wants kept. */
export class Panel extends ReactWidget {
  constructor(
    private readonly host: Omit<Host, 'visible'>,
    private readonly view: View,
    private stored: unknown
  ) {
    super();
    this.addClass('kf-Panel');
    this.node.tabIndex = -1;
    document.addEventListener('visibilitychange', this.onVisibility);
  }

  /** What the view wants to find again after a reload. */
  get state(): unknown {
    return this.stored;
  }

  /** Emitted when the state has changed and rested for a moment. */
  get stateChanged(): ISignal<this, void> {
    return this.changed;
  }

  /** Takes a state that was read late; the view starts anew with it. */
  restore(stored: unknown): void {
    this.stored = stored;
    this.turn += 1;
    this.update();
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    clearTimeout(this.timer);
    document.removeEventListener('visibilitychange', this.onVisibility);
    Signal.clearData(this);
    super.dispose();
  }

  protected render(): React.ReactElement {
    const View = this.view;
    return (
      <HostProvider
        value={{ ...this.host, visible: this.isVisible && !document.hidden }}
      >
        <View key={this.turn} stored={this.stored} onState={this.keep} />
      </HostProvider>
    );
  }

  protected onAfterShow(message: Message): void {
    super.onAfterShow(message);
    this.update();
  }

  protected onAfterHide(message: Message): void {
    super.onAfterHide(message);
    this.update();
  }

  private readonly keep = (state: unknown): void => {
    this.stored = state;
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.changed.emit(), QUIET);
  };

  private readonly onVisibility = (): void => this.update();
  private readonly changed = new Signal<this, void>(this);
  private turn = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
}
