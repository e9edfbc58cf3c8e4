import * as React from 'react';
import { useHost } from './host';
import type { Start } from './useStart';

/** What keeps a run from starting, or made it fail; each line leads to its field. */
export function Summary({
  form: { errors, general, verdict, goTo },
  label = path => path
}: {
  form: Start;
  /** A field's name as people say it. */
  label?: (path: string) => string;
}): React.ReactElement | null {
  const { trans } = useHost();
  const titles = {
    refused: trans('The run was not started.'),
    failed: trans('The last run failed.'),
    unknown: trans(
      'Whether the run was started is not known. Started again as it is, it runs once only.'
    )
  };
  const paths = Object.keys(errors);
  if (paths.length === 0 && general === null) {
    return null;
  }
  return (
    <div className="kf-Failure kf-Summary" role="alert">
      <p className="kf-Failure-title">
        {titles[verdict]} {paths.length === 0 ? general : ''}
      </p>
      {paths.length > 0 && (
        <ul>
          {paths.map(path => (
            <li key={path}>
              <button className="kf-link" onClick={() => goTo(path)}>
                {label(path)}
              </button>
              {': '}
              {errors[path]}
            </li>
          ))}
        </ul>
      )}
    </div>
  );
}
