/** The last state as the kernel has put it into words: kflab/widgets/picture.py. */
export interface Picture {
  title: string;
  sentence: string;
  columns: readonly string[];
  rows: readonly (readonly string[])[];
  note: string;
}

/** The picture where it is one. */
export function readPicture(given: unknown): Picture | null {
  const { title, sentence, columns, rows, note } = (given ?? {}) as Record<
    string,
    unknown
  >;
  if (typeof title !== 'string' || typeof sentence !== 'string') {
    return null;
  }
  return {
    title,
    sentence,
    columns: texts(columns),
    rows: Array.isArray(rows) ? rows.map(texts) : [],
    note: typeof note === 'string' ? note : ''
  };
}

/** Draws the picture without React: it is there before the views are, and where they can't be had. */
export function drawPicture(document: Document, picture: Picture): HTMLElement {
  const make = (
    name: string,
    style: string,
    content: string | HTMLElement[] = ''
  ): HTMLElement => {
    const element = document.createElement(name);
    element.setAttribute('style', style);
    element.append(...(Array.isArray(content) ? content : [content]));
    return element;
  };
  const cell = (name: string) => (text: string) =>
    make(
      name,
      'padding: 3px 8px; text-align: left; border-bottom: 1px solid rgba(128, 128, 128, 0.4)',
      [make('bdi', '', text)]
    );
  const box = make(
    'div',
    'max-width: 100%; max-height: 600px; overflow: auto; font-size: 13px',
    [
      make('strong', '', [make('bdi', '', picture.title)]),
      make('p', 'margin: 4px 0', [make('bdi', '', picture.sentence)])
    ]
  );
  if (picture.columns.length > 0) {
    const head = make('tr', '', picture.columns.map(cell('th')));
    const rows = picture.rows.map(row => make('tr', '', row.map(cell('td'))));
    box.append(
      make(
        'table',
        'border-collapse: collapse; font-size: 13px; margin: 0 0 8px',
        [make('thead', '', [head]), make('tbody', '', rows)]
      )
    );
  }
  if (picture.note) {
    box.append(make('p', 'margin: 4px 0', picture.note));
  }
  box.tabIndex = 0;
  box.setAttribute('role', 'group');
  box.setAttribute('aria-label', picture.title);
  return box;
}

function texts(given: unknown): string[] {
  return Array.isArray(given) ? given.map(String) : [];
}
