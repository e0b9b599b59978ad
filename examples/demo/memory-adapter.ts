/** Where the demo's authorization server keeps its sessions, grants, codes and tokens: a map that ends with it. */

interface Payload {
  grantId?: string;
  uid?: string;
  consumed?: number;
  userCode?: string;
}

interface Entry {
  payload: Payload;
  expiresAt: number;
}

/** oidc-provider's adapter contract, for one model. */
class MemoryAdapter {
  readonly #entries: Map<string, Entry>;
  readonly #model: string;

  constructor(entries: Map<string, Entry>, model: string) {
    this.#entries = entries;
    this.#model = model;
  }

  #key(id: string): string {
    return `${this.#model}:${id}`;
  }

  async upsert(id: string, payload: Payload, expiresIn?: number): Promise<void> {
    // A code that is too old is told from one that nobody knows.
    const longer = this.#model === 'DeviceCode' ? 60 : 0;
    const seconds = (expiresIn ?? Number.POSITIVE_INFINITY) + longer;
    const expiresAt = Date.now() + seconds * 1000;
    this.#entries.set(this.#key(id), { payload, expiresAt });
  }

  async find(id: string): Promise<Payload | undefined> {
    const entry = this.#entries.get(this.#key(id));
    return entry && entry.expiresAt > Date.now() ? entry.payload : undefined;
  }

  #search(name: 'uid' | 'userCode', value: string): Payload | undefined {
    for (const [key, { payload, expiresAt }] of this.#entries) {
      const isOurs = key.startsWith(`${this.#model}:`) && expiresAt > Date.now();
      if (isOurs && payload[name] === value) return payload;
    }
    return undefined;
  }

  async findByUid(uid: string): Promise<Payload | undefined> {
    return this.#search('uid', uid);
  }

  async findByUserCode(userCode: string): Promise<Payload | undefined> {
    return this.#search('userCode', userCode);
  }

  async consume(id: string): Promise<void> {
    const entry = this.#entries.get(this.#key(id));
    if (entry) entry.payload.consumed = Math.floor(Date.now() / 1000);
  }

  async destroy(id: string): Promise<void> {
    this.#entries.delete(this.#key(id));
  }

  async revokeByGrantId(grantId: string): Promise<void> {
    for (const [key, { payload }] of this.#entries) {
      if (key.startsWith(`${this.#model}:`) && payload.grantId === grantId) this.#entries.delete(key);
    }
  }
}

export interface Memory {
  /** For oidc-provider. */
  adapter(model: string): MemoryAdapter;
  /** Forgets all grants and what was issued for them; who is logged in at the server stays so. */
  revokeGrants(): void;
}

/** One server's adapters, all over one map. */
export function createMemory(): Memory {
  const entries = new Map<string, Entry>();
  return {
    adapter: (model) => new MemoryAdapter(entries, model),
    revokeGrants() {
      for (const [key, { payload }] of entries)
        if (payload.grantId !== undefined || key.startsWith('Grant:')) entries.delete(key);
    },
  };
}
