import * as React from 'react';
import { CopyButton } from '../shared/copy';
import { exact } from '../shared/format';
import { useHost } from '../shared/host';

/** What will happen, before it does, and the button that makes it. */
export function Preview({
  sentence,
  facts,
  baseline,
  searched,
  starting,
  code,
  onStart
}: {
  sentence: string;
  facts: [name: string, value: string][];
  baseline: Readonly<Record<string, unknown>>;
  searched: ReadonlySet<string>;
  starting: boolean;
  code: string;
  onStart: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const params = Object.entries(baseline);
  return (
    <section className="kf-Tune-preview" aria-label={trans('What will happen')}>
      <h3>{trans('What will happen')}</h3>
      <p role="status">{sentence}</p>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept"
        disabled={starting}
        onClick={onStart}
      >
        {starting ? trans('Starting…') : trans('Start tuning')}
      </button>
      <dl className="kf-Facts">
        {facts.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </React.Fragment>
        ))}
      </dl>
      {params.length > 0 && (
        <>
          <h3>{trans('Baseline')}</h3>
          <dl className="kf-Facts kf-mod-exact">
            {params.map(([name, value]) => (
              <React.Fragment key={name}>
                <dt>
                  {name}
                  {searched.has(name) && (
                    <span className="kf-tag">{trans('searched')}</span>
                  )}
                </dt>
                <dd>{exact(value)}</dd>
              </React.Fragment>
            ))}
          </dl>
        </>
      )}
      <CopyButton text={code} label={trans('Copy as code')} />
    </section>
  );
}
