import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { payloads, signedIn, status } from '../support/refresh.ts';
import { API, createManager, createWorld, unauthorized } from '../support/world.ts';

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

const answer = (code: number, challenge: string) => () =>
  new Response('refused', { status: code, headers: { 'www-authenticate': challenge } });

/** What one answer leads to. */
async function ask(code: number, challenge: string) {
  const { world, auth, heard } = await signedIn();
  world.answerApi = answer(code, challenge);
  const response = await auth.fetch(`${API}/pay?amount=7#top`);
  return {
    status: response.status,
    body: await response.text(),
    sent: world.api.length,
    refreshes: world.refreshes.length,
    stepUps: payloads(heard, 'step-up-required'),
  };
}

describe('what a refresh cannot cure', () => {
  test.each([
    [401, 'Bearer error="insufficient_user_authentication", acr_values="mfa", max_age="5"'],
    [401, 'Bearer error="insufficient_scope", scope="pay"'],
    [403, 'Bearer error="insufficient_scope", scope="pay"'],
    [401, 'bearer ERROR=insufficient_scope'],
    [401, 'DPoP algs="ES256", error="insufficient_user_authentication"'],
    [401, 'Basic realm="a, b", Bearer realm="c", error="insufficient_scope"'],
    [401, 'Negotiate YWJj==, Bearer error="insufficient_scope"'],
    [401, 'Newauth, Bearer error="insufficient_scope"'],
    [401, 'Bearer realm="a \\"quoted\\", comma", error="insufficient_scope"'],
    [401, 'Bearer realm = "x" ,error = "insufficient_scope"'],
    [401, ', ,Bearer error="insufficient_scope",,'],
    [401, 'Bearer error="insufficient_scope", Basic realm="x"'],
  ])('R20: %d %s becomes `step-up-required` and is handed on', async (code, challenge) => {
    const { stepUps, ...rest } = await ask(code, challenge);
    expect(rest).toEqual({ status: code, body: 'refused', sent: 1, refreshes: 0 });
    expect(stepUps).toHaveLength(1);
    expect(stepUps[0]?.challenge.parameters['error']).toMatch(/^insufficient_/);
    expect(stepUps[0]?.url).toBe(`${API}/pay`);
  });

  test.each([
    'Bearer error="invalid_token"',
    'Bearer error="invalid_token", error_description="not insufficient_scope, really"',
    'Bearer realm="error=\\"insufficient_scope\\"", error="invalid_token"',
    'Bearer realm=", Bearer error=insufficient_scope", error="invalid_token"',
    'Bearer error_description="insufficient_user_authentication"',
    'Bearer x_error="insufficient_scope"',
    'Bearer error="insufficient_scope_of_view"',
    'insufficient_scope',
    'Bearer',
    '"unclosed',
    'Bearer error="insufficient_scope',
    '=,=,;;',
  ])('R20: a 401 with %s is a refusal, not a step-up', async (challenge) => {
    const { stepUps, refreshes, sent } = await ask(401, challenge);
    expect({ stepUps, refreshes, sent }).toEqual({ stepUps: [], refreshes: 1, sent: 2 });
  });

  test.each([
    'Bearer error="invalid_token"',
    'Bearer error_description="insufficient_scope"',
    'Basic realm="x"',
  ])('R20: a 403 with %s is handed on in silence', async (challenge) => {
    const { stepUps, refreshes, sent, status } = await ask(403, challenge);
    expect({ stepUps, refreshes, sent, status }).toEqual({ stepUps: [], refreshes: 0, sent: 1, status: 403 });
  });

  test('R20: two header lines are two challenges', async () => {
    const { world, auth, heard } = await signedIn();
    const headers = new Headers();
    headers.append('www-authenticate', 'Basic realm="x"');
    headers.append('www-authenticate', 'Bearer error="insufficient_scope", scope="a b"');
    world.answerApi = () => new Response(null, { status: 401, headers });
    expect(await status(auth.fetch(API))).toBe(401);
    expect(payloads(heard, 'step-up-required')).toEqual([
      {
        url: `${API}/`,
        challenge: { scheme: 'Bearer', parameters: { error: 'insufficient_scope', scope: 'a b' } },
      },
    ]);
    expect(world.refreshes).toHaveLength(0);
  });

  test('R20: the challenge keeps quoted commas, and belongs to its own scheme', async () => {
    const { stepUps } = await ask(
      401,
      'Basic realm="a, b", Bearer error="insufficient_user_authentication", acr_values="one, two", max_age=5',
    );
    expect(stepUps[0]?.challenge).toEqual({
      scheme: 'Bearer',
      parameters: { error: 'insufficient_user_authentication', acr_values: 'one, two', max_age: '5' },
    });
  });

  test('R20: a step-up asked for by the answer to the replay is told too', async () => {
    const { world, auth, heard } = await signedIn();
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-0'
        ? unauthorized('Bearer error="invalid_token"')
        : answer(401, 'Bearer error="insufficient_user_authentication"')();
    expect(await status(auth.fetch(API))).toBe(401);
    expect(payloads(heard, 'step-up-required')).toHaveLength(1);
    expect([world.api.length, world.refreshes.length]).toEqual([2, 1]);
  });

  test('R20: a step-up is no refusal, so it starts no cool-down', async () => {
    const { world, auth } = await signedIn();
    world.answerApi = answer(401, 'Bearer error="insufficient_scope"');
    await auth.fetch(API);
    world.good = 'access-1';
    world.answerApi = ({ authorization }) =>
      authorization === 'Bearer access-1' ? Response.json({}) : unauthorized();
    expect(await status(auth.fetch(API))).toBe(200);
  });

  test('R5, R20: signed out, a step-up challenge is the caller’s business', async () => {
    const world = createWorld();
    const auth = createManager(world);
    const heard = vi.fn();
    auth.on('step-up-required', heard);
    world.answerApi = answer(403, 'Bearer error="insufficient_scope"');
    expect(await status(auth.fetch(API))).toBe(403);
    expect(heard).not.toHaveBeenCalled();
  });

  test('R20: a step-up for a stream is told as well, and the response is whole', async () => {
    const { world, auth, heard } = await signedIn();
    world.answerApi = answer(403, 'Bearer error="insufficient_scope"');
    const init = { method: 'POST', body: new Blob(['x']).stream(), duplex: 'half' };
    const response = await auth.fetch(API, init);
    expect(await response.text()).toBe('refused');
    expect(payloads(heard, 'step-up-required')).toHaveLength(1);
  });

  test.each([
    ['quotes', `Bearer realm="${'\\"'.repeat(20_000)}`],
    ['commas', `Bearer ${','.repeat(40_000)}`],
    ['spaces', `Bearer a${' '.repeat(40_000)}b`],
    ['names', `${'a'.repeat(40_000)}`],
  ])('R20: a hostile header of 40,000 %s is a refusal, not a step-up', async (_, challenge) => {
    // How long it takes stands in bench/hostile.mjs.
    const { sent, refreshes, stepUps } = await ask(401, challenge);
    expect({ sent, refreshes, stepUps }).toEqual({ sent: 2, refreshes: 1, stepUps: [] });
  });
});
