import * as React from 'react';
import { memo, useEffect, useLayoutEffect, useRef, useState } from 'react';
import { CopyButton } from '../shared/copy';
import { asApiError, useHost } from '../shared/host';
import { Loading, Partial } from '../shared/panels';
import { query } from '../shared/request';
import { append, EMPTY, type Chunk, type LogText } from './logText';
import { logCommand, TAIL } from './kubectl';
import type { Container, LogMessage, LogText as Given } from './types';

/** Nearer to the end than this counts as at the end. */
const NEAR = 24;

/** A container's log. It follows while its end is in view, and stands still while one reads further up. */
export function LogPane({
  pod,
  namespace,
  containers
}: {
  pod: string;
  namespace: string;
  containers: Container[];
}): React.ReactElement {
  const { trans } = useHost();
  const [wanted, setWanted] = useState<string | null>(null);
  const [previous, setPrevious] = useState(false);
  const [wrap, setWrap] = useState(false);
  const [turn, setTurn] = useState(0);
  const container: Container | undefined =
    containers.find(({ name }) => name === wanted) ?? containers[0];
  if (!container) {
    return <p className="kf-help">{trans('This pod has no containers.')}</p>;
  }
  const earlier = previous && container.previous;
  const path = `cluster/pods/${pod}/log`;
  return (
    <div className="kf-Log">
      <div className="kf-row">
        {containers.length > 1 && (
          <select
            className="kf-select"
            aria-label={trans('Container')}
            value={container.name}
            onChange={event => setWanted(event.target.value)}
          >
            {containers.map(({ name, init }) => (
              <option key={name} value={name}>
                {init ? trans('%1 (init)', name) : name}
              </option>
            ))}
          </select>
        )}
        <label className="kf-inline">
          <input
            type="checkbox"
            checked={wrap}
            onChange={event => setWrap(event.target.checked)}
          />
          {trans('Wrap lines')}
        </label>
        {container.previous && (
          <label className="kf-inline">
            <input
              type="checkbox"
              checked={previous}
              onChange={event => setPrevious(event.target.checked)}
            />
            {trans('Run before the restart')}
          </label>
        )}
        <span className="kf-spacer" />
        <CopyButton
          small
          label={trans('Copy as kubectl')}
          text={logCommand(pod, container.name, earlier, namespace)}
        />
      </div>
      {earlier ? (
        <Earlier
          key={`${container.name}:${turn}`}
          path={query(path, {
            container: container.name,
            tail: TAIL,
            previous: 'true'
          })}
          wrap={wrap}
          onRetry={() => setTurn(turn + 1)}
        />
      ) : (
        <Following
          key={`${container.name}:${turn}`}
          path={query(`${path}/stream`, {
            container: container.name,
            tail: TAIL
          })}
          wrap={wrap}
          onRetry={() => setTurn(turn + 1)}
        />
      )}
    </div>
  );
}

interface PaneProps {
  path: string;
  wrap: boolean;
  onRetry: () => void;
}

function Following({ path, wrap, onRetry }: PaneProps): React.ReactElement {
  const { client, trans, visible } = useHost();
  const [log, setLog] = useState<LogText>(EMPTY);
  const [note, setNote] = useState<{ message: string; over: boolean }>();
  const [connected, setConnected] = useState(true);
  const seen = useRef(0);
  const over = note?.over ?? false;
  useEffect(() => {
    if (!visible || over) {
      return;
    }
    return client.subscribe(
      `${path}&since=${seen.current}`,
      message => {
        const frame = message as LogMessage;
        if ('message' in frame) {
          setNote({ message: frame.message, over: frame.over });
        } else {
          seen.current = frame.seq;
          setNote(undefined);
          setLog(before => append(before, frame.lines));
        }
      },
      setConnected
    );
  }, [client, path, visible, over]);
  return (
    <>
      {!connected && (
        <Partial>
          {trans('The connection is lost; it is opened again by itself.')}
        </Partial>
      )}
      {log.count === 0 && !note && connected && (
        <p className="kf-help" role="status">
          {trans('Nothing is written yet. What comes appears here.')}
        </p>
      )}
      <Lines log={log} wrap={wrap} />
      {note && (
        <Partial retry={note.over ? onRetry : undefined}>
          {note.message}
        </Partial>
      )}
    </>
  );
}

function Earlier({ path, wrap, onRetry }: PaneProps): React.ReactElement {
  const { client, trans } = useHost();
  const [log, setLog] = useState<LogText>();
  const [error, setError] = useState<string>();
  useEffect(() => {
    const abort = new AbortController();
    client.request<Given>('GET', path, undefined, abort.signal).then(
      ({ text }) => setLog(append(EMPTY, text.replace(/\n$/, '').split('\n'))),
      (reason: unknown) => {
        if (!abort.signal.aborted) {
          setError(asApiError(reason).message);
        }
      }
    );
    return () => abort.abort();
  }, [client, path]);
  if (error) {
    return <Partial retry={onRetry}>{error}</Partial>;
  }
  return log ? (
    <Lines log={log} wrap={wrap} />
  ) : (
    <Loading what={trans('Loading the log')} rows={4} />
  );
}

/** The lines, with the end in view until one scrolls away from it. */
function Lines({
  log,
  wrap
}: {
  log: LogText;
  wrap: boolean;
}): React.ReactElement {
  const { trans } = useHost();
  const box = useRef<HTMLDivElement>(null);
  const [stopped, setStopped] = useState<LogText | null>(null);
  // While one reads, lines come after what is there, and none is dropped before it.
  const shown = stopped ? joined(stopped, log) : log;
  useLayoutEffect(() => {
    if (!stopped && box.current) {
      box.current.scrollTop = box.current.scrollHeight;
    }
  }, [log, stopped, wrap]);
  const onScroll = (): void => {
    const { scrollTop, scrollHeight, clientHeight } = box.current ?? {
      scrollTop: 0,
      scrollHeight: 0,
      clientHeight: 0
    };
    const end = scrollHeight - scrollTop - clientHeight < NEAR;
    setStopped(end ? null : (stopped ?? log));
  };
  const fresh = stopped
    ? log.count + log.dropped - stopped.count - stopped.dropped
    : 0;
  return (
    <div className="kf-Log-frame">
      {shown.dropped > 0 && (
        <p className="kf-help">
          {trans('%1 older lines are not shown.', shown.dropped)}
        </p>
      )}
      <div
        ref={box}
        className={`kf-Log-lines ${wrap ? 'kf-mod-wrap' : ''}`}
        role="log"
        aria-live="off"
        aria-label={trans('Log')}
        // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
        tabIndex={0}
        onScroll={onScroll}
      >
        {shown.chunks.map(chunk => (
          <Part key={chunk.id} chunk={chunk} />
        ))}
      </div>
      {stopped && (
        <div className="kf-Log-stopped">
          <span>
            {fresh > 0
              ? trans('Paused here; %1 new lines below.', fresh)
              : trans('Paused here.')}
          </span>
          <button className="kf-link" onClick={() => setStopped(null)}>
            {trans('Go to the end')}
          </button>
        </div>
      )}
    </div>
  );
}

/** What was there when the reading began, and all that came since. */
function joined(stopped: LogText, log: LogText): LogText {
  const last = stopped.chunks[stopped.chunks.length - 1]?.id ?? -1;
  return {
    ...stopped,
    chunks: [...stopped.chunks, ...log.chunks.filter(({ id }) => id > last)]
  };
}

const Part = memo(({ chunk }: { chunk: Chunk }): React.ReactElement => (
  <pre>{chunk.lines.join('\n')}</pre>
));
Part.displayName = 'Part';
