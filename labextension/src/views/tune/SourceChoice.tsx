import * as React from 'react';
import { useId } from 'react';
import { useHost } from '../shared/host';
import type { TuneDraft } from './draft';

/** Where the search starts from. */
export function SourceChoice({
  source,
  onChoose
}: {
  source: TuneDraft['source'];
  onChoose: (source: TuneDraft['source']) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const group = useId();
  const cards = [
    {
      value: 'model' as const,
      title: trans('A model of the catalogue'),
      help: trans('Choose data, target and model here.')
    },
    {
      value: 'run' as const,
      title: trans('A training run that is done'),
      help: trans('Its model is the baseline, on the same data and split.')
    }
  ];
  return (
    <fieldset className="kf-Cards">
      <legend>{trans('Start from')}</legend>
      {cards.map(card => (
        <label key={card.value} className="kf-Card">
          <input
            type="radio"
            name={group}
            checked={source === card.value}
            onChange={() => onChoose(card.value)}
          />
          <span className="kf-Card-title">{card.title}</span>
          <span className="kf-help">{card.help}</span>
        </label>
      ))}
    </fieldset>
  );
}
