import * as React from 'react';
import { useId } from 'react';
import { Select, TextField } from '../shared/field';
import { duration } from '../shared/format';
import { useHost, type Trans } from '../shared/host';
import { Failure, Loading, Partial as Part } from '../shared/panels';
import type { Loaded } from '../shared/request';
import type { Errors } from '../train/draft';
import { metricWord } from '../train/words';
import { timeError } from './checks';
import {
  metricsFor,
  type Known,
  type Resource,
  type Settled,
  type TuneDraft
} from './draft';
import { typedNumber } from './space';
import type { Methods } from './types';
import { goalWords } from './words';

interface Props {
  draft: TuneDraft;
  now: Settled;
  known: Known;
  errors: Errors;
  update: (change: Partial<TuneDraft>) => void;
}

/** What decides, and how the next trial is chosen. */
export function MethodFields({
  draft,
  now,
  known,
  errors,
  update,
  methods
}: Props & { methods: Loaded<Methods> }): React.ReactElement {
  const { trans } = useHost();
  const group = useId();
  if (!known.methods) {
    return methods.error ? (
      <>
        <Failure
          error={methods.error}
          what={trans('The metrics and methods could not be read.')}
          retry={methods.retry}
        />
        <Part>
          {trans(
            'A search can be started without them: with TPE, by the first metric of the task.'
          )}
        </Part>
      </>
    ) : (
      <Loading what={trans('Loading the methods of search')} rows={4} />
    );
  }
  const metrics = metricsFor(known.methods, known.task);
  return (
    <section className="kf-Tune-section">
      <h3>{trans('Objective and method')}</h3>
      <div className="kf-Fields">
        <Select
          label={trans('Objective')}
          path="tuning.objective.metric"
          value={now.metric}
          choices={metrics.map(metric => ({
            value: metric.name,
            label: `${metricWord(metric.name)} (${goalWords(metric.goal, trans)})`
          }))}
          error={
            errors['tuning.objective.metric'] ??
            errors['tuning.objective.goal'] ??
            errors['tuning.objective']
          }
          help={trans('Measured on rows that a trial has not learned from.')}
          onChange={metric => update({ metric })}
        />
      </div>
      <fieldset className="kf-Cards kf-mod-tight" data-field="tuning.method">
        <legend>{trans('Method')}</legend>
        {known.methods.search.map(offer => (
          <label
            key={offer.method}
            className={`kf-Card${offer.missing ? ' kf-mod-off' : ''}`}
          >
            <input
              type="radio"
              name={group}
              checked={now.method === offer.method}
              disabled={Boolean(offer.missing)}
              onChange={() => update({ method: offer.method })}
            />
            <span className="kf-Card-title">{offer.title}</span>
            <span className="kf-help">{offer.description}</span>
            {offer.missing && <span className="kf-help">{offer.missing}</span>}
          </label>
        ))}
        {errors['tuning.method'] && (
          <span className="kf-error">{errors['tuning.method']}</span>
        )}
      </fieldset>
      {now.resource && (
        <div className="kf-Fields" data-field="tuning.resource">
          <Select
            label={trans('Given more and more of')}
            path="tuning.resource.name"
            value={now.resource}
            choices={(known.offer?.resources ?? ['samples' as const]).map(
              value => ({ value, label: resourceWord(value, trans) })
            )}
            error={errors['tuning.resource.name'] ?? errors['tuning.resource']}
            onChange={(resource: Exclude<Resource, ''>) =>
              update({ resource, least: null, most: null })
            }
          />
          <TextField
            label={trans('At first')}
            path="tuning.resource.min"
            numeric
            value={now.least}
            error={errors['tuning.resource.min']}
            onChange={least => update({ least })}
          />
          <TextField
            label={trans('At most')}
            path="tuning.resource.max"
            numeric
            value={now.most}
            error={errors['tuning.resource.max']}
            onChange={most => update({ most })}
          />
          <TextField
            label={trans('Times more each round')}
            path="tuning.resource.factor"
            numeric
            value={draft.factor}
            error={errors['tuning.resource.factor']}
            help={trans('One of so many goes on to the next round.')}
            onChange={factor => update({ factor })}
          />
        </div>
      )}
    </section>
  );
}

function resourceWord(resource: Exclude<Resource, ''>, trans: Trans): string {
  const words = {
    epochs: trans('epochs'),
    trees: trans('trees or iterations'),
    samples: trans('rows to learn from')
  };
  return words[resource];
}

/** How much may be tried. */
export function BudgetFields({
  draft,
  now,
  known,
  errors,
  update
}: Props): React.ReactElement {
  const { trans } = useHost();
  const cores = known.methods?.cores;
  const parallel = typedNumber(now.parallel);
  const more = cores !== undefined && parallel !== null && parallel > cores;
  return (
    <section className="kf-Tune-section">
      <h3>{trans('Budget')}</h3>
      <div className="kf-Fields">
        <TextField
          label={trans('Trials')}
          path="tuning.budget.trials"
          numeric
          value={now.trials}
          error={errors['tuning.budget.trials']}
          help={trans('The baseline is not counted.')}
          onChange={trials => update({ trials })}
        />
        <TextField
          label={trans('At once')}
          path="tuning.budget.parallel"
          numeric
          value={now.parallel}
          error={errors['tuning.budget.parallel']}
          help={
            cores === undefined
              ? undefined
              : more
                ? trans(
                    'More than the %1 processors that a run may use here: each trial will take longer.',
                    cores
                  )
                : trans('A run may use %1 processors here.', cores)
          }
          onChange={value => update({ parallel: value })}
        />
        <TextField
          label={trans('Time limit, in seconds')}
          path="tuning.budget.seconds"
          numeric
          value={draft.seconds}
          placeholder={trans('none')}
          error={errors['tuning.budget.seconds']}
          help={timeHelp(
            draft.seconds,
            trans('It ends then with what it has found.'),
            trans
          )}
          onChange={seconds => update({ seconds })}
        />
        <TextField
          label={trans('Limit of one trial, in seconds')}
          path="tuning.budget.trial_seconds"
          numeric
          value={draft.trialSeconds}
          placeholder={trans('found from the first')}
          error={errors['tuning.budget.trial_seconds']}
          help={timeHelp(
            draft.trialSeconds,
            trans('Empty: ten times the longest so far, ten minutes at least.'),
            trans
          )}
          onChange={trialSeconds => update({ trialSeconds })}
        />
      </div>
    </section>
  );
}

/** The typed time as people say it. */
function timeHelp(typed: string, otherwise: string, trans: Trans): string {
  const seconds = typedNumber(typed);
  return seconds === null || timeError(typed, seconds, trans) !== null
    ? otherwise
    : `${duration(seconds * 1000)}. ${otherwise}`;
}
