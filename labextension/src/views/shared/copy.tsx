import * as React from 'react';
import { useEffect, useState } from 'react';
import { useHost } from './host';

/** Copies `text`, says so on the button for a moment, and shows the text where copying is not allowed. */
export function CopyButton({
  text,
  label,
  small = false
}: {
  text: string;
  label: string;
  small?: boolean;
}): React.ReactElement {
  const { trans } = useHost();
  const [said, setSaid] = useState<'copied' | 'refused' | null>(null);
  useEffect(() => {
    if (said !== 'copied') {
      return;
    }
    const timer = setTimeout(() => setSaid(null), 2000);
    return () => clearTimeout(timer);
  }, [said]);
  const copy = (): void => {
    // Without a secure context there is no clipboard at all.
    const done = navigator.clipboard
      ? navigator.clipboard.writeText(text)
      : Promise.reject(new Error('no clipboard'));
    done.then(
      () => setSaid('copied'),
      () => setSaid('refused')
    );
  };
  return (
    <span className="kf-Copy">
      <button
        className={small ? 'kf-link' : 'jp-Button jp-mod-styled'}
        onClick={copy}
      >
        {said === 'copied' ? trans('Copied') : label}
      </button>
      <span className="kf-hidden" role="status">
        {said === 'copied' ? trans('Copied') : ''}
      </span>
      {said === 'refused' && (
        <textarea
          className="kf-Copy-text"
          readOnly
          rows={Math.min(12, text.split('\n').length)}
          aria-label={trans(
            'The browser refused to copy; select the text here'
          )}
          value={text}
          onFocus={event => event.currentTarget.select()}
        />
      )}
    </span>
  );
}
