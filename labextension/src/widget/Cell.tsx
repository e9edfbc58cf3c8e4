import * as React from 'react';
import {
  useCallback,
  useEffect,
  useMemo,
  useRef,
  useState,
  useSyncExternalStore
} from 'react';
import { showing } from '../views/metadata/state';
import { HostProvider, type Host, type Trans } from '../views/shared/host';
import { startedFrom } from '../views/tune/draft';
import type { CommClient } from './CommClient';
import type { Model } from './model';
import { opened, readPages, writePages, type Page } from './pages';
import { useSeen, useSurroundings } from './surroundings';
import { VIEWS, type Args } from './views';

/** The state is written once it has rested so long. */
const QUIET = 400;

/** A cell has no translator of its own: the sentences stay as they are written. */
const trans: Trans = (text, ...args) =>
  text.replace(/%(\d+)/g, (mark, index: string) =>
    String(args[Number(index) - 1] ?? mark)
  );

/** The host of a view in a notebook cell. What it leads to is shown in its place, with a way back. */
export function Cell({
  model,
  client
}: {
  model: Model;
  client: CommClient;
}): React.ReactElement {
  const root = useRef<HTMLDivElement>(null);
  const panel = useRef<HTMLDivElement>(null);
  const { dark, bare } = useSurroundings(root);
  const visible = useSeen(root);
  const { pages, turn, keep, go } = usePages(model, root);
  const top = pages[pages.length - 1];
  const below = pages[pages.length - 2] as Page | undefined;
  const entry = VIEWS[top.view];

  // Whoever is led to another view is there with the keyboard, too.
  const moves = useRef(pages.length);
  useEffect(() => {
    if (moves.current !== pages.length) {
      moves.current = pages.length;
      panel.current?.focus();
    }
  }, [pages.length]);

  const host = useMemo((): Omit<Host, 'visible'> => {
    const open = (view: string, args: Args = {}, state?: unknown): void =>
      go(before => opened(before, view, args, state));
    return {
      client,
      trans,
      openRun: id => open('run', { id }),
      openTrain: () => open('train'),
      openTune: what =>
        what && 'id' in what
          ? open('run', what)
          : open('tune', {}, what && startedFrom(what.run)),
      openMetadata: (id, name) => open('metadata', {}, showing(id, name))
    };
  }, [client, go]);

  return (
    <div
      ref={root}
      className={`kf-Cell${bare ? ' kf-mod-bare' : ''}`}
      data-jp-theme-light={String(!dark)}
      // Whoever turns to a panel that has been quiet is told if there is no kernel any more.
      onPointerEnter={() => client.check()}
      onFocus={() => client.check()}
    >
      <LinkLine client={client} />
      {below && (
        <nav className="kf-Cell-back" aria-label={trans('Back')}>
          <button
            className="kf-link"
            onClick={() => go(before => before.slice(0, -1))}
          >
            <span aria-hidden="true">← </span>
            {trans('Back to %1', VIEWS[below.view]?.title(trans) ?? below.view)}
          </button>
        </nav>
      )}
      <div
        ref={panel}
        className={`kf-Panel kf-mod-${top.view}`}
        role="region"
        aria-label={entry?.title(trans) ?? top.view}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
        tabIndex={0}
      >
        <HostProvider value={{ ...host, visible }}>
          {entry ? (
            <entry.View
              key={turn}
              args={top.args}
              stored={top.state ?? undefined}
              onState={keep}
            />
          ) : (
            <p>
              {trans(
                'This version of kfhub has no panel named %1. Update it, then run the cell again.',
                top.view
              )}
            </p>
          )}
        </HostProvider>
      </div>
    </div>
  );
}

/** Says how it stands with the kernel where that is not as it should be. */
function LinkLine({ client }: { client: CommClient }): React.ReactElement {
  const link = useSyncExternalStore(
    useCallback(listener => client.onLink(listener), [client]),
    () => client.link
  );
  return (
    <div className="kf-Cell-link" role="status">
      {link === 'busy' && (
        <p className="kf-Partial">
          {trans(
            'The kernel does not answer at the moment: it may be busy with a cell. What you see is the last state.'
          )}
        </p>
      )}
      {link === 'gone' && (
        <p className="kf-Partial">
          {trans(
            'The kernel is gone; what you see is the last state. Run the cell again to go on.'
          )}
        </p>
      )}
    </div>
  );
}

interface Pages {
  pages: readonly Page[];
  /** Another number whenever a view starts anew with what is stored. */
  turn: number;
  keep: (state: unknown) => void;
  go: (change: (before: readonly Page[]) => readonly Page[]) => void;
}

/** The pages of the widget, kept in the model; what another output or the kernel writes there is taken over. */
function usePages(model: Model, root: React.RefObject<HTMLDivElement>): Pages {
  const [shown, setShown] = useState<{
    pages: readonly Page[];
    turn: number;
  }>(() => ({ pages: readPages(model), turn: 0 }));
  const latest = useRef(shown.pages);
  const writing = useRef(false);
  const timer = useRef<ReturnType<typeof setTimeout>>();

  const write = useCallback((): void => {
    clearTimeout(timer.current);
    timer.current = undefined;
    writing.current = true;
    try {
      writePages(model, latest.current);
    } finally {
      writing.current = false;
    }
  }, [model]);

  const keep = useCallback(
    (state: unknown): void => {
      latest.current = [
        ...latest.current.slice(0, -1),
        {
          ...latest.current[latest.current.length - 1],
          state
        }
      ];
      clearTimeout(timer.current);
      timer.current = setTimeout(write, QUIET);
    },
    [write]
  );

  const go = useCallback(
    (change: (before: readonly Page[]) => readonly Page[]): void => {
      const pages = change(latest.current);
      latest.current = pages;
      setShown(({ turn }) => ({ pages, turn: turn + 1 }));
      write();
    },
    [write]
  );

  useEffect(() => {
    const take = (): void => {
      // Nobody's typing is taken away by what another output of the widget has written.
      const here = root.current?.contains(document.activeElement);
      if (writing.current || here || timer.current !== undefined) {
        return;
      }
      const pages = readPages(model);
      latest.current = pages;
      setShown(({ turn }) => ({ pages, turn: turn + 1 }));
    };
    model.on('change:state', take);
    model.on('change:pages', take);
    return () => {
      model.off('change:state', take);
      model.off('change:pages', take);
      if (timer.current !== undefined) {
        write();
      }
    };
  }, [model, root, write]);

  return { ...shown, keep, go };
}
