import * as React from 'react';
import { CopyButton } from '../shared/copy';
import { useHost } from '../shared/host';

/** Says that there is no cluster, and how one gets one. */
export function NoCluster({
  reason,
  retry
}: {
  reason: string;
  retry: () => void;
}): React.ReactElement {
  const { trans } = useHost();
  return (
    <div className="kf-NoCluster" role="status">
      <h2>{trans('No cluster')}</h2>
      <p>{reason}</p>
      <p>
        {trans(
          'This panel shows the pods, deployments, services, jobs and volumes that your notebook may manage on Kubernetes. Training, runs and metadata work without it.'
        )}
      </p>
      <h3>{trans('If your organisation has a hub on Kubernetes')}</h3>
      <p>
        {trans(
          'Start your notebook there: this panel then shows your namespace. Whoever runs a cluster installs the hub with:'
        )}
      </p>
      <Command text="helm install kfhub helm/kfhub -n kfhub --create-namespace" />
      <h3>{trans('To try it on this machine')}</h3>
      <p>
        {trans(
          'On Linux with root, in a checkout of kfhub. It prints the KUBECONFIG to set before JupyterLab is started:'
        )}
      </p>
      <Command text="make cluster" />
      <h3>{trans('If you have a kubeconfig')}</h3>
      <p>
        {trans(
          'Put it at ~/.kube/config, or set KUBECONFIG before JupyterLab is started.'
        )}
      </p>
      <p>
        <button className="jp-Button jp-mod-styled" onClick={retry}>
          {trans('Look again')}
        </button>
      </p>
    </div>
  );
}

function Command({ text }: { text: string }): React.ReactElement {
  const { trans } = useHost();
  return (
    <p className="kf-row">
      <code className="kf-Command">{text}</code>
      <CopyButton small text={text} label={trans('Copy')} />
    </p>
  );
}
