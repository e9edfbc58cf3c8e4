import { useEffect } from 'react';

/** `/` puts the cursor into the search, unless something is being typed. */
export function useSlash(root: React.RefObject<HTMLElement>): void {
  useEffect(() => {
    const element = root.current;
    const onKey = (event: KeyboardEvent): void => {
      const typing =
        event.target instanceof HTMLElement &&
        event.target.matches('input, textarea, select');
      if (event.key === '/' && !typing) {
        const search = element?.querySelector<HTMLElement>('[type="search"]');
        if (search) {
          event.preventDefault();
          search.focus();
        }
      }
    };
    element?.addEventListener('keydown', onKey);
    return () => element?.removeEventListener('keydown', onKey);
  }, [root]);
}
