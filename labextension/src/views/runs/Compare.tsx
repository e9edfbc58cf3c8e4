import * as React from 'react';
import { brief, duration, exact } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { stateWord } from '../shared/state';
import type { Run } from '../shared/types';
import { runName } from './RunRow';

/** Runs side by side; where they differ is marked. */
export function Compare({
  runs
}: {
  runs: readonly Run[];
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <Scroll label={trans('Comparison')}>
      <table className="kf-Table kf-Compare">
        <thead>
          <tr>
            <th scope="col">{trans('What')}</th>
            {runs.map(run => (
              <th key={run.id} scope="col">
                {runName(run, trans)}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {compareRows(runs, trans).map(row => (
            <tr key={row.name} className={row.differs ? 'kf-mod-differs' : ''}>
              <th scope="row">
                {row.name}
                {row.differs && (
                  <span className="kf-hidden"> {trans('(differs)')}</span>
                )}
              </th>
              {row.values.map((value, index) => (
                <td key={runs[index].id} className="kf-number">
                  {value || '–'}
                </td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Scroll>
  );
}

export interface CompareRow {
  name: string;
  values: string[];
  differs: boolean;
}

/** Outcome first, then what was asked for, then each parameter that any of the runs has. */
export function compareRows(runs: readonly Run[], trans: Trans): CompareRow[] {
  const params = [
    ...new Set(runs.flatMap(run => Object.keys(run.spec.model?.params ?? {})))
  ];
  const lines: [string, (run: Run) => string][] = [
    [trans('State'), run => stateWord(run.state, trans)],
    [
      trans('Best'),
      run => (run.best ? `${run.best.metric} ${brief(run.best.value)}` : '')
    ],
    [
      trans('Duration'),
      run =>
        run.started && run.ended
          ? duration(Date.parse(run.ended) - Date.parse(run.started))
          : ''
    ],
    [trans('Dataset'), run => run.spec.dataset?.uri ?? ''],
    [trans('Model'), run => run.spec.model?.family ?? ''],
    [trans('Parts'), run => (run.spec.split?.parts ?? []).join(' / ')],
    ...params.map((name): [string, (run: Run) => string] => [
      name,
      run => exact(run.spec.model?.params?.[name])
    ])
  ];
  return lines.map(([name, read]) => {
    const values = runs.map(read);
    return { name, values, differs: new Set(values).size > 1 };
  });
}
