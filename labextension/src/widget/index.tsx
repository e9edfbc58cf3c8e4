import * as React from 'react';
import { createRoot } from 'react-dom/client';
import { Cell } from './Cell';
import { CommClient } from './CommClient';
import { newName, type Model } from './model';

/** What our own outputs say to the widgets in them; see output.ts. */
const GONE = 'kf-gone';

/** Shows the widget of `model` in `el`; returns the function that takes it away. */
export function mount({
  model,
  el
}: {
  model: Model;
  el: HTMLElement;
}): () => void {
  const client = new CommClient(model, {
    gone: () => el.closest('.jupyter-widgets-disconnected') !== null,
    updates: () => el.closest('.kf-Output') !== null
  });
  const lose = (): void => client.lose();
  el.addEventListener(GONE, lose);
  // Several roots are in one page: without a prefix the ids of their fields would be the same.
  const root = createRoot(el, { identifierPrefix: `kf-${newName()}-` });
  el.classList.add('kf-Place');
  root.render(<Cell model={model} client={client} />);
  return () => {
    el.removeEventListener(GONE, lose);
    root.unmount();
    client.close();
  };
}
