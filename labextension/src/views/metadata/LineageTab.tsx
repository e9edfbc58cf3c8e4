import * as React from 'react';
import { useEffect, useRef, useState } from 'react';
import { typeName } from '../shared/format';
import { useHost } from '../shared/host';
import { Scroll } from '../shared/scroll';
import { Empty, Failure, Loading, Partial } from '../shared/panels';
import { useRequest } from '../shared/request';
import { keyOf, layout } from './lineage';
import type { Selected } from './state';
import type { Lineage } from './types';

const WIDTH = 168;
const HEIGHT = 44;
const GAP_X = 56;
const GAP_Y = 16;
/** How far the drawing goes at first, and at most. */
const NEAR = 6;
const FAR = 20;

/** How an artifact came to be and what came of it, data flowing from left to right. */
export function LineageTab({
  selected,
  onSelect,
  onList
}: {
  selected: Selected | null;
  onSelect: (next: Selected) => void;
  onList: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  // The drawing stays while executions in it are looked at: only artifacts have a lineage of their own.
  const [centre, setCentre] = useState<Selected | null>(null);
  const [hops, setHops] = useState(NEAR);
  if (selected?.kind === 'artifact' && selected.id !== centre?.id) {
    setCentre(selected);
    setHops(NEAR);
  }
  const shown = selected?.kind === 'artifact' ? selected : centre;
  const { data, error, retry } = useRequest<Lineage>(
    shown ? `metadata/artifacts/${shown.id}/lineage?hops=${hops}` : null
  );
  if (!shown) {
    return (
      <Empty
        title={trans('Choose an artifact first')}
        action={trans('Show the artifacts')}
        onAction={onList}
      >
        {trans(
          'Its lineage is what it was made from, by which executions, and what was made of it.'
        )}
      </Empty>
    );
  }
  if (error) {
    return (
      <Failure
        error={error}
        what={trans('The lineage could not be read.')}
        retry={retry}
      />
    );
  }
  if (!data) {
    return <Loading what={trans('Loading the lineage')} rows={6} />;
  }
  return (
    <div className="kf-Lineage">
      {data.truncated && (
        <Partial>
          {hops < FAR ? (
            <>
              {trans('Only the nearest part of a larger lineage is drawn.')}{' '}
              <button className="kf-link" onClick={() => setHops(FAR)}>
                {trans('Draw more of it')}
              </button>
            </>
          ) : (
            trans(
              'Only a part of a larger lineage is drawn: of many of one kind some. All are in the lists, those of trials with "Show trials".'
            )
          )}
        </Partial>
      )}
      <LineageDrawing
        lineage={data}
        selected={selected}
        label={trans('Lineage of %1', shown.name)}
        onSelect={onSelect}
      />
    </div>
  );
}

function LineageDrawing({
  lineage,
  selected,
  label,
  onSelect
}: {
  lineage: Lineage;
  selected: Selected | null;
  label: string;
  onSelect: (next: Selected) => void;
}): React.ReactElement {
  const { trans } = useHost();
  const drawing = layout(lineage);
  const chosen = selected ? keyOf(selected) : '';
  const current = useRef<HTMLButtonElement>(null);
  useEffect(() => {
    if (current.current) {
      bringIntoView(current.current);
    }
  }, [lineage, chosen]);
  const left = (column: number): number => column * (WIDTH + GAP_X);
  const top = (row: number): number => row * (HEIGHT + GAP_Y);
  return (
    <Scroll label={label} fill>
      <div
        className="kf-Lineage-drawing"
        style={{
          width: left(drawing.columns) - GAP_X,
          height: top(drawing.rows) - GAP_Y
        }}
      >
        <svg aria-hidden="true" width="100%" height="100%">
          {drawing.lines.map(({ from, to }) => {
            const x1 = left(from.column) + WIDTH;
            const y1 = top(from.row) + HEIGHT / 2;
            const x2 = left(to.column);
            const y2 = top(to.row) + HEIGHT / 2;
            const bend = Math.max(GAP_X, Math.abs(x2 - x1)) / 2;
            return (
              <path
                key={`${from.key}-${to.key}`}
                d={`M${x1} ${y1}C${x1 + bend} ${y1} ${x2 - bend} ${y2} ${x2} ${y2}`}
              />
            );
          })}
        </svg>
        <ul>
          {drawing.placed.map(({ node, key, column, row }) => {
            const from = drawing.lines
              .filter(line => line.to.key === key)
              .map(line => line.from.node.name);
            return (
              <li
                key={key}
                style={{
                  left: left(column),
                  top: top(row),
                  width: WIDTH,
                  height: HEIGHT
                }}
              >
                <button
                  className={`kf-Lineage-node kf-mod-${node.kind}`}
                  ref={key === chosen ? current : undefined}
                  aria-current={key === chosen}
                  title={node.name}
                  onClick={() =>
                    onSelect({ kind: node.kind, id: node.id, name: node.name })
                  }
                >
                  <span>{node.name}</span>
                  <span className="kf-help">{typeName(node.type)}</span>
                  {from.length > 0 && (
                    <span className="kf-hidden">
                      {trans('from %1', from.join(', '))}
                    </span>
                  )}
                </button>
              </li>
            );
          })}
        </ul>
      </div>
    </Scroll>
  );
}

/** Scrolls the drawing, and nothing around it, until the node is in its middle; one that is in view stays where it is. */
function bringIntoView(node: HTMLElement): void {
  const box = node.closest('.kf-scroll');
  if (!box) {
    return;
  }
  const inner = node.getBoundingClientRect();
  const outer = box.getBoundingClientRect();
  if (inner.left < outer.left || inner.right > outer.right) {
    box.scrollLeft += (inner.left + inner.right - outer.left - outer.right) / 2;
  }
  if (inner.top < outer.top || inner.bottom > outer.bottom) {
    box.scrollTop += (inner.top + inner.bottom - outer.top - outer.bottom) / 2;
  }
}
