import { useEffect, useRef, useState, type RefObject } from 'react';
import { fieldAt } from './fieldAt';
import { asApiError, explained, useHost } from './host';
import { useStartRun } from './startRun';

/** What is wrong at which field, by its JSON path. */
export type Errors = Record<string, string>;

/** A run was not started, or has failed, or nobody knows whether it was started. */
export type Verdict = 'refused' | 'failed' | 'unknown';

/** A form's way to a run: what keeps it from starting, and where that is mended. */
export interface Start {
  errors: Errors;
  /** What is wrong as a whole. */
  general: string | null;
  /** What that means. */
  verdict: Verdict;
  starting: boolean;
  /** Starts a run, unless something is wrong already. */
  start: (spec: object, wrong: Errors) => Promise<void>;
  /** Takes back to the form, to the field for which a run has failed. */
  blame: (path: string, text: string) => void;
  goTo: (path: string) => void;
  /** Something was changed: only these errors hold on. */
  mended: (holding: (errors: Errors) => Errors) => void;
}

interface Form {
  root: RefObject<HTMLElement>;
  /** Draws the form with this field in it; where a run has failed, in the place of the run. */
  show: (path: string, failed: boolean) => void;
  started: (id: string) => void;
  /** Of several errors, the one of the lowest rank gets the focus. */
  rank?: (path: string) => number;
}

export function useStart(form: Form): Start {
  const { root } = form;
  const { trans } = useHost();
  const startRun = useStartRun();
  const [errors, setErrors] = useState<Errors>({});
  const [general, setGeneral] = useState<string | null>(null);
  const [verdict, setVerdict] = useState<Verdict>('refused');
  const [starting, setStarting] = useState(false);
  const [focus, setFocus] = useState<{ path: string; turn: number } | null>(
    null
  );
  // An answer comes to the form as it is by then, with what was typed meanwhile.
  const now = useRef(form);
  useEffect(() => {
    now.current = form;
  });

  // A field may be drawn only now that it is shown, so it takes the focus afterwards.
  useEffect(() => {
    if (focus) {
      const line =
        root.current?.querySelector<HTMLElement>('.kf-Summary button');
      const control = fieldAt(root.current, focus.path) ?? line;
      control?.focus({ preventScroll: true });
      // With its message, which stands below it and would be out of sight at the edge.
      (
        control?.closest('.kf-Field, .kf-Space-row, .form-group') ?? control
      )?.scrollIntoView?.({ block: 'center' });
    }
  }, [root, focus]);

  const goTo = (path: string, failed = false): void => {
    now.current.show(path, failed);
    setFocus(before => ({ path, turn: (before?.turn ?? 0) + 1 }));
  };
  const tell = (
    verdict: Verdict,
    found: Errors,
    general: string | null = null
  ): void => {
    setVerdict(verdict);
    setErrors(found);
    setGeneral(general);
    const { rank = () => 0 } = now.current;
    const [first] = Object.keys(found).sort((a, b) => rank(a) - rank(b));
    if (first !== undefined) {
      goTo(first, verdict === 'failed');
    }
  };
  const start = async (spec: object, wrong: Errors): Promise<void> => {
    tell('refused', wrong);
    if (Object.keys(wrong).length > 0) {
      return;
    }
    setStarting(true);
    try {
      const id = await startRun('runs', spec);
      now.current.started(id);
    } catch (reason) {
      const error = asApiError(reason);
      tell(
        error.refused ? 'refused' : 'unknown',
        Object.fromEntries(
          error.fields.map(item => [item.field, item.message])
        ),
        explained(error, trans)
      );
    } finally {
      setStarting(false);
    }
  };
  return {
    errors,
    general,
    verdict,
    starting,
    start,
    blame: (path, text) => tell('failed', { [path]: text }),
    goTo,
    mended: holding => {
      setGeneral(null);
      setErrors(holding);
    }
  };
}
