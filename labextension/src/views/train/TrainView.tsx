import * as React from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { CopyButton } from '../shared/copy';
import { useHost } from '../shared/host';
import { trainCode } from '../shared/python';
import { query, useRequest } from '../shared/request';
import { Summary } from '../shared/summary';
import type { Page } from '../shared/types';
import { useStart } from '../shared/useStart';
import { dataErrors } from './data';
import { restoreDraft, stepOf, STEPS, toSpec, type Draft } from './draft';
import {
  completed,
  taskOf,
  type DatasetOffer,
  type ModelOffer,
  type Profile
} from './offers';
import { paramErrors, propertiesOf } from './params';
import { RunView } from './RunView';
import { StepData } from './StepData';
import { StepExplore } from './StepExplore';
import { StepModel } from './StepModel';
import { Stepper } from './Stepper';
import { StepPrepare } from './StepPrepare';
import { StepSplit } from './StepSplit';
import { StepTrain } from './StepTrain';
import { stepLines, stepName, type Seen } from './steps';

/** From a dataset to a trained model, step by step; every step but the first has good values already. */
export function TrainView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (draft: Draft) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [typed, setTyped] = useState(() => restoreDraft(stored));
  const [seen, setSeen] = useState<Record<string, Seen>>({});
  const root = useRef<HTMLDivElement>(null);
  const [gone, setGone] = useState<string | null>(null);
  const { run, step } = typed;
  const see = useCallback(
    (of: keyof Seen, state: string) =>
      setSeen(before =>
        run === null
          ? before
          : { ...before, [run]: { ...before[run], [of]: state } }
      ),
    [run]
  );

  const datasets = useRequest<Page<DatasetOffer>>('datasets');
  const models = useRequest<Page<ModelOffer>>('models');
  const profile = useRequest<Profile>(
    typed.uri
      ? query('datasets/profile', {
          uri: typed.uri,
          // The test rows of the run are left out once it has split them off.
          run: run === gone ? null : run
        })
      : null
  );
  if (run !== null && run !== gone && profile.error?.status === 404) {
    setGone(run); // removed, so there is no split to keep to
  }
  const split = run !== null && seen[run]?.split === 'done';
  const again = useRef(false);
  const { retry } = profile;
  useEffect(() => {
    if (again.current && run !== null && (split || step === 'explore')) {
      retry();
    }
    again.current = true;
  }, [retry, run, split, step]);
  const draft = completed(typed, profile.data, models.data?.items);
  const task = taskOf(draft, profile.data);

  const place = (change: Partial<Draft>): void => {
    const next = { ...typed, ...change };
    setTyped(next);
    onState?.(next);
  };
  const form = useStart({
    root,
    rank: path => STEPS.indexOf(stepOf(path)),
    show: (path, failed) => {
      const step = stepOf(path);
      place({ step, ...(failed || step === 'train' ? { run: null } : {}) });
    },
    started: id => place({ run: id, step: 'train' })
  });
  const update = (change: Partial<Draft>): void => {
    place(change);
    // The form of a model's parameters tells its defaults when it is drawn; that mends nothing.
    const drawn = 'params' in change && !typed.params[draft.family];
    if (!drawn && Object.keys(change).some(key => key !== 'step')) {
      form.mended(errors =>
        Object.fromEntries(
          Object.entries(errors).filter(([path]) => stepOf(path) !== typed.step)
        )
      );
    }
  };

  const found = dataErrors(draft, task, profile.data, trans);
  const { spec, errors: typos } = toSpec(draft, task, trans);
  const model = models.data?.items.find(
    ({ family }) => family === draft.family
  );
  const properties = propertiesOf(model);
  const params = paramErrors(
    draft.params[draft.family] ?? {},
    properties,
    trans
  );

  const lines = stepLines(
    {
      draft,
      task,
      profile: profile.data,
      wrong: new Set(Object.keys(found).map(stepOf)),
      model,
      seen: draft.run === null ? undefined : (seen[draft.run] ?? {})
    },
    trans
  );
  const { errors, starting } = form;
  const props = { draft, errors, found, task, profile, update };
  const running =
    draft.run !== null && (draft.step === 'train' || draft.step === 'evaluate');
  const index = STEPS.indexOf(draft.step);

  return (
    <div className="kf-Train" ref={root}>
      <Stepper
        lines={lines}
        now={draft.step}
        wrong={new Set(Object.keys(errors).map(stepOf))}
        onStep={step => update({ step })}
        onStart={() => void form.start(spec, { ...found, ...typos, ...params })}
        starting={starting}
      />
      <section className="kf-Train-content" aria-label={trans('Train')}>
        <Summary
          form={form}
          label={path =>
            properties?.[path.replace(/^model\.params\./, '')]?.title ?? path
          }
        />
        {running && draft.run !== null ? (
          <>
            <RunView
              key={draft.run}
              id={draft.run}
              part={draft.step === 'evaluate' ? 'evaluate' : 'all'}
              onState={see}
              onMend={form.blame}
            />
            <button
              className="kf-link"
              onClick={() => update({ run: null, step: 'train' })}
            >
              {trans('Prepare another run')}
            </button>
          </>
        ) : (
          <>
            <h2>{stepName(draft.step, trans)}</h2>
            {draft.step === 'data' && (
              <StepData {...props} datasets={datasets} />
            )}
            {draft.step === 'explore' && <StepExplore {...props} />}
            {draft.step === 'prepare' && <StepPrepare {...props} />}
            {draft.step === 'split' && <StepSplit {...props} />}
            {draft.step === 'model' && <StepModel {...props} models={models} />}
            {draft.step === 'train' && <StepTrain {...props} lines={lines} />}
            {draft.step === 'evaluate' && (
              <p>
                {trans(
                  'The test part stays locked until a trained model is evaluated on it. Start training first.'
                )}
              </p>
            )}
            <div className="kf-row kf-Train-foot">
              {index < STEPS.indexOf('train') && (
                <button
                  className="jp-Button jp-mod-styled"
                  onClick={() => update({ step: STEPS[index + 1] })}
                >
                  {trans('Next: %1', stepName(STEPS[index + 1], trans))}
                </button>
              )}
              <CopyButton
                text={trainCode(spec)}
                label={trans('Copy as code')}
              />
            </div>
          </>
        )}
      </section>
    </div>
  );
}
