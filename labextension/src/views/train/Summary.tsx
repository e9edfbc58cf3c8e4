import * as React from 'react';
import { useHost } from '../shared/host';
import type { Errors } from './draft';

/** What keeps a run from starting, or made it fail; each line leads to its field. */
export function Summary({
  errors,
  general,
  failed,
  label = path => path,
  onGo
}: {
  errors: Errors;
  general: string | null;
  /** Whether this is what a run has failed for. */
  failed: boolean;
  /** A field's name as people say it. */
  label?: (path: string) => string;
  onGo: (path: string) => void;
}): React.ReactElement | null {
  const { trans } = useHost();
  const paths = Object.keys(errors);
  if (paths.length === 0 && general === null) {
    return null;
  }
  return (
    <div className="kf-Failure kf-Summary" role="alert">
      <p className="kf-Failure-title">
        {failed
          ? trans('The last run failed.')
          : trans('The run was not started.')}{' '}
        {paths.length === 0 ? general : ''}
      </p>
      {paths.length > 0 && (
        <ul>
          {paths.map(path => (
            <li key={path}>
              <button className="kf-link" onClick={() => onGo(path)}>
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
