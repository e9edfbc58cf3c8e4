import type {
  JupyterFrontEnd,
  JupyterFrontEndPlugin
} from '@jupyterlab/application';
import type { IRenderMime } from '@jupyterlab/rendermime-interfaces';
import { Panel } from '@lumino/widgets';
import type { ISignal } from '@lumino/signaling';

/** Marks the outputs of kflab.widgets; what they show is in the other types of the bundle. */
export const MARK = 'application/vnd.kfhub.widget+json';
const VIEW = 'application/vnd.jupyter.widget-view+json';
const HTML = 'text/html';
/** A widget that comes at once takes its place without the still picture before it. */
const SOON = 1000;

/** States in which a kernel knows no widget any more. */
const ENDS = ['restarting', 'autorestarting', 'terminating', 'dead'];

/** The parts of a notebook that an output needs. */
export interface Place {
  rendermime: {
    createRenderer: (type: string) => IRenderMime.IRenderer;
    getFactory: (type: string) => IRenderMime.IRendererFactory | undefined;
    addFactory: (factory: IRenderMime.IRendererFactory, rank?: number) => void;
  };
  session: {
    readonly ready: Promise<void>;
    readonly session: { kernel: unknown } | null;
    readonly statusChanged: ISignal<unknown, unknown>;
  };
}

/**
 * An output of kflab.widgets in a notebook: the live widget where there is one, else the still picture that was saved
 * with it. Jupyter's own renderer would say 'model not found', or wait for ever where there is no kernel.
 * Another picture of the same widget leaves the live one alone.
 */
export class WidgetOutput extends Panel implements IRenderMime.IRenderer {
  constructor(
    private readonly place: Place,
    /** Whether the notebook has what draws widgets by now: it comes with the first kernel. */
    private readonly equipped: () => boolean
  ) {
    super();
    this.addClass('kf-Output');
    this.still = place.rendermime.createRenderer(HTML);
    this.addWidget(this.still);
    this.changes = new MutationObserver(() => this.choose());
    place.session.statusChanged.connect(this.onStatus, this);
    if (place.session.session?.kernel) {
      this.still.hide();
      this.timer = setTimeout(() => this.choose(), SOON);
    }
  }

  async renderModel(model: IRenderMime.IMimeModel): Promise<void> {
    this.model = model;
    await this.still.renderModel(model);
    await this.place.session.ready;
    // What draws widgets waits for the same promise.
    this.timer ??= setTimeout(() => this.choose(), 0);
    setTimeout(() => this.bring(), 0);
  }

  dispose(): void {
    if (this.isDisposed) {
      return;
    }
    clearTimeout(this.timer);
    this.changes.disconnect();
    this.place.session.statusChanged.disconnect(this.onStatus, this);
    super.dispose();
  }

  private onStatus(_: unknown, status: unknown): void {
    if (ENDS.includes(String(status))) {
      // Jupyter does not tell the widgets of a kernel that was restarted.
      this.node
        .querySelectorAll('.kf-Place')
        .forEach(place => place.dispatchEvent(new Event('kf-gone')));
    }
    this.bring();
  }

  /** Makes the live widget once it can be made. */
  private bring(): void {
    const id = modelId(this.model);
    if (
      this.isDisposed ||
      !this.model ||
      id === this.shown ||
      !this.equipped()
    ) {
      return;
    }
    this.shown = id;
    this.changes.disconnect();
    this.live?.dispose();
    this.live = null;
    if (id) {
      this.live = this.place.rendermime.createRenderer(VIEW);
      this.live.hide();
      this.addWidget(this.live);
      this.changes.observe(this.live.node, { childList: true });
      void this.live.renderModel(this.model);
    }
  }

  /** Jupyter's renderer writes words into its node until it has a widget there. */
  private choose(): void {
    const live = (this.live?.node.childElementCount ?? 0) > 0;
    this.live?.setHidden(!live);
    this.still.setHidden(live);
  }

  private readonly still: IRenderMime.IRenderer;
  private readonly changes: MutationObserver;
  private live: IRenderMime.IRenderer | null = null;
  private model: IRenderMime.IMimeModel | null = null;
  /** The id of the widget that is live here. */
  private shown = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
}

function modelId(model: IRenderMime.IMimeModel | null): string {
  const view = model?.data[VIEW] as { model_id?: unknown } | undefined;
  return typeof view?.model_id === 'string' ? view.model_id : '';
}

/** Teaches a notebook to show outputs of kflab.widgets. */
export function teach(place: Place): void {
  const { rendermime } = place;
  const first = rendermime.getFactory(VIEW);
  const equipped = (): boolean => {
    const now = rendermime.getFactory(VIEW);
    return now !== undefined && now !== first;
  };
  rendermime.addFactory(
    {
      safe: false,
      mimeTypes: [MARK],
      createRenderer: () => new WidgetOutput(place, equipped)
    },
    -20 // before Jupyter's own of widgets, at -10
  );
}

/** Outputs of kflab.widgets in notebooks, live or as a still picture. */
export const output: JupyterFrontEndPlugin<void> = {
  id: '@kfhub/labextension:output',
  description: 'Shows widgets of kflab in notebooks, also without a kernel.',
  autoStart: true,
  activate: (app: JupyterFrontEnd) => {
    app.docRegistry.addWidgetExtension('Notebook', {
      createNew: (panel, context) => {
        const { rendermime } = (panel as unknown as { content: Place }).content;
        teach({ rendermime, session: context.sessionContext });
        return undefined;
      }
    });
  }
};
