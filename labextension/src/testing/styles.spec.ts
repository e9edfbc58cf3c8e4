const { readFileSync } = jest.requireActual<{
  readFileSync: (path: string, coding: string) => string;
}>('fs');
const ROOT = expect.getState().testPath?.replace(/src.testing.*$/, '');

test.each([
  ...['cluster', 'metadata', 'runs', 'shared', 'train', 'tune'].map(
    name => `style/${name}.css`
  ),
  'src/widget/widget.css'
])(
  '%s: what scrolls holds what is hidden in it, so that nothing around it scrolls as well',
  sheet => {
    const rules = readFileSync(`${ROOT}${sheet}`, 'utf8').match(
      /[^{}]+\{[^{}]*\}/g
    );
    expect(rules).not.toBeNull();
    expect(
      rules?.filter(
        rule => /overflow: auto/.test(rule) && !/position: /.test(rule)
      )
    ).toEqual([]);
  }
);
