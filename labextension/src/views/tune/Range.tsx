import * as React from 'react';
import { useHost } from '../shared/host';
import { marks, rangeWords } from './rangeMarks';
import type { Parameter } from './types';

const WIDTH = 132;
const HEIGHT = 22;
const EDGE = 14;
const MIDDLE = 11;

/** A range as a small drawing: its ticks on their scale, and where the baseline is. */
export function Range({
  parameter,
  baseline
}: {
  parameter: Parameter;
  baseline: unknown;
}): React.ReactElement {
  const { trans } = useHost();
  const found = marks(parameter, baseline);
  const x = (at: number): number => EDGE + at * (WIDTH - 2 * EDGE);
  const mark = found?.baseline;
  return (
    <svg
      className="kf-Range"
      role="img"
      aria-label={rangeWords(parameter, baseline, trans)}
      viewBox={`0 0 ${WIDTH} ${HEIGHT}`}
      width={WIDTH}
      height={HEIGHT}
    >
      <title>{rangeWords(parameter, baseline, trans)}</title>
      <line
        className="kf-Range-line"
        x1={x(0)}
        x2={x(1)}
        y1={MIDDLE}
        y2={MIDDLE}
      />
      {found?.ticks.map(at =>
        found.points ? (
          <circle
            key={at}
            className="kf-Range-tick"
            cx={x(at)}
            cy={MIDDLE}
            r={3}
          />
        ) : (
          <line
            key={at}
            className="kf-Range-tick"
            x1={x(at)}
            x2={x(at)}
            y1={MIDDLE - 4}
            y2={MIDDLE + 4}
          />
        )
      )}
      {mark?.where === 'inside' && (
        <line
          className="kf-Range-baseline"
          x1={x(mark.at)}
          x2={x(mark.at)}
          y1={1}
          y2={HEIGHT - 1}
        />
      )}
      {mark && mark.where !== 'inside' && (
        <path
          className="kf-Range-outside"
          d={
            mark.where === 'below'
              ? `M8 ${MIDDLE - 4}L3 ${MIDDLE}L8 ${MIDDLE + 4}`
              : `M${WIDTH - 8} ${MIDDLE - 4}L${WIDTH - 3} ${MIDDLE}L${WIDTH - 8} ${MIDDLE + 4}`
          }
        />
      )}
    </svg>
  );
}
