import * as React from 'react';
import { useEffect, useRef, useState } from 'react';
import { explained, useHost } from '../shared/host';
import { Failure, Loading } from '../shared/panels';
import { tuneCode } from '../shared/python';
import { query, useRequest } from '../shared/request';
import { Summary } from '../shared/summary';
import type { Page, Run } from '../shared/types';
import { useStart, type Errors } from '../shared/useStart';
import { dataErrors } from '../train/data';
import { NEW_DRAFT, type Draft } from '../train/draft';
import {
  completed,
  taskOf,
  type DatasetOffer,
  type ModelOffer,
  type Profile
} from '../train/offers';
import { propertiesOf } from '../train/params';
import { metricWord } from '../train/words';
import {
  baselineOf,
  familyOf,
  restoreTune,
  settle,
  toTuneSpec,
  type Known,
  type TuneDraft
} from './draft';
import { fieldName, remaining, sectionOf, type Section } from './fields';
import { FromModel } from './FromModel';
import { FromRun } from './FromRun';
import { Preview } from './Preview';
import { roundWords } from './rounds';
import { BudgetFields, MethodFields } from './SearchFields';
import { combinations, forGrid, toParameter, toRow, type Row } from './space';
import { SourceChoice } from './SourceChoice';
import { SpaceEditor } from './SpaceEditor';
import { TuneRun } from './TuneRun';
import type { Methods } from './types';
import { planWords } from './words';

const FOLDED: Readonly<Record<Section, boolean>> = {
  data: false,
  model: false,
  prepare: false
};

/** From a model, or a run that trained one, to better hyperparameters: what is searched, how, and with how much. */
export function TuneView({
  stored,
  onState
}: {
  stored?: unknown;
  onState?: (draft: TuneDraft) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const [typed, setTyped] = useState(() => restoreTune(stored));
  const [open, setOpen] = useState(() => ({
    ...FOLDED,
    data: typed.source === 'run' ? typed.from === null : typed.data.uri === ''
  }));
  const root = useRef<HTMLDivElement>(null);
  const begun = useRef(false);
  // The button that had the focus is gone with the form.
  useEffect(() => {
    if (begun.current && typed.run !== null) {
      root.current?.focus();
    }
    begun.current = false;
  }, [typed.run]);

  const datasets = useRequest<Page<DatasetOffer>>('datasets');
  const models = useRequest<Page<ModelOffer>>('models');
  const methods = useRequest<Methods>('methods');
  const fromRun = typed.source === 'run';
  const source = useRequest<Run>(
    fromRun && typed.from ? `runs/${typed.from}` : null
  );
  const base = source.data?.spec;
  const uri = fromRun ? (base?.dataset?.uri ?? '') : typed.data.uri;
  const profile = useRequest<Profile>(
    uri
      ? query('datasets/profile', { uri, run: fromRun ? typed.from : null })
      : null
  );
  const filled = completed(typed.data, profile.data, models.data?.items);
  const draft: TuneDraft = { ...typed, data: filled };
  const task = fromRun
    ? taskOf(
        {
          ...NEW_DRAFT,
          uri,
          target: base?.dataset?.target ?? '',
          task: base?.task ?? 'auto'
        },
        profile.data
      )
    : taskOf(filled, profile.data);
  const known: Known = {
    methods: methods.data ?? methods.last,
    profile: profile.data,
    task,
    source: fromRun ? source.data : undefined
  };
  const family = familyOf(draft, known);
  known.offer = models.data?.items.find(model => model.family === family);
  const now = settle(draft, known);
  const properties = propertiesOf(known.offer);
  const baseline = baselineOf(draft, known);

  const place = (change: Partial<TuneDraft>): void => {
    const next = { ...typed, ...change };
    setTyped(next);
    onState?.(next);
  };
  const form = useStart({
    root,
    show: (path, failed) => {
      if (failed) {
        place({ run: null });
      }
      const section = sectionOf(path);
      if (section) {
        setOpen(before => ({ ...before, [section]: true }));
      }
    },
    started: id => {
      place({ run: id, page: null });
      begun.current = true;
      // The next search begins with the form as one line each, as most of it stays.
      setOpen(FOLDED);
    }
  });
  const { errors, starting } = form;
  const update = (change: Partial<TuneDraft>): void => {
    place(change);
    form.mended(errors =>
      remaining(errors, change, now.rows, change.spaces?.[family])
    );
  };
  const updateData = (change: Partial<Draft>): void => {
    // The form of a model's parameters tells its defaults when it is drawn; that mends nothing.
    const drawn = 'params' in change && !typed.data.params[family];
    const data = { ...typed.data, ...change };
    (drawn ? place : update)({ data });
  };
  const setRows = (rows: Row[]): void =>
    update({ spaces: { ...typed.spaces, [family]: rows } });

  const found = fromRun ? {} : dataErrors(filled, task, profile.data, trans);
  const { spec, errors: typos } = toTuneSpec(draft, known, trans);
  const wrong: Errors = { ...found, ...typos };
  const begin = (): void => void form.start(spec, wrong);

  if (typed.run !== null) {
    return (
      <div
        className="kf-Tune-page"
        ref={root}
        role="region"
        aria-label={trans('Tuning run')}
        tabIndex={-1}
      >
        <TuneRun
          key={typed.run}
          id={typed.run}
          stored={typed.page}
          onState={page => place({ page })}
          onMend={form.blame}
        />
        <button className="kf-link" onClick={() => update({ run: null })}>
          {trans('Prepare another search')}
        </button>
      </div>
    );
  }

  const wrongSections = new Set(Object.keys(errors).map(sectionOf));
  const fold = (section: Section) => ({
    open: open[section],
    wrong: wrongSections.has(section),
    onToggle: () =>
      setOpen(before => ({ ...before, [section]: !before[section] }))
  });
  const parameters = now.rows.map(row => toParameter(row, properties));
  const label = (path: string): string =>
    fieldName(path, now.rows, properties, trans);
  const plan = (): string => {
    if (profile.loading || models.loading || source.loading) {
      return trans('Reading the data and the models.');
    }
    const [path] = Object.keys(wrong);
    const missing = path
      ? `${label(path)}: ${wrong[path]}`
      : profile.error && explained(profile.error, trans);
    if (missing) {
      return trans('It can’t start yet. %1', missing);
    }
    const words = planWords(
      {
        method: now.method,
        title:
          known.methods?.search.find(item => item.method === now.method)
            ?.title ?? now.method,
        parameters: parameters.length,
        combinations: combinations(parameters),
        trials: Number(now.trials),
        parallel: Number(now.parallel),
        seconds: spec.tuning?.budget?.seconds ?? null
      },
      trans
    );
    return now.resource
      ? `${words} ${roundWords(now.rounds, now.resource, Number(now.trials), trans)}`
      : words;
  };

  return (
    <div className="kf-Tune" ref={root}>
      {/* eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Enter starts, as in any form */}
      <section
        className="kf-Tune-form"
        aria-label={trans('Tune')}
        onKeyDown={event => {
          if (!starting && submits(event)) {
            begin();
          }
        }}
      >
        <Summary form={form} label={label} />
        <SourceChoice
          source={typed.source}
          onChoose={chosen => {
            update({ source: chosen });
            setOpen(before => ({ ...before, data: true }));
          }}
        />
        {fromRun ? (
          <FromRun
            fold={fold}
            draft={draft}
            known={known}
            source={source}
            errors={errors}
            onChoose={from => update({ from, changed: null })}
            onParams={changed =>
              // The form tells its values when it is drawn: that is no change.
              typed.changed === null
                ? setTyped({ ...typed, changed })
                : update({ changed })
            }
            onName={name => updateData({ name })}
          />
        ) : (
          <FromModel
            fold={fold}
            steps={{
              draft: filled,
              errors,
              found,
              task,
              profile,
              update: updateData
            }}
            offer={known.offer}
            datasets={datasets}
            models={models}
          />
        )}
        {models.error && !models.data ? (
          <Failure
            error={models.error}
            what={trans('The list of models could not be read.')}
            retry={models.retry}
          />
        ) : !models.data ||
          (fromRun && !base && typed.from && source.loading) ? (
          <Loading what={trans('Loading the search space')} rows={6} />
        ) : !family ? (
          <p className="kf-help">
            {trans('The search space is here once a run is chosen.')}
          </p>
        ) : (
          <SpaceEditor
            key={family}
            rows={now.rows}
            properties={properties}
            baseline={baseline}
            errors={errors}
            edited={now.edited}
            hint={
              now.method === 'grid' &&
              now.edited &&
              !parameters.every(countable) ? (
                <p className="kf-help">
                  {trans('A grid needs steps or choices in each row.')}{' '}
                  <button
                    className="kf-link"
                    onClick={() =>
                      setRows(
                        parameters.map((parameter, place) =>
                          toRow(forGrid(parameter), now.rows[place].id)
                        )
                      )
                    }
                  >
                    {trans('Give each range a few values')}
                  </button>
                </p>
              ) : undefined
            }
            onRows={setRows}
            onReset={() =>
              update({
                spaces: Object.fromEntries(
                  Object.entries(typed.spaces).filter(
                    ([name]) => name !== family
                  )
                )
              })
            }
          />
        )}
        <MethodFields
          draft={draft}
          now={now}
          known={known}
          errors={errors}
          update={update}
          methods={methods}
        />
        <BudgetFields
          draft={draft}
          now={now}
          known={known}
          errors={errors}
          update={update}
        />
      </section>
      <Preview
        sentence={plan()}
        facts={[
          [trans('Data'), uri || trans('not chosen yet')],
          [
            trans('Target'),
            (fromRun ? base?.dataset?.target : filled.target) ||
              trans('not chosen yet')
          ],
          [
            trans('Model'),
            known.offer?.title ?? (family || trans('not chosen yet'))
          ],
          [trans('Objective'), metricWord(now.metric)]
        ]}
        baseline={baseline}
        searched={new Set(parameters.map(parameter => parameter.name))}
        starting={starting}
        code={tuneCode(spec)}
        onStart={begin}
      />
    </div>
  );
}

function countable(parameter: ReturnType<typeof toParameter>): boolean {
  return (
    combinations([{ ...parameter, when: {} }]) < Infinity &&
    parameter.scale !== 'log'
  );
}

/** Enter in a line of text starts, as in any form; in that of a path it reads the file. */
function submits({ key, target, nativeEvent }: React.KeyboardEvent): boolean {
  return (
    key === 'Enter' &&
    !nativeEvent.isComposing &&
    target instanceof HTMLInputElement &&
    ['text', 'number'].includes(target.type) &&
    target.dataset.field !== 'dataset.uri'
  );
}
