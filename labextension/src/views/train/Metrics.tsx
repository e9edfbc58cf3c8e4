import * as React from 'react';
import type { Metric } from '../shared/types';
import { brief, exact } from '../shared/format';
import { useHost } from '../shared/host';
import { metricWord } from './words';

type Named = Record<string, Metric>;

/** The final measures: validation, and the test part beside it once it was unlocked. */
export function Metrics({
  validation,
  test
}: {
  validation: Named;
  test: Named;
}): React.ReactElement | null {
  const { trans } = useHost();
  const names = [
    ...new Set([...Object.keys(validation), ...Object.keys(test)])
  ];
  const both =
    Object.keys(test).length > 0 && Object.keys(validation).length > 0;
  const only = Object.keys(test).length > 0 ? test : validation;
  if (names.length === 0) {
    return null;
  }
  return (
    <section>
      <table className="kf-Table kf-Metrics">
        <thead>
          <tr>
            <th scope="col">{trans('Measure')}</th>
            {both && (
              <th scope="col" className="kf-number">
                {trans('Validation')}
              </th>
            )}
            <th scope="col" className="kf-number">
              {only === test ? trans('Test') : trans('Validation')}
            </th>
          </tr>
        </thead>
        <tbody>
          {names.map(name => (
            <tr key={name}>
              <th scope="row">{metricWord(name)}</th>
              {both && <Value metric={validation[name]} />}
              <Value metric={only[name]} />
            </tr>
          ))}
        </tbody>
      </table>
    </section>
  );
}

function Value({ metric }: { metric?: Metric }): React.ReactElement {
  return (
    <td className="kf-number" title={metric ? exact(metric.value) : undefined}>
      {metric ? brief(metric.value) : '–'}
      {metric?.std !== null && metric?.std !== undefined
        ? ` ± ${brief(metric.std)}`
        : ''}
    </td>
  );
}
