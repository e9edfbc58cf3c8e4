import type { Lineage } from './types';
import { layout, neighbours } from './lineage';

const node = (kind: 'artifact' | 'execution', id: number, name: string) => ({
  kind,
  id,
  type: 'system.X',
  name
});

/** Ids of artifacts and executions overlap on purpose. */
const lineage: Lineage = {
  nodes: [
    node('artifact', 1, 'data'),
    node('execution', 1, 'train'),
    node('artifact', 2, 'model'),
    node('execution', 2, 'evaluate'),
    node('artifact', 3, 'metrics')
  ],
  edges: [
    { source: 1, target: 1, type: 'INPUT' },
    { source: 1, target: 2, type: 'OUTPUT' },
    { source: 2, target: 2, type: 'INPUT' },
    { source: 2, target: 3, type: 'OUTPUT' }
  ],
  truncated: false
};

test('each node stands right of what it was made from', () => {
  const drawing = layout(lineage);
  expect(drawing.placed.map(item => [item.node.name, item.column])).toEqual([
    ['data', 0],
    ['train', 1],
    ['model', 2],
    ['evaluate', 3],
    ['metrics', 4]
  ]);
  expect(drawing.lines).toHaveLength(4);
  expect([drawing.columns, drawing.rows]).toEqual([5, 1]);
});

test('a circle and an edge that leads nowhere do no harm', () => {
  const circle = layout({
    ...lineage,
    edges: [
      ...lineage.edges,
      { source: 3, target: 1, type: 'INPUT' },
      { source: 9, target: 9, type: 'INPUT' }
    ]
  });
  expect(circle.placed).toHaveLength(5);
  expect(circle.lines).toHaveLength(5);
  expect(layout({ nodes: [], edges: [], truncated: false }).placed).toEqual([]);
});

test('trials stand in the order of their numbers', () => {
  const of: Lineage = {
    nodes: ['trial 10', 'trial 2', 'trial 1'].map((name, place) =>
      node('artifact', place + 2, name)
    ),
    edges: [2, 3, 4].map(target => ({ source: 1, target, type: 'OUTPUT' })),
    truncated: false
  };
  const ordered = ['trial 1', 'trial 2', 'trial 10'];
  expect(layout(of).placed.map(item => item.node.name)).toEqual(ordered);
  expect(
    neighbours(of, 9)
      .madeWith.concat(
        neighbours(
          {
            ...of,
            nodes: [...of.nodes, node('artifact', 9, 'model')],
            edges: [...of.edges, { source: 1, target: 9, type: 'OUTPUT' }]
          },
          9
        ).madeWith
      )
      .map(item => item.name)
  ).toEqual(ordered);
});

test('neighbours of an artifact', () => {
  const names = (nodes: { name: string }[]): string[] =>
    nodes.map(item => item.name);
  const found = neighbours(lineage, 2);
  expect(names(found.madeFrom)).toEqual(['data']);
  expect(names(found.usedBy)).toEqual(['evaluate']);
  expect(names(found.madeOfIt)).toEqual(['metrics']);
  expect(names(found.madeWith)).toEqual([]);
  const sibling = neighbours(
    {
      ...lineage,
      nodes: [
        ...lineage.nodes,
        {
          id: 9,
          kind: 'artifact',
          type: 'system.Metrics',
          name: 'validation'
        }
      ],
      edges: [
        ...lineage.edges,
        ...lineage.edges
          .filter(edge => edge.type === 'OUTPUT' && edge.target === 2)
          .map(edge => ({ ...edge, target: 9 }))
      ]
    },
    2
  );
  expect(names(sibling.madeWith)).toEqual(['validation']);
});
