/** Answers what the page around a sandboxed frame asks: nobody else gets in. */

export interface Reply {
  readonly value?: unknown;
  readonly error?: string;
}

/** @param play - Does what was asked for. */
export function answerParent(play: (name: string, args: unknown[]) => unknown): void {
  if (!('document' in globalThis) || parent === self) return;
  addEventListener('message', async ({ data, ports: [port] }: MessageEvent) => {
    const { name, args } = data as { name: string; args: unknown[] };
    const reply = await Promise.resolve()
      .then(() => play(name, args))
      .then(
        (value): Reply => ({ value }),
        (error): Reply => ({ error: `${error}` }),
      );
    port?.postMessage(reply);
  });
}
