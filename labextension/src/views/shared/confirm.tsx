import * as React from 'react';
import { useEffect, useId, useRef } from 'react';
import { useHost } from './host';

export interface ConfirmProps {
  title: string;
  /** What goes and what stays. */
  children: React.ReactNode;
  action: string;
  /** The safe button's word. */
  keep?: string;
  danger?: boolean;
  onAccept: () => void;
  onClose: () => void;
}

/** A modal question. The safe button has the focus, so Enter and Esc both change nothing. */
export function Confirm(props: ConfirmProps): React.ReactElement {
  const { trans } = useHost();
  const dialog = useRef<HTMLDialogElement>(null);
  const safe = useRef<HTMLButtonElement>(null);
  const id = useId();
  useEffect(() => {
    const before = document.activeElement;
    dialog.current?.showModal();
    safe.current?.focus();
    return () => {
      if (before instanceof HTMLElement && before.isConnected) {
        before.focus();
      }
    };
  }, []);
  return (
    <dialog
      ref={dialog}
      className="kf-Confirm"
      role="alertdialog"
      aria-labelledby={`${id}-title`}
      aria-describedby={`${id}-text`}
      onClose={props.onClose}
    >
      <h2 id={`${id}-title`}>{props.title}</h2>
      <div id={`${id}-text`}>{props.children}</div>
      <div className="kf-Confirm-buttons">
        <button
          ref={safe}
          className="jp-Button jp-mod-styled jp-mod-reject"
          onClick={props.onClose}
        >
          {props.keep ?? trans('Cancel')}
        </button>
        <button
          className={`jp-Button jp-mod-styled ${props.danger ? 'jp-mod-warn' : 'jp-mod-accept'}`}
          onClick={() => {
            props.onAccept();
            props.onClose();
          }}
        >
          {props.action}
        </button>
      </div>
    </dialog>
  );
}
