import * as React from 'react';
import { useCallback, useId, useState } from 'react';
import type { Epoch } from '../shared/types';
import { Chart, type Theme } from '../shared/chart';
import { brief } from '../shared/format';
import { useHost } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { bestStep, curve, measureNames } from './measured';
import { curvesOption } from './drawings';
import { metricWord, unitWord } from './words';

/** Training against validation, one measure at a time, with the numbers behind a button. */
export function Curves({
  epochs
}: {
  epochs: readonly Epoch[];
}): React.ReactElement | null {
  const { trans } = useHost();
  const id = useId();
  const names = measureNames(epochs);
  const [chosen, setChosen] = useState<string | null>(null);
  const [table, setTable] = useState(false);
  const name = chosen && names.includes(chosen) ? chosen : (names[0] ?? '');
  const unit = epochs[0] ? unitWord(epochs[0].unit, trans) : '';

  if (!name) {
    return null;
  }
  return (
    <div className="kf-Curves">
      <div className="kf-row">
        <h3 id={`${id}-title`}>{trans('Training and validation')}</h3>
        <label className="kf-inline">
          {trans('Measure')}
          <select
            className="kf-select"
            value={name}
            onChange={event => setChosen(event.target.value)}
          >
            {names.map(item => (
              <option key={item} value={item}>
                {metricWord(item)}
              </option>
            ))}
          </select>
        </label>
        <button
          className="kf-link"
          aria-expanded={table}
          onClick={() => setTable(!table)}
        >
          {table ? trans('Hide the numbers') : trans('Show the numbers')}
        </button>
      </div>
      <CurveChart epochs={epochs} name={name} />
      {table && (
        <Scroll label={trans('Training and validation')}>
          <table className="kf-Table">
            <thead>
              <tr>
                <th scope="col" className="kf-number">
                  {unit}
                </th>
                <th scope="col" className="kf-number">
                  {trans('Training')}
                </th>
                <th scope="col" className="kf-number">
                  {trans('Validation')}
                </th>
              </tr>
            </thead>
            <tbody>
              {epochs.map(epoch => (
                <tr key={epoch.step}>
                  <td className="kf-number">{epoch.step}</td>
                  <td className="kf-number">{brief(epoch.train?.[name])}</td>
                  <td className="kf-number">
                    {brief(epoch.validation?.[name])}
                  </td>
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
    </div>
  );
}

function CurveChart({
  epochs,
  name
}: {
  epochs: readonly Epoch[];
  name: string;
}): React.ReactElement {
  const { trans } = useHost();
  const draw = useCallback(
    (theme: Theme) => curvesOption(epochs, name, theme, trans),
    [epochs, name, trans]
  );
  const { train, validation } = curve(epochs, name);
  const last = validation[validation.length - 1];
  const best = bestStep(epochs, name);
  const facts = [
    metricWord(name),
    validation.length,
    brief(last?.value)
  ] as const;
  const summary = !last
    ? trans('%1 over %2 steps.', metricWord(name), train.length)
    : best
      ? trans(
          'Validation %1 over %2 steps: now %3, best %4 at step %5.',
          ...facts,
          brief(best.value),
          best.step
        )
      : trans('Validation %1 over %2 steps: now %3.', ...facts);

  return <Chart draw={draw} summary={summary} />;
}
