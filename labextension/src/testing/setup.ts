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
  HTMLDialogElement.prototype.showModal ??= function (this: HTMLDialogElement) {
    this.setAttribute('open', '');
  };
  window.CSS ??= {} as typeof CSS;
  window.CSS.escape ??= (text: string) => text.replace(/[^\w-]/g, '\\$&');
}

export {};
