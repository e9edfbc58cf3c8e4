import * as React from 'react';
import { useState } from 'react';
import { useHost } from '../shared/host';
import { Partial } from '../shared/panels';
import { query, useRequest } from '../shared/request';
import { Refusal, useSending } from '../shared/sending';
import { useStartRun } from '../shared/startRun';
import { isLive, StateBadge } from '../shared/state';
import type { Page, Run } from '../shared/types';
import type { Artifact } from '../../api/types';

const EVERY = 3000;

/** The last step: one model of the best trial, on all rows but the test part, in the metadata. */
export function Register({
  id,
  live,
  baseline
}: {
  id: string;
  live: boolean;
  /** Whether the baseline is the best of all. */
  baseline: boolean;
}): React.ReactElement {
  const { trans, openRun } = useHost();
  const startRun = useStartRun();
  const [started, setStarted] = useState<string | null>(null);
  const registering = useSending();
  const { sending } = registering;
  const known = useRequest<Page<Run>>(
    live ? null : query('runs', { kind: 'train', limit: 500 })
  );
  const before = known.data?.items.find(run => run.spec.from?.run === id);
  const registered = started ?? before?.id ?? null;

  const register = async (): Promise<void> => {
    const run = await startRun(`runs/${id}/register`, {});
    setStarted(run);
    openRun?.(run);
  };

  return (
    <section className="kf-Register" aria-label={trans('Best model')}>
      <div className="kf-row">
        <button
          className={`jp-Button jp-mod-styled${registered ? '' : ' jp-mod-accept'} kf-mod-long`}
          disabled={sending || live}
          onClick={() => registering.send(register)}
        >
          {sending
            ? trans('Starting…')
            : baseline
              ? trans(
                  'Train the baseline, which no trial beats, on train+validation and register'
                )
              : registered
                ? trans('Train the best on train+validation and register again')
                : trans('Train the best on train+validation and register')}
        </button>
        {live && (
          <span className="kf-help">
            {trans('Possible once the search has ended.')}
          </span>
        )}
        {registered && <Registered id={registered} />}
      </div>
      <Refusal of={registering} />
      {known.error && (
        <Partial retry={known.retry}>
          {trans('Whether its best was registered before could not be read.')}
        </Partial>
      )}
    </section>
  );
}

/** The run that trains it, and once that is done the way to the model in the metadata. */
function Registered({ id }: { id: string }): React.ReactElement | null {
  const { trans, openRun, openMetadata } = useHost();
  const [over, setOver] = useState(false);
  const run = useRequest<Run>(`runs/${id}`, over ? undefined : EVERY);
  const state = run.data?.state ?? run.last?.state;
  if (state && !isLive(state) && !over) {
    setOver(true);
  }
  const [found, setFound] = useState(false);
  const models = useRequest<Page<Artifact>>(
    state === 'done'
      ? query('metadata/artifacts', {
          type: 'system.Model',
          filter: `prop.run_id = "${id}"`,
          limit: 1
        })
      : null,
    // It is recorded a moment after the run is done.
    found ? undefined : EVERY
  );
  const model = (models.data ?? models.last)?.items[0];
  if (model && !found) {
    setFound(true);
  }
  if (!state) {
    return null;
  }
  return (
    <span className="kf-inline">
      {trans('Registered by run %1:', id.slice(-6))}
      <StateBadge state={state} />
      {openRun && (
        <button className="kf-link" onClick={() => openRun(id)}>
          {trans('Open its run')}
        </button>
      )}
      {model && openMetadata && (
        <button
          className="kf-link"
          onClick={() => openMetadata(model.id, model.name)}
        >
          {trans('Open the model in the metadata')}
        </button>
      )}
    </span>
  );
}
