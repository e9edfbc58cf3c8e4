/** The part of anywidget's model that is used here. */
export interface Model {
  get(name: string): unknown;
  set(name: string, value: unknown): void;
  save_changes(): void;
  /** Throws once the comm is closed or the kernel is dead. */
  send(content: unknown): void;
  on(name: string, callback: Listener): void;
  off(name: string, callback: Listener): void;
}

// eslint-disable-next-line @typescript-eslint/no-explicit-any -- what comes with an event is the event's
export type Listener = (...args: any[]) => void;

/** A name that no other view has, in any browser that speaks with the kernel. */
export function newName(): string {
  return Math.random().toString(36).slice(2, 12);
}
