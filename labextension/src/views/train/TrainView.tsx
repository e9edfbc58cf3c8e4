import * as React from 'react';
import { useCallback, useEffect, useRef, useState } from 'react';
import { asApiError, useHost } from '../shared/host';
import { CopyButton } from '../shared/copy';
import { fieldAt } from '../shared/fieldAt';
import { trainCode } from '../shared/python';
import { query, useRequest } from '../shared/request';
import type { Page } from '../shared/types';
import { dataErrors } from './data';
import {
  restoreDraft,
  stepOf,
  STEPS,
  toSpec,
  type Draft,
  type Errors
} from './draft';
import {
  completed,
  taskOf,
  type DatasetOffer,
  type ModelOffer,
  type Profile
} from './offers';
import { RunView } from './RunView';
import { StepData } from './StepData';
import { StepExplore } from './StepExplore';
import { StepModel } from './StepModel';
import { Stepper } from './Stepper';
import { StepPrepare } from './StepPrepare';
import { StepSplit } from './StepSplit';
import { StepTrain } from './StepTrain';
import { stepLines, stepName, type Seen } from './steps';
import { Summary } from './Summary';

/** From a dataset to a trained model, step by step; every step but the first has good values already. */
export function TrainView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (draft: Draft) => void;
}): React.ReactElement {
  const { client, trans } = useHost();
  const [typed, setTyped] = useState(() => restoreDraft(stored));
  const [errors, setErrors] = useState<Errors>({});
  const [general, setGeneral] = useState<string | null>(null);
  const [starting, setStarting] = useState(false);
  const [focus, setFocus] = useState<{ path: string; turn: number } | null>(
    null
  );
  const [seen, setSeen] = useState<Record<string, Seen>>({});
  const root = useRef<HTMLDivElement>(null);
  const [failed, setFailed] = useState(false);
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

  const update = (change: Partial<Draft>): void => {
    const next = { ...typed, ...change };
    setTyped(next);
    onState?.(next);
    // The form of a model's parameters tells its defaults when it is drawn; that mends nothing.
    const drawn = 'params' in change && !typed.params[draft.family];
    if (!drawn && Object.keys(change).some(key => key !== 'step')) {
      setGeneral(null);
      setErrors(before =>
        Object.fromEntries(
          Object.entries(before).filter(([path]) => stepOf(path) !== typed.step)
        )
      );
    }
  };

  // A field at fault may be on another step: it takes the focus once that step is drawn.
  useEffect(() => {
    if (focus) {
      fieldAt(root.current, focus.path)?.focus();
    }
  }, [focus]);
  const goTo = (path: string): void => {
    update({ step: stepOf(path) });
    setFocus(before => ({ path, turn: (before?.turn ?? 0) + 1 }));
  };

  const refuse = (found: Errors, of: Draft = typed): void => {
    setErrors(found);
    const first = Object.keys(found).sort(
      (a, b) => STEPS.indexOf(stepOf(a)) - STEPS.indexOf(stepOf(b))
    )[0];
    const step = stepOf(first);
    const next = { ...of, step, ...(step === 'train' ? { run: null } : {}) };
    setTyped(next);
    onState?.(next);
    setFocus(before => ({ path: first, turn: (before?.turn ?? 0) + 1 }));
  };

  const found = dataErrors(draft, task, profile.data, trans);
  const { spec, errors: typos } = toSpec(draft, task, trans);
  const wrong = { ...found, ...typos };
  const start = async (): Promise<void> => {
    setGeneral(null);
    setFailed(false);
    setErrors({});
    if (Object.keys(wrong).length > 0) {
      refuse(wrong);
      return;
    }
    setStarting(true);
    try {
      const { id } = await client.request<{ id: string }>('POST', 'runs', spec);
      update({ run: id, step: 'train' });
    } catch (reason) {
      const error = asApiError(reason);
      setGeneral(error.message);
      if (error.fields.length > 0) {
        refuse(
          Object.fromEntries(
            error.fields.map(item => [item.field, item.message])
          )
        );
      }
    } finally {
      setStarting(false);
    }
  };

  const lines = stepLines(
    {
      draft,
      task,
      profile: profile.data,
      wrong: new Set(Object.keys(found).map(stepOf)),
      model: models.data?.items.find(model => model.family === draft.family),
      seen: draft.run === null ? undefined : (seen[draft.run] ?? {})
    },
    trans
  );
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
        onStart={() => void start()}
        starting={starting}
      />
      <section className="kf-Train-content" aria-label={trans('Train')}>
        <Summary
          errors={errors}
          general={general}
          failed={failed}
          onGo={goTo}
        />
        {running && draft.run !== null ? (
          <>
            <RunView
              key={draft.run}
              id={draft.run}
              part={draft.step === 'evaluate' ? 'evaluate' : 'all'}
              onState={see}
              onMend={(field, text) => {
                setGeneral(null);
                setFailed(true);
                refuse({ [field]: text }, { ...typed, run: null });
              }}
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
