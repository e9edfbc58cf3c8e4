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
      return found.matches('input, select, textarea')
        ? found
        : found.querySelector<HTMLElement>(
            'input:checked, input, select, button, [tabindex]'
          );
    }
  }
  return null;
}
