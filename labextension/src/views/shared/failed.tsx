import * as React from 'react';
import { useHost } from './host';
import type { Failed } from './types';

/** What can be done about a failure, and where the code failed. The sentence itself stands over the page. */
export function FailedWhy({
  failed,
  mend,
  onMend
}: {
  failed: Failed;
  /** The words on the button that leads to the field at fault. */
  mend: (field: string) => string;
  onMend?: (field: string, text: string) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { field } = failed;
  return (
    <>
      {field && (
        <p>
          {onMend ? (
            <button
              className="jp-Button jp-mod-styled jp-mod-accept"
              onClick={() => onMend(field, failed.text)}
            >
              {mend(field)}
            </button>
          ) : (
            trans('The field at fault: %1', field)
          )}
        </p>
      )}
      {failed.traceback && (
        <details className="kf-Drawer">
          <summary>{trans('Where it failed')}</summary>
          <pre>{failed.traceback}</pre>
        </details>
      )}
    </>
  );
}
