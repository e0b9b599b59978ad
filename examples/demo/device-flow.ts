/** What the device flow (RFC 8628) leaves to who runs the server: its pages, and how often a device may ask. */
import type { Context } from 'oidc-provider';

const page = (context: Context, form: string) => {
  context.body = form;
};

/** Pages of nothing but their form. */
export const deviceFlow = {
  enabled: true,
  userCodeInputSource: page,
  userCodeConfirmSource: page,
  successSource: (context: Context) => page(context, 'You are signed in.'),
};

/**
 * RFC 8628 §3.5: oidc-provider has the error, and leaves the clock to others.
 *
 * @param interval - Seconds.
 */
export function paceOf(interval: number) {
  const asked = new Map<string, number>();
  return {
    interval,
    /** Tells who asks too soon. */
    keep(context: Context): void {
      const code = context.oidc?.params?.device_code;
      if (!code || errorOf(context) !== 'authorization_pending') return;
      const since = Date.now() - (asked.get(code) ?? 0);
      asked.set(code, Date.now());
      // Timers may be a little early.
      if (since < interval * 1000 - 50) context.body = { error: 'slow_down' };
    },
  };
}

function errorOf({ body }: Context): unknown {
  return (body as { error?: unknown } | undefined)?.error;
}
