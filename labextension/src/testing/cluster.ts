/** A cluster's answers in the shape of the server's. */
import type {
  Details,
  EventRow,
  KindName,
  Overview,
  PodRow,
  Row
} from '../views/cluster/types';

export const NAMESPACE = 'user-alice';

export function overview(change: Partial<Overview> = {}): Overview {
  const kinds: KindName[] = [
    'pods',
    'deployments',
    'statefulsets',
    'services',
    'jobs',
    'pvcs',
    'events'
  ];
  return {
    state: 'connected',
    message: '',
    namespace: NAMESPACE,
    account: 'system:serviceaccount:user-alice:default-editor',
    server: 'https://10.0.0.1',
    own_pod: 'jupyter-alice',
    kinds: kinds.map(name => ({
      name,
      count: name === 'pods' ? 2 : 0,
      missing: null,
      message: '',
      deletable: name !== 'events'
    })),
    ...change
  };
}

export function pod(name: string, change: Partial<PodRow> = {}): PodRow {
  return {
    kind: 'pods',
    name,
    uid: `uid-${name}`,
    version: '1',
    created: '2026-03-01T10:00:00Z',
    status: 'Running',
    mood: 'good',
    text: '',
    ready: '1/1',
    restarts: 0,
    images: ['registry.example/team/web:1'],
    node: 'node0',
    ip: '10.0.0.7',
    owner: null,
    ...change
  };
}

export function event(
  name: string,
  about: PodRow,
  change: Partial<EventRow> = {}
): EventRow {
  return {
    kind: 'events',
    name,
    uid: `uid-${name}`,
    version: '1',
    created: '2026-03-01T10:00:00Z',
    status: 'Normal',
    mood: 'plain',
    text: 'Started container main',
    reason: 'Started',
    object: { kind: 'Pod', name: about.name },
    object_uid: about.uid,
    count: 1,
    last: '2026-03-01T10:00:00Z',
    ...change
  };
}

export function details(row: Row, change: Partial<Details> = {}): Details {
  return {
    row,
    labels: { app: 'web' },
    conditions: [
      { type: 'Ready', status: 'True', reason: '', message: '', since: null }
    ],
    containers: [
      {
        name: 'main',
        image: 'web:1',
        state: 'Running',
        init: false,
        restarts: 0,
        previous: false
      }
    ],
    events: [],
    related: [],
    lacks: [],
    deletable: true,
    deletes_data: null,
    yaml: 'kind: Pod\n',
    ...change
  };
}
