import type { Loaded } from '../shared/request';
import type { Draft, Errors, Task } from './draft';
import type { Profile } from './offers';

/** What each step of the form gets. */
export interface StepProps {
  draft: Draft;
  errors: Errors;
  /** What the data itself speaks against, before anything was started. */
  found: Errors;
  task: Task;
  profile: Loaded<Profile>;
  update: (change: Partial<Draft>) => void;
}
