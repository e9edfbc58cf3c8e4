import type { Artifact } from './types';
import { TYPES, type MetadataState } from './state';

const CLASSES: Record<string, string> = {
  'system.Dataset': 'DataSet',
  'system.Model': 'Model',
  'system.Metrics': 'Metrics'
};

function workspaceOf(artifact: Artifact): string {
  return (
    artifact.contexts.find(context => context.type === 'system.Pipeline')
      ?.name ?? 'default'
  );
}

/** Python that finds this artifact again. */
export function artifactCode(artifact: Artifact): string {
  const kind = CLASSES[artifact.type] ?? 'Artifact';
  return [
    'import kflab',
    '',
    `ws = kflab.Workspace(${JSON.stringify(workspaceOf(artifact))})`,
    `table = ws.list(kflab.${kind})`,
    `table[table["id"] == ${artifact.id}]`
  ].join('\n');
}

/** Python that lists what the view lists. */
export function listCode(state: MetadataState): string {
  const kind = TYPES.artifacts.includes(state.type)
    ? CLASSES[state.type]
    : 'Artifact';
  return [
    'import kflab',
    '',
    'ws = kflab.Workspace("default")',
    `ws.list(kflab.${kind})`
  ].join('\n');
}
