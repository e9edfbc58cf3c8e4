import * as React from 'react';
import { useEffect, useRef, useState } from 'react';
import { ApiError } from '../client';
import { Confirm } from '../shared/confirm';
import { CopyButton } from '../shared/copy';
import { absolute } from '../shared/format';
import { asApiError, useHost, type Trans } from '../shared/host';
import { Failure, Loading, Partial } from '../shared/panels';
import { Tabs } from '../shared/tabs';
import { useNow } from '../shared/time';
import { age, Age } from './age';
import { Badge } from './Badge';
import { kindWord, listOf, SINGULAR } from './kinds';
import {
  deleteCommand,
  describeCommand,
  eventsCommand,
  yamlCommand
} from './kubectl';
import { LogPane } from './LogPane';
import { consequences } from './removal';
import type { Tab } from './state';
import type { Details, EventRow, KindName, Ref, Row } from './types';
import { useDetails } from './useDetails';
import { useRows } from './useRows';

export interface DrawerProps {
  kind: KindName;
  name: string;
  /** The object's row as the list has it; undefined once it is gone. */
  row: Row | undefined;
  /** Whether the list is there, so that a missing row means something; undefined while it loads. */
  listed: boolean | undefined;
  namespace: string;
  ownPod: string;
  tab: Tab;
  onTab: (tab: Tab) => void;
  onOpen: (kind: KindName, name: string) => void;
  onClose: () => void;
}

/** One object beside its list: what it is, its events, its YAML, and a pod's log. */
export function Drawer(props: DrawerProps): React.ReactElement {
  const { kind, name, namespace, row, listed, onClose } = props;
  const { client, trans } = useHost();
  const { details, error, retry } = useDetails(
    kind,
    name,
    row?.version,
    row !== undefined || listed === false
  );
  const [asking, setAsking] = useState(false);
  const [said, setSaid] = useState<ApiError | 'begun'>();
  const root = useRef<HTMLElement>(null);
  const now = row ?? details?.row;
  const gone = listed === true && !row;
  useEffect(() => {
    // In a narrow panel it opens below the list, perhaps out of sight.
    root.current?.scrollIntoView?.({ block: 'nearest' });
  }, [name]);
  const remove = (uid: string): void => {
    setSaid(undefined);
    client.request('DELETE', `cluster/${kind}/${name}?uid=${uid}`).then(
      () => setSaid('begun'),
      (reason: unknown) => setSaid(asApiError(reason))
    );
  };
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Esc closes it from anywhere inside
    <section
      ref={root}
      className="kf-Details kf-Object"
      aria-label={trans('Details of %1', name)}
      onKeyDown={event => {
        if (event.key === 'Escape' && !asking) {
          onClose();
        }
      }}
    >
      <div className="kf-row">
        <h2>{name}</h2>
        <span className="kf-spacer" />
        {details && !gone && (
          <button
            className="kf-link kf-danger"
            disabled={!details.deletable}
            title={
              details.deletable
                ? undefined
                : trans(
                    'This account may not delete %1 in %2.',
                    kindWord(kind, trans),
                    namespace
                  )
            }
            onClick={() => setAsking(true)}
          >
            {trans('Delete')}
          </button>
        )}
        <button className="kf-link" onClick={onClose}>
          {trans('Close')}
        </button>
      </div>
      <p className="kf-row" role="status">
        <span className="kf-help">{SINGULAR[kind]}</span>
        {now && !gone && <Badge status={now.status} mood={now.mood} />}
        {said === 'begun' && !gone && (
          <span className="kf-help">{trans('Its removal has begun.')}</span>
        )}
      </p>
      {gone && (
        <Partial>
          {details
            ? trans('It is gone. What is shown here is the last that was seen.')
            : trans('It is gone.')}
        </Partial>
      )}
      {said instanceof ApiError && (
        <p className="kf-error" role="alert">
          {said.message}
        </p>
      )}
      {now?.text && !gone && (
        <p className={now.mood === 'bad' ? 'kf-error' : ''}>{now.text}</p>
      )}
      {error && !gone && (
        <Failure
          error={error}
          what={trans('The details could not be read.')}
          retry={retry}
        />
      )}
      {!details && !error && !gone && (
        <Loading what={trans('Loading the details')} rows={8} />
      )}
      {details && <Contents {...props} details={details} gone={gone} />}
      {asking && details && (
        <Confirm
          title={trans('Delete %1 %2?', SINGULAR[kind], name)}
          action={trans('Delete %1', SINGULAR[kind])}
          keep={trans('Keep it')}
          danger
          onAccept={() => remove(details.row.uid)}
          onClose={() => setAsking(false)}
        >
          {consequences(kind, details, props.ownPod, trans).map(sentence => (
            <p key={sentence}>{sentence}</p>
          ))}
          <p>
            <code>{deleteCommand(kind, name, namespace)}</code>
          </p>
        </Confirm>
      )}
    </section>
  );
}

function Contents(
  props: DrawerProps & { details: Details; gone: boolean }
): React.ReactElement {
  const { kind, name, namespace, details, onTab } = props;
  const { trans } = useHost();
  const live = useRows('events');
  const events: EventRow[] =
    live.rows && !live.fault
      ? [...live.rows.values()].filter(
          (row): row is EventRow =>
            row.kind === 'events' && row.object_uid === details.row.uid
        )
      : details.events;
  const tabs: [Tab, string][] = [
    ['about', trans('Overview')],
    ...(kind === 'pods' ? [['log', trans('Log')] as [Tab, string]] : []),
    [
      'events',
      events.length ? trans('Events (%1)', events.length) : trans('Events')
    ],
    ['yaml', 'YAML']
  ];
  const tab = tabs.some(([one]) => one === props.tab) ? props.tab : 'about';
  return (
    <Tabs
      label={trans('Details')}
      tabs={tabs}
      tab={tab}
      onTab={onTab}
      className="kf-Object-panel"
    >
      {details.lacks.map(lack => (
        <Partial key={lack}>{trans('Missing here: %1', lack)}</Partial>
      ))}
      {tab === 'about' && <About {...props} />}
      {tab === 'log' && (
        <LogPane
          key={details.row.uid}
          pod={name}
          namespace={namespace}
          containers={details.containers}
        />
      )}
      {tab === 'events' && (
        <>
          <Copy text={eventsCommand(kind, name, namespace)} />
          <Events events={events} />
        </>
      )}
      {tab === 'yaml' && (
        <>
          <Copy text={yamlCommand(kind, name, namespace)} />
          <pre
            className="kf-Yaml"
            aria-label="YAML"
            role="group"
            // eslint-disable-next-line jsx-a11y/no-noninteractive-tabindex -- without it the keyboard can't scroll
            tabIndex={0}
          >
            {details.yaml}
          </pre>
        </>
      )}
    </Tabs>
  );
}

function Copy({ text }: { text: string }): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="kf-row">
      <code className="kf-Command">{text}</code>
      <span className="kf-spacer" />
      <CopyButton small text={text} label={trans('Copy')} />
    </div>
  );
}

function About({
  kind,
  name,
  namespace,
  details,
  onOpen
}: DrawerProps & { details: Details }): React.ReactElement {
  const { trans } = useHost();
  const { row } = details;
  return (
    <>
      <Copy text={describeCommand(kind, name, namespace)} />
      <dl className="kf-Facts">
        {facts(row, trans, onOpen)
          .filter(([, value]) => value !== '')
          .map(([label, value]) => (
            <React.Fragment key={label}>
              <dt>{label}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ))}
      </dl>
      {details.containers.length > 0 && (
        <>
          <h3>{trans('Containers')}</h3>
          <ul className="kf-List">
            {details.containers.map(one => (
              <li key={one.name}>
                {one.init ? trans('%1 (init)', one.name) : one.name}{' '}
                <span className="kf-help">
                  {one.state}
                  {one.restarts > 0 &&
                    ` · ${trans('%1 restarts', one.restarts)}`}
                  {` · ${one.image}`}
                </span>
              </li>
            ))}
          </ul>
        </>
      )}
      <Related kind={kind} refs={details.related} onOpen={onOpen} />
      {details.conditions.length > 0 && (
        <>
          <h3>{trans('Conditions')}</h3>
          <dl className="kf-Facts">
            {details.conditions.map(one => (
              <React.Fragment key={one.type}>
                <dt>{one.type}</dt>
                <dd>
                  {one.status}
                  {one.reason && ` · ${one.reason}`}
                  {one.message && <div>{one.message}</div>}
                </dd>
              </React.Fragment>
            ))}
          </dl>
        </>
      )}
      {Object.keys(details.labels).length > 0 && (
        <>
          <h3>{trans('Labels')}</h3>
          <ul className="kf-List kf-Labels">
            {Object.entries(details.labels).map(([key, value]) => (
              <li key={key}>
                {key}={value}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  );
}

function Related({
  kind,
  refs,
  onOpen
}: {
  kind: KindName;
  refs: Ref[];
  onOpen: DrawerProps['onOpen'];
}): React.ReactElement | null {
  const { trans } = useHost();
  if (refs.length === 0) {
    return null;
  }
  return (
    <>
      <h3>
        {kind === 'pods'
          ? trans('Volume claims')
          : kind === 'pvcs'
            ? trans('Mounted by')
            : trans('Pods')}
      </h3>
      <ul className="kf-List">
        {refs.map(ref => (
          <li key={`${ref.kind}/${ref.name}`}>
            <Link to={ref} onOpen={onOpen} />
          </li>
        ))}
      </ul>
    </>
  );
}

/** The way to another object, where it has a list here. */
function Link({
  to,
  onOpen
}: {
  to: Ref;
  onOpen: DrawerProps['onOpen'];
}): React.ReactElement {
  const kind = listOf(to.kind);
  return kind && kind !== 'events' ? (
    <button className="kf-link" onClick={() => onOpen(kind, to.name)}>
      {to.name}
    </button>
  ) : (
    <span>
      {to.kind} {to.name}
    </span>
  );
}

function facts(
  row: Row,
  trans: Trans,
  onOpen: DrawerProps['onOpen']
): [string, React.ReactNode][] {
  const created: [string, React.ReactNode] = [
    trans('Created'),
    row.created ? absolute(row.created) : ''
  ];
  const uid: [string, React.ReactNode] = ['UID', row.uid];
  switch (row.kind) {
    case 'pods':
      return [
        [trans('Ready'), row.ready],
        [trans('Restarts'), String(row.restarts)],
        [trans('Node'), row.node],
        [trans('Address'), row.ip],
        [
          trans('Made by'),
          row.owner ? <Link to={row.owner} onOpen={onOpen} /> : ''
        ],
        created,
        uid
      ];
    case 'deployments':
      return [
        [trans('Ready'), row.ready],
        [trans('Up to date'), String(row.up_to_date)],
        [trans('Available'), String(row.available)],
        [trans('Image'), row.images.join(', ')],
        created,
        uid
      ];
    case 'statefulsets':
      return [
        [trans('Ready'), row.ready],
        [trans('Image'), row.images.join(', ')],
        created,
        uid
      ];
    case 'services':
      return [
        [trans('Type'), row.type],
        [trans('Address'), row.address],
        [trans('Ports'), row.ports],
        created,
        uid
      ];
    case 'jobs':
      return [
        [trans('Completions'), row.completions],
        [trans('Started'), row.started ? absolute(row.started) : ''],
        [trans('Ended'), row.ended ? absolute(row.ended) : ''],
        [
          trans('Duration'),
          row.started && row.ended
            ? age(Date.parse(row.ended) - Date.parse(row.started))
            : ''
        ],
        [trans('Image'), row.images.join(', ')],
        created,
        uid
      ];
    case 'pvcs':
      return [
        [trans('Capacity'), row.capacity],
        [trans('Access'), row.modes],
        [trans('Storage class'), row.storage_class],
        [trans('Volume'), row.volume],
        created,
        uid
      ];
    default:
      return [created, uid];
  }
}

/** The events of one object, newest first. */
function Events({ events }: { events: EventRow[] }): React.ReactElement {
  const { trans } = useHost();
  const now = useNow(5000);
  const ordered = [...events].sort((a, b) =>
    (b.last ?? '').localeCompare(a.last ?? '')
  );
  if (ordered.length === 0) {
    return (
      <p className="kf-help">
        {trans(
          'No events. Kubernetes keeps them for about an hour; new ones appear here.'
        )}
      </p>
    );
  }
  return (
    <ul className="kf-List kf-Events">
      {ordered.map(event => (
        <li key={event.uid}>
          <span className="kf-row">
            <Badge status={event.reason} mood={event.mood} />
            {event.status === 'Warning' && (
              <span className="kf-help">{trans('Warning')}</span>
            )}
            <span className="kf-spacer" />
            <span className="kf-help kf-number">
              {event.count > 1 && trans('%1 times, ', event.count)}
              <Age time={event.last} now={now} />
            </span>
          </span>
          <div>{event.text}</div>
        </li>
      ))}
    </ul>
  );
}
