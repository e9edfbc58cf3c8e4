import * as React from 'react';
import { CopyButton } from '../shared/copy';
import { absolute, exact, typeName } from '../shared/format';
import { useHost } from '../shared/host';
import { Failure, Loading, Partial } from '../shared/panels';
import { useRequest } from '../shared/request';
import { artifactCode } from './code';
import { neighbours } from './lineage';
import type { Selected } from './state';
import type { Artifact, Lineage, LineageNode, Node, NodeRef } from './types';

/** What a run records after its model is seen here without a click. */
const EVERY = 5000;

interface DetailsProps {
  selected: Selected;
  trail: Selected[];
  onFollow: (next: Selected) => void;
  onClose: () => void;
  onLineage: () => void;
}

/** One node with all its digits, who made it and what was made of it. */
export function Details(props: DetailsProps): React.ReactElement {
  const { selected, trail, onFollow, onClose } = props;
  const { trans } = useHost();
  const { data, error, retry } = useRequest<Node>(
    `metadata/${selected.kind}s/${selected.id}`,
    EVERY
  );
  return (
    // eslint-disable-next-line jsx-a11y/no-noninteractive-element-interactions -- Esc closes it from anywhere inside
    <section
      className="kf-Details"
      aria-label={trans('Details of %1', selected.name)}
      onKeyDown={event => {
        if (event.key === 'Escape') {
          onClose();
        }
      }}
    >
      {trail.length > 0 && (
        <nav aria-label={trans('Breadcrumbs')} className="kf-Crumbs">
          {trail.map(item => (
            <React.Fragment key={`${item.kind}:${item.id}`}>
              <button className="kf-link" onClick={() => onFollow(item)}>
                {item.name}
              </button>
              {' › '}
            </React.Fragment>
          ))}
          <span aria-current="page">{selected.name}</span>
        </nav>
      )}
      <div className="kf-row">
        <h2>{data?.name ?? selected.name}</h2>
        <span className="kf-spacer" />
        <button className="kf-link" onClick={onClose}>
          {trans('Close')}
        </button>
      </div>
      {error && (
        <Failure
          error={error}
          what={trans('The details could not be read.')}
          retry={retry}
        />
      )}
      {!data && !error && (
        <Loading what={trans('Loading the details')} rows={8} />
      )}
      {data && <Facts {...props} node={data} />}
    </section>
  );
}

function Facts({
  node,
  selected,
  onFollow,
  onLineage
}: DetailsProps & { node: Node }): React.ReactElement {
  const { trans } = useHost();
  const artifact = selected.kind === 'artifact' ? (node as Artifact) : null;
  const facts: [string, React.ReactNode][] = [
    [trans('Type'), typeName(node.type)],
    [trans('State'), node.state.toLowerCase().replace(/_/g, ' ')],
    [
      trans('Id'),
      <>
        {node.id}{' '}
        <CopyButton small text={String(node.id)} label={trans('Copy id')} />
      </>
    ],
    [trans('Created'), absolute(node.created)],
    [trans('Updated'), absolute(node.updated)]
  ];
  if (artifact) {
    facts.push(
      [trans('Version'), artifact.version ?? ''],
      [trans('Location'), artifact.uri],
      ['SHA-256', artifact.sha256 ?? '']
    );
  }
  return (
    <>
      <dl className="kf-Facts">
        {facts
          .filter(([, value]) => value !== '')
          .map(([name, value]) => (
            <React.Fragment key={name}>
              <dt>{name}</dt>
              <dd>{value}</dd>
            </React.Fragment>
          ))}
      </dl>
      {artifact && (
        <Relations
          artifact={artifact}
          onFollow={onFollow}
          onLineage={onLineage}
        />
      )}
      <Properties properties={node.properties} />
      {node.contexts.length > 0 && (
        <>
          <h3>{trans('Part of')}</h3>
          <ul className="kf-List">
            {node.contexts.map(context => (
              <li key={context.id}>
                {context.name}{' '}
                <span className="kf-help">{typeName(context.type)}</span>
              </li>
            ))}
          </ul>
        </>
      )}
      {artifact && (
        <CopyButton
          text={artifactCode(artifact)}
          label={trans('Copy as code')}
        />
      )}
    </>
  );
}

function Properties({
  properties
}: {
  properties: Record<string, unknown>;
}): React.ReactElement | null {
  const { trans } = useHost();
  const entries = Object.entries(properties);
  if (entries.length === 0) {
    return null;
  }
  return (
    <>
      <h3>{trans('Properties')}</h3>
      <dl className="kf-Facts kf-mod-exact">
        {entries.map(([name, value]) => (
          <React.Fragment key={name}>
            <dt>{name}</dt>
            <dd>
              {typeof value === 'object' ? (
                <pre>{exact(value)}</pre>
              ) : (
                exact(value)
              )}
            </dd>
          </React.Fragment>
        ))}
      </dl>
    </>
  );
}

function Relations({
  artifact,
  onFollow,
  onLineage
}: {
  artifact: Artifact;
  onFollow: (next: Selected) => void;
  onLineage: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  const { data, error, retry } = useRequest<Lineage>(
    `metadata/artifacts/${artifact.id}/lineage?hops=2`,
    EVERY
  );
  const found = data && neighbours(data, artifact.id);
  const nothing =
    found &&
    found.madeFrom.length + found.usedBy.length + found.madeOfIt.length === 0 &&
    !artifact.producer;
  return (
    <>
      <div className="kf-row">
        <h3>{trans('Lineage')}</h3>
        <button className="kf-link" onClick={onLineage}>
          {trans('Show as a drawing')}
        </button>
      </div>
      {artifact.producer && (
        <Links
          label={trans('Made by')}
          nodes={[{ ...artifact.producer, kind: 'execution' }]}
          onFollow={onFollow}
        />
      )}
      {found && (
        <>
          <Links
            label={trans('Made from')}
            nodes={found.madeFrom}
            onFollow={onFollow}
          />
          <Links
            label={trans('Made together with')}
            nodes={found.madeWith}
            onFollow={onFollow}
          />
          <Links
            label={trans('Used by')}
            nodes={found.usedBy}
            onFollow={onFollow}
          />
          <Links
            label={trans('Made from it')}
            nodes={found.madeOfIt}
            onFollow={onFollow}
          />
        </>
      )}
      {nothing && (
        <p className="kf-help">
          {trans('Nothing is recorded before or after it.')}
        </p>
      )}
      {error && (
        <Partial retry={retry}>
          {trans('Its lineage is missing here: %1', error.message)}
        </Partial>
      )}
      {data?.truncated && (
        <p className="kf-help">
          {trans('More lies beyond, or beside many of one kind.')}{' '}
          <button className="kf-link" onClick={onLineage}>
            {trans('Show more of it as a drawing')}
          </button>
        </p>
      )}
    </>
  );
}

function Links({
  label,
  nodes,
  onFollow
}: {
  label: string;
  nodes: (LineageNode | (NodeRef & { kind: 'execution' }))[];
  onFollow: (next: Selected) => void;
}): React.ReactElement | null {
  if (nodes.length === 0) {
    return null;
  }
  return (
    <>
      <h4>{label}</h4>
      <ul className="kf-List">
        {nodes.map(node => (
          <li key={`${node.kind}:${node.id}`}>
            <button
              className="kf-link"
              onClick={() =>
                onFollow({ kind: node.kind, id: node.id, name: node.name })
              }
            >
              {node.name}
            </button>{' '}
            <span className="kf-help">{typeName(node.type)}</span>
          </li>
        ))}
      </ul>
    </>
  );
}
