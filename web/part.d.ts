// What a part is: a module that exports `{ render }`, put in its place by host.mjs or by anywidget.

export interface Model {
  get(name: string): any;
  set(name: string, value: unknown): void;
  save_changes(): void;
  on(event: string, listen: () => void): void;
  off(event: string, listen: () => void): void;
}

export interface Place {
  model: Model;
  el: HTMLElement;
}
