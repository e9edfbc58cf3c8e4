import * as React from 'react';
import { lazy, Suspense, useId } from 'react';
import { useHost } from '../shared/host';
import { Failure, Loading } from '../shared/panels';
import type { Loaded } from '../shared/request';
import type { Page } from '../shared/types';
import type { Errors } from './draft';
import { suits, type ModelOffer } from './offers';
import type { StepProps } from './StepProps';
import { taskWord } from './steps';

const ModelForm = lazy(() => import('./ModelForm'));

/** The models that fit the task, and the parameters of the chosen one. */
export function StepModel({
  draft,
  errors,
  update,
  task,
  models,
  params
}: StepProps & {
  models: Loaded<Page<ModelOffer>>;
  /** The headline of the parameters, where they are more than a model's own. */
  params?: string;
}): React.ReactElement {
  const { trans } = useHost();
  const group = useId();
  const offers = (models.data ?? models.last)?.items ?? [];
  if (models.error && offers.length === 0) {
    return (
      <Failure
        error={models.error}
        what={trans('The list of models could not be read.')}
        retry={models.retry}
      />
    );
  }
  if (offers.length === 0) {
    return <Loading what={trans('Loading the models')} rows={5} />;
  }
  // What was chosen stays in sight, also when the target changed under it.
  const fits = (offer: ModelOffer): boolean =>
    suits(offer, task) || offer.family === draft.family;
  const others = offers.filter(offer => !fits(offer));
  const chosen = offers.find(offer => offer.family === draft.family);
  return (
    <>
      <fieldset className="kf-Cards" data-field="model.family">
        <legend>{trans('Model')}</legend>
        {offers.filter(fits).map(offer => (
          <label key={offer.family} className="kf-Card">
            <input
              type="radio"
              name={group}
              checked={draft.family === offer.family}
              onChange={() => update({ family: offer.family })}
            />
            <span className="kf-Card-title">{offer.title}</span>
            <span className="kf-help">{offer.description}</span>
          </label>
        ))}
        {errors['model.family'] && (
          <span className="kf-error">{errors['model.family']}</span>
        )}
      </fieldset>
      {others.length > 0 && (
        <details className="kf-Drawer">
          <summary>
            {trans('%1 models do not fit this target', others.length)}
          </summary>
          <p className="kf-help">
            {trans(
              'The target is %1; these need another one.',
              taskWord(task, trans)
            )}
          </p>
          <ul className="kf-List">
            {others.map(offer => (
              <li key={offer.family}>
                {offer.title} <span className="kf-help">{offer.family}</span>
              </li>
            ))}
          </ul>
        </details>
      )}
      {chosen && (
        <ModelParams
          title={params ?? trans('Parameters of %1', chosen.title)}
          offer={chosen}
          value={draft.params[chosen.family]}
          errors={errors}
          onChange={value =>
            update({ params: { ...draft.params, [chosen.family]: value } })
          }
        />
      )}
    </>
  );
}

/** The parameters of one model, drawn from their schema. */
export function ModelParams({
  title,
  offer,
  value,
  errors,
  onChange
}: {
  title: string;
  offer: ModelOffer;
  value: Record<string, unknown> | undefined;
  errors: Errors;
  onChange: (value: Record<string, unknown>) => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <section data-field="model.params">
      <h3>{title}</h3>
      {errors['model.params'] && (
        <span className="kf-error">{errors['model.params']}</span>
      )}
      <Suspense
        fallback={<Loading what={trans('Loading the form')} rows={4} />}
      >
        <ModelForm
          key={offer.family}
          schema={offer.schema}
          value={value}
          errors={errors}
          onChange={onChange}
        />
      </Suspense>
    </section>
  );
}
