import type { Model } from './model';
import type { Args } from './views';

/** One view of a cell: the one the widget is made for, or one that was opened from it. */
export interface Page {
  view: string;
  args: Args;
  /** What the view wants to find again. */
  state: unknown;
}

/** The pages of a widget, the shown one last. */
export function readPages(model: Model): Page[] {
  const opened = model.get('pages');
  return [
    page({
      view: model.get('view'),
      args: model.get('args'),
      state: model.get('state')
    }),
    ...(Array.isArray(opened) ? opened.map(page) : [])
  ];
}

/** Writes them where the kernel, a saved notebook and other outputs of the widget find them. */
export function writePages(model: Model, pages: readonly Page[]): void {
  const [first, ...opened] = pages;
  model.set('state', first.state ?? null);
  model.set('pages', opened);
  model.save_changes();
}

/** With another view on top; the one that is there already is not opened twice. */
export function opened(
  pages: readonly Page[],
  view: string,
  args: Args,
  state: unknown = null
): Page[] {
  const top = pages[pages.length - 1];
  return top.view === view && top.args.id === args.id
    ? pages.map(page => (page === top && state ? { ...page, state } : page))
    : [...pages, { view, args, state }];
}

function page(given: unknown): Page {
  const { view, args, state } = (given ?? {}) as Record<string, unknown>;
  const id = (args as Args | null | undefined)?.id;
  return {
    view: String(view),
    args: typeof id === 'string' ? { id } : {},
    state: state ?? null
  };
}
