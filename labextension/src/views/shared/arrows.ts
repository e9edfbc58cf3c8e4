import type { KeyboardEvent } from 'react';

/** Up and down go from a row's name to that of the next row, in a table or a list. */
export function moveRow(event: KeyboardEvent<HTMLElement>): void {
  const row = event.currentTarget.closest('tr, li');
  const next =
    event.key === 'ArrowDown'
      ? row?.nextElementSibling
      : event.key === 'ArrowUp'
        ? row?.previousElementSibling
        : null;
  const name = next?.querySelector<HTMLElement>('th button, [data-name]');
  if (name) {
    event.preventDefault();
    name.focus();
  }
}
