import { useEffect, useState } from 'react';

/** Whether the page around the cell is dark: as Lab says it, as VS Code says it, else by the colour behind. */
export function isDark(element: Element): boolean {
  const { body } = element.ownerDocument;
  const said = body.dataset.jpThemeLight;
  if (said !== undefined) {
    return said === 'false';
  }
  const kind =
    body.dataset.vscodeThemeKind ??
    [...body.classList].find(name => name.startsWith('vscode-')) ??
    '';
  if (kind) {
    return /dark|vscode-high-contrast$/.test(kind);
  }
  const behind = colourBehind(element);
  return behind === null
    ? matchMedia('(prefers-color-scheme: dark)').matches
    : behind < 128;
}

/** Whether the page lacks Lab's style variables. */
export function isBare(element: Element): boolean {
  return !getComputedStyle(element)
    .getPropertyValue('--jp-layout-color1')
    .trim();
}

/** How bright the first background behind the element is, from 0 to 255; null where there is none. */
function colourBehind(element: Element): number | null {
  for (
    let at: Element | null = element.parentElement;
    at;
    at = at.parentElement
  ) {
    const parts = getComputedStyle(at).backgroundColor.match(/[\d.]+/g);
    const [red, green, blue, alpha] = (parts ?? []).map(Number);
    if (parts && parts.length >= 3 && (alpha ?? 1) > 0.5) {
      return 0.299 * red + 0.587 * green + 0.114 * blue;
    }
  }
  return null;
}

export interface Surroundings {
  dark: boolean;
  bare: boolean;
}

/** How the page looks around a cell, also after its theme has changed. */
export function useSurroundings(
  root: React.RefObject<HTMLElement>
): Surroundings {
  const [found, setFound] = useState<Surroundings>({
    dark: false,
    bare: false
  });
  useEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    const look = (): void => {
      const now = {
        dark: isDark(element),
        bare: isBare(element.ownerDocument.body)
      };
      setFound(before =>
        before.dark === now.dark && before.bare === now.bare ? before : now
      );
    };
    look();
    const changes = new MutationObserver(look);
    changes.observe(element.ownerDocument.body, {
      attributes: true,
      attributeFilter: [
        'class',
        'style',
        'data-jp-theme-light',
        'data-jp-theme-name',
        'data-vscode-theme-kind'
      ]
    });
    return () => changes.disconnect();
  }, [root]);
  return found;
}

/** So long after the last sign of a person the page counts as left: what it asks would keep an idle server running. */
const LEFT = 10 * 60_000;
const SIGNS = ['pointermove', 'pointerdown', 'keydown', 'wheel'] as const;

/** Whether a person may be looking: at a page that is shown and in use, with the element in view. */
export function useSeen(root: React.RefObject<HTMLElement>): boolean {
  const [seen, setSeen] = useState(true);
  useEffect(() => {
    const element = root.current;
    if (!element) {
      return;
    }
    const { ownerDocument } = element;
    let inView = true;
    let left = false;
    const look = (): void => setSeen(inView && !left && !ownerDocument.hidden);
    const leave = (): void => {
      left = true;
      look();
    };
    let timer = setTimeout(leave, LEFT);
    const sign = (): void => {
      clearTimeout(timer);
      timer = setTimeout(leave, LEFT);
      if (left) {
        left = false;
        look();
      }
    };
    const views =
      'IntersectionObserver' in window
        ? new IntersectionObserver(entries => {
            inView = entries[entries.length - 1].isIntersecting;
            look();
          })
        : null;
    views?.observe(element);
    ownerDocument.addEventListener('visibilitychange', look);
    SIGNS.forEach(name =>
      ownerDocument.addEventListener(name, sign, { passive: true })
    );
    return () => {
      clearTimeout(timer);
      views?.disconnect();
      ownerDocument.removeEventListener('visibilitychange', look);
      SIGNS.forEach(name => ownerDocument.removeEventListener(name, sign));
    };
  }, [root]);
  return seen;
}
