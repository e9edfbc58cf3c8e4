/** Metadata as the REST API gives it. */
import type { Artifact, Execution, LineageNode } from '../../api/types';

export type {
  Artifact,
  Edge,
  Execution,
  Lineage,
  LineageNode,
  NodeRef
} from '../../api/types';

export type Kind = LineageNode['kind'];
export type Node = Artifact | Execution;
