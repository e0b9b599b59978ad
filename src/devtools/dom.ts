/** How the panel writes to its page: preact, bundled, so that nobody installs it for this. */
/*! preact, https://preactjs.com: MIT License, Copyright (c) 2015-present Jason Miller */
import { Component, type ComponentChildren, createElement, render, type VNode } from 'preact';

/** An element of this name; its properties are the platform's. */
export const h = createElement as (
  name: string,
  properties: object | null,
  ...children: ComponentChildren[]
) => VNode;

/**
 * A way to draw an item once, however often what is around it is drawn. A `VNode` that is kept and handed over again
 * would do so too, and keep each tree alive that it has ever stood in.
 */
export function once<T>(draw: (item: T) => VNode): (key: number, item: T) => VNode {
  class Once extends Component<{ item: T }> {
    override shouldComponentUpdate(next: { item: T }): boolean {
      return next.item !== this.props.item;
    }
    override render(): VNode {
      return draw(this.props.item);
    }
  }
  return (key, item) => createElement(Once, { key, item }) as VNode;
}

export { render, type VNode };
