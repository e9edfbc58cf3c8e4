/**
 * What anywidget loads for each widget. It is small, for each model carries it, also over a reload of the page and
 * into saved notebooks; the views themselves are asked of the kernel, once for all widgets of a page.
 */
import type { Listener, Model } from './model';
import { drawPicture, readPicture } from './picture';
import { unzipped, type Sent } from './wire';

interface Views {
  mount(place: { model: Model; el: HTMLElement }): () => void;
}

/** Until then the place stays empty, so that nothing jumps where the views come at once. */
const SOON = 400;
/** Until then one waits without a word. */
const LATE = 3000;

const WAITING =
  'The kernel does not answer: it is busy with a cell, or gone. This is the last state.';

/** The views by their hash, for the whole page. */
function kept(): Map<string, Promise<Views>> {
  const page = globalThis as { kfhubViews?: Map<string, Promise<Views>> };
  page.kfhubViews ??= new Map();
  return page.kfhubViews;
}

function render({ model, el }: { model: Model; el: HTMLElement }): () => void {
  const document = el.ownerDocument;
  const place = document.createElement('div');
  const still = document.createElement('div');
  const said = document.createElement('p');
  said.setAttribute('role', 'status');
  el.classList.add('kf-Widget');
  el.style.maxWidth = '100%';
  const keep = keyKeeper(el);
  // Before anything that listens to the document.
  window.addEventListener('keydown', keep, true);
  el.append(still, said, place);
  const asking = new AbortController();
  let leave: (() => void) | null = null;
  let over = false;

  const draw = (): void => {
    const picture = readPicture(model.get('picture'));
    still.replaceChildren(...(picture ? [drawPicture(document, picture)] : []));
  };
  const soon = setTimeout(draw, SOON);
  const late = setTimeout(() => (said.textContent = WAITING), LATE);
  const done = (): void => {
    clearTimeout(soon);
    clearTimeout(late);
  };

  load(model, String(model.get('_code')), document, asking.signal).then(
    views => {
      if (over) {
        return;
      }
      done();
      still.remove();
      said.remove();
      leave = views.mount({ model, el: place });
    },
    (error: unknown) => {
      done();
      draw();
      const reason = error instanceof Error ? error.message : String(error);
      said.textContent = `The panel could not be loaded (${reason}). This is the last state.`;
    }
  );
  return () => {
    over = true;
    window.removeEventListener('keydown', keep, true);
    done();
    asking.abort();
    leave?.();
  };
}

/**
 * Keys that are pressed in a panel are the panel's: a notebook in command mode would cut the cell on `x`. Jupyter's
 * shortcuts leave an element alone that is marked so; those with Ctrl, such as saving, work as everywhere.
 */
function keyKeeper(el: HTMLElement): (event: KeyboardEvent) => void {
  return event => {
    const { target } = event;
    if (target instanceof Element && el.contains(target)) {
      target.toggleAttribute(
        'data-lm-suppress-shortcuts',
        !event.ctrlKey && !event.metaKey
      );
    }
  };
}

/** The views: those of the page, else the kernel's. */
async function load(
  model: Model,
  hash: string,
  document: Document,
  signal: AbortSignal
): Promise<Views> {
  const known = kept().get(hash);
  if (known) {
    // Whoever asked first may be gone by now, with the answer: then this one asks, too.
    const first = await Promise.race([known, later(LATE)]);
    if (first) {
      return first;
    }
  }
  const views = ask(model, hash, document, signal);
  kept().set(hash, views);
  views.catch(() => kept().delete(hash));
  return views;
}

function later(wait: number): Promise<null> {
  return new Promise(resolve => setTimeout(() => resolve(null), wait));
}

function ask(
  model: Model,
  hash: string,
  document: Document,
  signal: AbortSignal
): Promise<Views> {
  return new Promise((resolve, reject) => {
    const hear: Listener = (
      message: { kind?: unknown; hash?: unknown; error?: unknown },
      buffers: readonly BlobPart[]
    ) => {
      if (message.kind === 'code' && message.hash === hash) {
        model.off('msg:custom', hear);
        if (typeof message.error === 'string') {
          reject(new Error(message.error));
        } else {
          evaluate(hash, buffers, document).then(resolve, reject);
        }
      }
    };
    model.on('msg:custom', hear);
    signal.addEventListener('abort', () => model.off('msg:custom', hear));
    const question: Sent = { kind: 'code', hash };
    model.send(question);
  });
}

async function evaluate(
  hash: string,
  buffers: readonly BlobPart[],
  document: Document
): Promise<Views> {
  const [code, styles] = await Promise.all(buffers.map(unzipped));
  const style = document.createElement('style');
  style.dataset.kfhub = hash;
  style.textContent = styles;
  document.head.append(style);
  const url = URL.createObjectURL(
    new Blob([code], { type: 'text/javascript' })
  );
  try {
    return (await import(/* webpackIgnore: true */ url)) as Views;
  } finally {
    URL.revokeObjectURL(url);
  }
}

export default { render };
