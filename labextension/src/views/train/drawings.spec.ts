import { scatterOption } from './drawings';

const theme = { faint: '', line: '', font: '', text: '' } as never;

test.each([
  [[39.2, 336, 276, 124.7], 0, 400],
  [[-0.02, 0.31, 0.1, 0.2], -0.1, 0.4],
  [[5, 5, 5, 5], 5, 5],
  [[], 0, 1]
])('both axes hold the diagonal of %j', (numbers, low, high) => {
  const rows = numbers.length
    ? [0, 2].map(at => ({
        row: at,
        truth: numbers[at],
        pred: numbers[at + 1],
        error: 0
      }))
    : [];
  const { xAxis, yAxis, series } = scatterOption(
    rows as never,
    theme,
    text => text
  );
  for (const axis of [xAxis, yAxis]) {
    expect(axis.min).toBeCloseTo(low);
    expect(axis.max).toBeCloseTo(high);
  }
  expect(series[0].markLine.data).toHaveLength(rows.length ? 1 : 0);
});
