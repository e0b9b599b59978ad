/** Underlying fetches that keep what they were handed, byte for byte. */
import { unauthorized } from './world.ts';

export interface Arrived {
  authorization: string | null;
  type: string | null;
  bytes: Uint8Array;
  init: RequestInit | undefined;
}

/** Refuses `access-0`, after `late` if that is given, and accepts whatever comes later. */
export function refuseOnce(late?: Promise<unknown>) {
  const arrived: Arrived[] = [];
  const fetch = async (input: RequestInfo | URL, init?: RequestInit): Promise<Response> => {
    const request = new Request(input, init);
    const { headers } = request;
    const bytes = new Uint8Array(await request.arrayBuffer());
    const authorization = headers.get('authorization');
    arrived.push({ authorization, type: headers.get('content-type'), bytes, init });
    if (authorization !== 'Bearer access-0') return Response.json({ ok: true });
    await late;
    return unauthorized();
  };
  return { fetch, arrived };
}

/** The parts of a form, whatever its boundary. */
export const partsOf = async ({ bytes, type }: Arrived): Promise<[string, string][]> => {
  const form = await new Response(bytes.slice(), { headers: { 'content-type': `${type}` } }).formData();
  return Promise.all(
    [...form].map(
      async ([name, value]): Promise<[string, string]> => [
        name,
        typeof value === 'string' ? value : `${value.name} ${value.type} ${await value.text()}`,
      ],
    ),
  );
};

/** A response whose body tells when it is cancelled. */
export function watchedBody(init: ResponseInit, text = 'refused') {
  const seen = { cancelled: 0 };
  const body = new ReadableStream({
    start: (controller) => controller.enqueue(new TextEncoder().encode(text)),
    cancel: () => void seen.cancelled++,
  });
  return { response: new Response(body, init), seen };
}
