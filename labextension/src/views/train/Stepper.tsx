import * as React from 'react';
import { useHost } from '../shared/host';
import { Icon } from '../shared/icons';
import { stepName } from './steps';
import type { Step } from './draft';
import type { StepLine } from './steps';

/** The steps at the left: where one is, what is settled, and the button that starts the run. */
export function Stepper({
  lines,
  now,
  wrong,
  onStep,
  onStart,
  starting
}: {
  lines: StepLine[];
  now: Step;
  wrong: ReadonlySet<Step>;
  onStep: (step: Step) => void;
  onStart: () => void;
  starting: boolean;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <nav className="kf-Stepper" aria-label={trans('Steps')}>
      <ol>
        {lines.map(line => (
          <li key={line.step}>
            <button
              className="kf-Step"
              aria-current={line.step === now ? 'step' : undefined}
              onClick={() => onStep(line.step)}
            >
              <span
                className={`kf-Step-mark${wrong.has(line.step) ? ' kf-mod-failed' : line.done ? ' kf-mod-done' : ''}`}
              >
                <Icon
                  glyph={
                    wrong.has(line.step) ? 'bang' : line.done ? 'check' : 'dot'
                  }
                />
              </span>
              <span className="kf-Step-name">{stepName(line.step, trans)}</span>
              <span className="kf-Step-summary">{line.summary}</span>
              {(line.done || wrong.has(line.step)) && (
                <span className="kf-hidden">
                  {wrong.has(line.step) ? trans('has an error') : trans('done')}
                </span>
              )}
            </button>
          </li>
        ))}
      </ol>
      <button
        className="jp-Button jp-mod-styled jp-mod-accept kf-Start"
        disabled={starting}
        onClick={onStart}
      >
        {starting ? trans('Starting…') : trans('Start training')}
      </button>
    </nav>
  );
}
