import * as React from 'react';
import { useCallback, useId } from 'react';
import type { Confusion, Prediction } from '../shared/types';
import { Chart, type Theme } from '../shared/chart';
import { brief, exact, isNumeric } from '../shared/format';
import { useHost } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { scatterOption } from './drawings';
import { agreement, worstRows } from './errors';

/** What the model says against the truth: a matrix for classes, a scatter for numbers, and the worst rows. */
export function Predictions({
  prediction
}: {
  prediction: Prediction;
}): React.ReactElement {
  const { trans } = useHost();
  const id = useId();
  const part =
    prediction.part === 'test'
      ? trans('Prediction and truth on the test part')
      : trans('Prediction and truth on the validation part');
  const worst = worstRows(prediction);
  const classes = Boolean(prediction.confusion);
  return (
    <div className="kf-Predictions">
      <h3 id={`${id}-title`}>{part}</h3>
      {prediction.confusion ? (
        <Matrix confusion={prediction.confusion} />
      ) : (
        <Scatter prediction={prediction} />
      )}
      <h4 id={`${id}-worst`}>{trans('Rows with the largest error')}</h4>
      {worst.length === 0 ? (
        <p className="kf-help">
          {trans(
            'None: every one of the %1 rows shown is right.',
            prediction.rows.length
          )}
        </p>
      ) : (
        <Scroll label={trans('Rows with the largest error')}>
          <table className="kf-Table">
            <thead>
              <tr>
                <th scope="col" className="kf-number">
                  {trans('Row')}
                </th>
                <th scope="col" className={classes ? '' : 'kf-number'}>
                  {trans('Truth')}
                </th>
                <th scope="col" className={classes ? '' : 'kf-number'}>
                  {trans('Prediction')}
                </th>
                {!classes && (
                  <th scope="col" className="kf-number">
                    {trans('Off by')}
                  </th>
                )}
              </tr>
            </thead>
            <tbody>
              {worst.map(row => (
                <tr key={row.row}>
                  <td className="kf-number">{row.row}</td>
                  <Cell value={row.truth} />
                  <Cell value={row.pred} />
                  {!classes && (
                    <td className="kf-number">{brief(row.error)}</td>
                  )}
                </tr>
              ))}
            </tbody>
          </table>
        </Scroll>
      )}
      {prediction.rows.length < prediction.n && (
        <p className="kf-help">
          {trans(
            'Out of a sample of %1 of %2 rows.',
            prediction.rows.length,
            prediction.n
          )}
        </p>
      )}
    </div>
  );
}

function Cell({ value }: { value: unknown }): React.ReactElement {
  return isNumeric(value) ? (
    <td className="kf-number">{brief(value)}</td>
  ) : (
    <td>{exact(value)}</td>
  );
}

function Matrix({ confusion }: { confusion: Confusion }): React.ReactElement {
  const { trans } = useHost();
  const labels = confusion.labels.map(label => exact(label));
  const share = agreement(confusion.matrix);
  return (
    <Scroll label={trans('Confusion matrix')}>
      <table className="kf-Matrix">
        <caption>
          {trans('%1 % right; rows are the truth.', brief(share * 100))}
        </caption>
        <thead>
          <tr>
            <th scope="col">{trans('truth \\ predicted')}</th>
            {labels.map((label, column) => (
              <th key={column} scope="col">
                {label}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {confusion.matrix.map((counts, row) => {
            const sum = Math.max(
              1,
              counts.reduce((total, count) => total + count, 0)
            );
            return (
              <tr key={row}>
                <th scope="row">{labels[row]}</th>
                {counts.map((count, column) => (
                  <td
                    key={column}
                    className={`kf-number ${row === column ? 'kf-mod-right' : 'kf-mod-wrong'}`}
                    style={
                      {
                        '--kf-heat': `${Math.round((count / sum) * 40)}%`
                      } as React.CSSProperties
                    }
                  >
                    {count}
                  </td>
                ))}
              </tr>
            );
          })}
        </tbody>
      </table>
    </Scroll>
  );
}

function Scatter({
  prediction
}: {
  prediction: Prediction;
}): React.ReactElement {
  const { trans } = useHost();
  const draw = useCallback(
    (theme: Theme) => scatterOption(prediction.rows, theme, trans),
    [prediction, trans]
  );
  return (
    <Chart
      draw={draw}
      height={240}
      summary={trans(
        'Prediction against truth for %1 rows; on the dashed line both are equal.',
        prediction.rows.length
      )}
    />
  );
}
