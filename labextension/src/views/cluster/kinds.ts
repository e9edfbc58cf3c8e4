import type { Trans } from '../shared/host';
import type { KindName } from './types';

export const KINDS: KindName[] = [
  'pods',
  'deployments',
  'statefulsets',
  'services',
  'jobs',
  'pvcs',
  'events'
];

/** Kubernetes' own word for one of a kind. */
export const SINGULAR: Record<KindName, string> = {
  pods: 'Pod',
  deployments: 'Deployment',
  statefulsets: 'StatefulSet',
  services: 'Service',
  jobs: 'Job',
  pvcs: 'PersistentVolumeClaim',
  events: 'Event'
};

/** A kind as its list is called. */
export function kindWord(kind: KindName, trans: Trans): string {
  const words: Record<KindName, string> = {
    pods: trans('Pods'),
    deployments: trans('Deployments'),
    statefulsets: trans('StatefulSets'),
    services: trans('Services'),
    jobs: trans('Jobs'),
    pvcs: trans('Volume claims'),
    events: trans('Events')
  };
  return words[kind];
}

/** The list that an object of this kind is in; null for kinds that have none here. */
export function listOf(singular: string): KindName | null {
  return KINDS.find(kind => SINGULAR[kind] === singular) ?? null;
}
