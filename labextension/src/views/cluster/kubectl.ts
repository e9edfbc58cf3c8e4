import type { KindName } from './types';

const SHORT: Record<KindName, string> = {
  pods: 'pod',
  deployments: 'deployment',
  statefulsets: 'statefulset',
  services: 'service',
  jobs: 'job',
  pvcs: 'pvc',
  events: 'event'
};

/** The command that prints the list. */
export function listCommand(kind: KindName, namespace: string): string {
  return kind === 'events'
    ? `kubectl get events -n ${namespace} --sort-by=.lastTimestamp`
    : `kubectl get ${kind === 'pvcs' ? 'pvc' : kind} -n ${namespace}`;
}

export function describeCommand(
  kind: KindName,
  name: string,
  namespace: string
): string {
  return `kubectl describe ${SHORT[kind]} ${name} -n ${namespace}`;
}

export function yamlCommand(
  kind: KindName,
  name: string,
  namespace: string
): string {
  return `kubectl get ${SHORT[kind]} ${name} -n ${namespace} -o yaml`;
}

export function eventsCommand(
  kind: KindName,
  name: string,
  namespace: string
): string {
  return `kubectl events -n ${namespace} --for ${SHORT[kind]}/${name}`;
}

export function deleteCommand(
  kind: KindName,
  name: string,
  namespace: string
): string {
  return `kubectl delete ${SHORT[kind]} ${name} -n ${namespace}`;
}

export function logCommand(
  pod: string,
  container: string,
  previous: boolean,
  namespace: string
): string {
  const how = previous ? '--previous' : '-f';
  return `kubectl logs ${how} ${pod} -c ${container} -n ${namespace} --tail=${TAIL}`;
}

/** Lines of a log that are shown at first. */
export const TAIL = 500;
