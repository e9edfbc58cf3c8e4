import type { Trans } from '../shared/host';
import { SINGULAR } from './kinds';
import type { Details, KindName } from './types';

/** What goes with an object and what stays, sentence by sentence. */
export function consequences(
  kind: KindName,
  details: Details,
  ownPod: string,
  trans: Trans
): string[] {
  const { row, related } = details;
  const names = (kinds: string): string =>
    related
      .filter(other => other.kind === kinds)
      .map(other => other.name)
      .join(', ');
  const pods = names('Pod');
  const said: string[] = [];
  switch (row.kind) {
    case 'pods': {
      if (row.name === ownPod) {
        said.push(
          trans(
            'This is the pod that JupyterLab itself runs in: this notebook ends with it.'
          )
        );
      }
      said.push(
        trans(
          'Its containers stop, and their log and files outside volumes go.'
        ),
        row.owner
          ? trans(
              'Its %1 %2 stays, and makes a new pod in its place if it still wants one.',
              row.owner.kind,
              row.owner.name
            )
          : trans('Nothing makes it again.')
      );
      const claims = names('PersistentVolumeClaim');
      if (claims) {
        said.push(trans('Its volumes stay: %1.', claims));
      }
      break;
    }
    case 'deployments':
      said.push(
        pods
          ? trans('Its pods go with it: %1.', pods)
          : trans('It has no pods at the moment.'),
        trans('Services, volumes and their data stay.')
      );
      break;
    case 'statefulsets':
      said.push(
        pods
          ? trans('Its pods go with it: %1.', pods)
          : trans('It has no pods at the moment.'),
        trans(
          'Its volume claims and their data stay, unless its own retention policy says otherwise.'
        )
      );
      break;
    case 'services':
      said.push(
        trans(
          'Its name and address go: nothing is reached through it any more.'
        ),
        pods
          ? trans('The pods behind it stay: %1.', pods)
          : trans('There are no pods behind it.')
      );
      break;
    case 'jobs':
      said.push(
        pods
          ? trans('Its pods and their logs go with it: %1.', pods)
          : trans('It has no pods any more.'),
        trans('Volumes and what it has written there stay.')
      );
      break;
    case 'pvcs':
      said.push(
        details.deletes_data === false
          ? trans('Its volume and the data on it are kept by the cluster.')
          : details.deletes_data
            ? trans('The data on it is deleted for good.')
            : trans(
                'The data on it is deleted for good, unless its storage class keeps volumes.'
              )
      );
      if (pods) {
        said.push(
          trans(
            'It is in use by %1, and goes only once these pods have ended.',
            pods
          )
        );
        if (related.some(({ name }) => name === ownPod)) {
          said.push(trans('JupyterLab itself works on it.'));
        }
      }
      break;
    default:
      break;
  }
  return said.length ? said : [trans('The %1 goes.', SINGULAR[kind])];
}
