/** How the panel writes to its page: preact, bundled, so that nobody installs it for this. */
/*! preact, https://preactjs.com: MIT License, Copyright (c) 2015-present Jason Miller */
import { type ComponentChildren, createElement, render, type VNode } from 'preact';

/** An element of this name; its properties are the platform's. */
export const h = createElement as (
  name: string,
  properties: object | null,
  ...children: ComponentChildren[]
) => VNode;

export { render, type VNode };
