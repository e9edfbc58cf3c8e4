/** Metadata as the REST API gives it. */
export interface NodeRef {
  id: number;
  type: string;
  name: string;
}

export interface Artifact {
  id: number;
  type: string;
  name: string;
  version: string | null;
  uri: string;
  state: string;
  sha256: string | null;
  created: string;
  updated: string;
  contexts: NodeRef[];
  producer: NodeRef | null;
  properties: Record<string, unknown>;
}

export interface Execution {
  id: number;
  type: string;
  name: string;
  state: string;
  created: string;
  updated: string;
  contexts: NodeRef[];
  properties: Record<string, unknown>;
}

export type Kind = 'artifact' | 'execution';
export type Node = Artifact | Execution;

export interface LineageNode extends NodeRef {
  kind: Kind;
}

export interface Edge {
  source: number;
  target: number;
  type: 'INPUT' | 'OUTPUT';
}

export interface Lineage {
  nodes: LineageNode[];
  edges: Edge[];
  truncated: boolean;
}
