/** One user's session at an authorization server that is strict about rotation, and the API that takes its tokens. */

const PADDING = 'x'.repeat(700); // as long as a common JWT

/**
 * @param options
 *   - `lifetime`: seconds that an access token lives.
 *   - `tokenDelay`: ms that the token endpoint takes.
 *   - `answerDelay`: `[from, to]` in ms that an answer of the API needs to arrive; it is judged when it is sent.
 */
export function createRealm(id, { lifetime = 3_600, tokenDelay = 0, answerDelay = [0, 0] } = {}) {
  const access = new Map();
  const spent = new Set();
  const stats = {
    tokenCalls: [],
    refreshes: 0,
    reuse: 0,
    served: 0,
    refused: 0,
    isLost: false,
    tokensUsed: 0,
  };
  let outage;
  let hanging = [];
  let issued = 0;
  let refreshToken = '';

  function issue(delay = 0) {
    issued++;
    refreshToken = `rt.${id}.${issued}`;
    const token = `at.${id}.${issued}.${PADDING}`;
    access.set(token, { until: Date.now() + delay + lifetime * 1_000, isUsed: false });
    // What is older than that is dead or was denied.
    if (access.size > 50) access.delete(access.keys().next().value);
    return { access_token: token, token_type: 'Bearer', expires_in: lifetime, refresh_token: refreshToken };
  }

  /** RFC 9700 §4.14.2: reuse of a spent refresh token ends everything that came of it. */
  function endFamily() {
    stats.isLost = true;
    refreshToken = '';
    access.clear();
  }

  const failures = {
    503: (response) => response.writeHead(503).end('down'),
    reset: (response) => response.socket.destroy(),
    429: (response) => response.writeHead(429, { 'retry-after': '2' }).end('slow down'),
    hanging: (response) => hanging.push(response),
  };

  return {
    stats,
    tokens: issue(),
    /** The token endpoint, RFC 6749 §6. */
    refresh(form, response) {
      stats.tokenCalls.push(Date.now());
      if (outage) return failures[outage](response);
      const token = form.get('refresh_token') ?? '';
      const answer = (status, body) => {
        const send = () => response.writeHead(status, { 'content-type': 'application/json' }).end(body);
        if (tokenDelay) setTimeout(send, tokenDelay);
        else send();
      };
      if (!token || token !== refreshToken) {
        if (spent.has(token)) {
          stats.reuse++;
          endFamily();
        }
        return answer(400, '{"error":"invalid_grant"}');
      }
      spent.add(token);
      stats.refreshes++;
      answer(200, JSON.stringify(issue(tokenDelay)));
    },
    /** The API. */
    serve(authorization, response) {
      const entry = access.get(authorization.slice('Bearer '.length));
      const isGood = entry !== undefined && Date.now() < entry.until;
      if (isGood) stats.served++;
      else stats.refused++;
      if (isGood && !entry.isUsed) {
        entry.isUsed = true;
        stats.tokensUsed++;
      }
      const send = () => {
        if (isGood) response.writeHead(200, { 'content-type': 'application/json' }).end('{"name":"value"}');
        else response.writeHead(401, { 'www-authenticate': 'Bearer error="invalid_token"' }).end();
      };
      const [from, to] = answerDelay;
      if (to) setTimeout(send, from + Math.random() * (to - from));
      else send();
    },
    /** All access tokens are refused from now on, whatever their age. */
    deny: () => access.clear(),
    /** @param kind - `503`, `reset`, `429` (`Retry-After: 2`), `hanging`, or nothing: the endpoint is back. */
    fail(kind) {
      outage = kind;
      // A server that hung and is back has been restarted: what it had not answered breaks off.
      for (const response of hanging) response.socket?.destroy();
      hanging = [];
    },
  };
}
