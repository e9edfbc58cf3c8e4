import * as React from 'react';
import type { ApiError } from '../client';
import { explained, useHost } from './host';

/** Grey bars where the content will be, so that the layout stays still. */
export function Loading({
  what,
  rows = 6
}: {
  what: string;
  rows?: number;
}): React.ReactElement {
  return (
    <div className="kf-Loading" role="status">
      <span className="kf-hidden">{what}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="kf-Loading-bar" aria-hidden="true" />
      ))}
    </div>
  );
}

/** Says what would be here, with the one button that fills it. */
export function Empty({
  title,
  children,
  action,
  onAction
}: {
  title: string;
  children?: React.ReactNode;
  action?: string;
  onAction?: () => void;
}): React.ReactElement {
  return (
    <div className="kf-Empty">
      <p className="kf-Empty-title">{title}</p>
      {children && <p>{children}</p>}
      {action && onAction && (
        <button
          className="jp-Button jp-mod-styled jp-mod-accept"
          onClick={onAction}
        >
          {action}
        </button>
      )}
    </div>
  );
}

/** What happened, what to do, and the button to try again. */
export function Failure({
  error,
  what,
  retry
}: {
  error: ApiError;
  what: string;
  retry?: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="kf-Failure" role="alert">
      <p className="kf-Failure-title">{what}</p>
      <p>{explained(error, trans)}</p>
      {retry && (
        <button
          className="jp-Button jp-mod-styled jp-mod-accept"
          onClick={retry}
        >
          {trans('Try again')}
        </button>
      )}
    </div>
  );
}

/** A line over content that is not the whole truth: what is missing, and why. */
export function Partial({
  children,
  retry
}: {
  children: React.ReactNode;
  retry?: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="kf-Partial" role="status">
      <span>{children}</span>
      {retry && (
        <button className="kf-link" onClick={retry}>
          {trans('Try again')}
        </button>
      )}
    </div>
  );
}
