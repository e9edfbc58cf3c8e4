/** The control of a JSON path: its own, else the nearest that holds it. */
export function fieldAt(
  root: HTMLElement | null,
  path: string
): HTMLElement | null {
  const names = path.split('.');
  const parameter = path.startsWith('model.params.')
    ? root?.querySelector<HTMLElement>(
        `.kf-ModelForm [id$="_${CSS.escape(names[2])}"]:is(input, select, textarea)`
      )
    : null;
  if (parameter) {
    return parameter;
  }
  for (let length = names.length; length > 0; length--) {
    const path = names.slice(0, length).join('.');
    const found = [
      ...(root?.querySelectorAll<HTMLElement>('[data-field]') ?? [])
    ].find(element => element.dataset.field === path);
    if (found) {
      return found.matches('input, textarea, select') ? found : inside(found);
    }
  }
  return null;
}

/** What can take the focus in a group: what is chosen, else the first control, else what scrolls. */
function inside(group: HTMLElement): HTMLElement | null {
  for (const kind of ['input:checked', 'input, select, button', '[tabindex]']) {
    const found = group.querySelector<HTMLElement>(kind);
    if (found) {
      return found;
    }
  }
  return null;
}
