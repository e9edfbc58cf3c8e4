/** What jsdom lacks and browsers have. */
class NoResizeObserver {
  observe(): void {
    return;
  }
  unobserve(): void {
    return;
  }
  disconnect(): void {
    return;
  }
}

if (typeof window !== 'undefined') {
  window.ResizeObserver ??= NoResizeObserver;
  window.matchMedia ??= () => ({ matches: false }) as MediaQueryList;
  window.DragEvent ??= class extends MouseEvent {} as typeof DragEvent;
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute('open', '');
  };
  window.DOMRect ??= class {
    constructor(
      readonly left = 0,
      readonly top = 0,
      readonly width = 0,
      readonly height = 0
    ) {}
    get right(): number {
      return this.left + this.width;
    }
    get bottom(): number {
      return this.top + this.height;
    }
  } as unknown as typeof DOMRect;
  window.CSS ??= {} as typeof CSS;
  window.CSS.escape ??= (text: string) => text.replace(/[^\w-]/g, '\\$&');
}

export {};
