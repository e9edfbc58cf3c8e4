import type { Edge, Kind, Lineage, LineageNode } from './types';

/** Ids of artifacts and of executions are counted apart. */
export function keyOf(node: { kind: Kind; id: number }): string {
  return `${node.kind}:${node.id}`;
}

/** The two ends of an edge, in the direction in which data flows. */
export function ends(edge: Edge): [string, string] {
  return edge.type === 'INPUT'
    ? [`artifact:${edge.source}`, `execution:${edge.target}`]
    : [`execution:${edge.source}`, `artifact:${edge.target}`];
}

/** By name, trial 2 before trial 10. */
function byName(a: LineageNode, b: LineageNode): number {
  return a.name.localeCompare(b.name, undefined, { numeric: true });
}

export interface Placed {
  node: LineageNode;
  key: string;
  column: number;
  row: number;
}

export interface Drawing {
  placed: Placed[];
  lines: { from: Placed; to: Placed }[];
  columns: number;
  rows: number;
}

/** Places each node one column right of the last that it was made from; circles are cut where they close. */
export function layout(lineage: Lineage): Drawing {
  const nodes = new Map(lineage.nodes.map(node => [keyOf(node), node]));
  const pairs = lineage.edges
    .map(ends)
    .filter(([from, to]) => nodes.has(from) && nodes.has(to));
  const before = group(pairs.map(([from, to]) => [to, from]));
  const column = new Map<string, number>();
  const open = new Set<string>();
  const depth = (start: string): number => {
    const known = column.get(start);
    if (known !== undefined) {
      return known;
    }
    open.add(start);
    const found = (before.get(start) ?? [])
      .filter(key => !open.has(key))
      .reduce((most, key) => Math.max(most, depth(key) + 1), 0);
    open.delete(start);
    column.set(start, found);
    return found;
  };
  for (const key of nodes.keys()) {
    depth(key);
  }
  const heights = new Map<number, number>();
  const placed = [...nodes]
    .sort(
      ([a, one], [b, other]) =>
        (column.get(a) ?? 0) - (column.get(b) ?? 0) || byName(one, other)
    )
    .map(([key, node]): Placed => {
      const at = column.get(key) ?? 0;
      const row = heights.get(at) ?? 0;
      heights.set(at, row + 1);
      return { node, key, column: at, row };
    });
  const byKey = new Map(placed.map(item => [item.key, item]));
  return {
    placed,
    lines: pairs.map(([from, to]) => ({
      from: byKey.get(from) as Placed,
      to: byKey.get(to) as Placed
    })),
    columns: Math.max(0, ...[...heights.keys()].map(at => at + 1)),
    rows: Math.max(0, ...heights.values())
  };
}

function group(pairs: string[][]): Map<string, string[]> {
  const grouped = new Map<string, string[]>();
  for (const [key, value] of pairs) {
    grouped.set(key, [...(grouped.get(key) ?? []), value]);
  }
  return grouped;
}

export interface Neighbours {
  madeFrom: LineageNode[];
  madeWith: LineageNode[];
  usedBy: LineageNode[];
  madeOfIt: LineageNode[];
}

/** What an artifact was made from and together with, the executions that used it, and what those made of it. */
export function neighbours(lineage: Lineage, id: number): Neighbours {
  const nodes = new Map(lineage.nodes.map(node => [keyOf(node), node]));
  const pairs = lineage.edges.map(ends);
  const after = (key: string): string[] =>
    pairs.filter(([from]) => from === key).map(([, to]) => to);
  const prior = (key: string): string[] =>
    pairs.filter(([, to]) => to === key).map(([from]) => from);
  const self = `artifact:${id}`;
  const named = (keys: string[]): LineageNode[] =>
    [...new Set(keys)]
      .filter(key => key !== self)
      .flatMap(key => nodes.get(key) ?? [])
      .sort(byName);
  return {
    madeFrom: named(prior(self).flatMap(prior)),
    madeWith: named(prior(self).flatMap(after)),
    usedBy: named(after(self)),
    madeOfIt: named(after(self).flatMap(after))
  };
}
