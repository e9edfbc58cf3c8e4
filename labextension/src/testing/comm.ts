/** A widget's model with a kernel behind it that a test writes down. */
import type { Listener, Model } from '../widget/model';
import type { Sent } from '../widget/wire';

export class FakeModel implements Model {
  readonly sent: Sent[] = [];
  /** How often the traits were sent to the kernel. */
  saved = 0;
  /** What the comm says when something is sent over it. */
  closed = false;
  private readonly listeners = new Map<string, Set<Listener>>();

  constructor(readonly traits: Record<string, unknown> = {}) {}

  get(name: string): unknown {
    return this.traits[name];
  }

  set(name: string, value: unknown): void {
    if (JSON.stringify(this.traits[name]) !== JSON.stringify(value)) {
      this.traits[name] = value;
      this.emit(`change:${name}`);
    }
  }

  save_changes(): void {
    this.saved += 1;
  }

  send(content: unknown): void {
    if (this.closed) {
      throw new Error('Cannot send');
    }
    this.sent.push(content as Sent);
  }

  on(name: string, callback: Listener): void {
    const listeners = this.listeners.get(name) ?? new Set();
    this.listeners.set(name, listeners.add(callback));
  }

  off(name: string, callback: Listener): void {
    this.listeners.get(name)?.delete(callback);
  }

  emit(name: string, ...given: unknown[]): void {
    [...(this.listeners.get(name) ?? [])].forEach(listener =>
      listener(...given)
    );
  }

  /** How many listen, to find what was left behind. */
  get listening(): number {
    return [...this.listeners.values()].reduce(
      (sum, listeners) => sum + listeners.size,
      0
    );
  }

  /** Says something as the kernel does. */
  say(message: object, buffers: unknown[] = []): void {
    this.emit('msg:custom', message, buffers);
  }

  /** What was sent of one kind. */
  of<K extends Sent['kind']>(kind: K): Extract<Sent, { kind: K }>[] {
    return this.sent.filter(
      (message): message is Extract<Sent, { kind: K }> => message.kind === kind
    );
  }

  /** Answers the last request for a path with data, or with a refusal. */
  answer(path: string, data: unknown, error?: object): void {
    const asked = this.of('request').filter(request =>
      request.path.startsWith(path)
    );
    const { client, call } = asked[asked.length - 1];
    this.say({
      kind: 'answer',
      client,
      call,
      ...(error ? { error } : { data })
    });
  }
}
