/** What runs inside Redis: one script reads an entry, one compares and sets it, each in one step and one round trip. */

/** So long after a failover or a restart nobody takes a lease: whoever holds a newer entry writes it back (ms). */
export const HOLD = 3_000;

/**
 * What both begin with. `server` is who leads just now; it changes with a failover and with a restart. An entry that
 * was written `by` another one has no age here, because its moment is another machine's. `since` is when an entry was
 * first met under this one, or this one by who asks: until some time after that somebody may hold a newer one. What is
 * written meanwhile keeps it. ARGV begins with the time for which who asks has known a server (ms), and which one; `*` is
 * any.
 *
 * Replicas that are still being filled can confirm nothing, and do not count. `INFO` may be forbidden: then nothing of
 * that is known. Numbers are made texts by hand, because Lua itself rounds them to 14 digits.
 */
const opening = `
local key = KEYS[1]
local text = function(number) return string.format('%.0f', number) end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local info = redis.pcall('INFO', 'replication')
if type(info) ~= 'string' then info = '' end
if string.find(info, 'role:slave', 1, true) then return redis.error_reply('READONLY this is a replica') end
local server = string.match(info, 'master_replid:(%w+)') or ''
local _, replicas = string.gsub(info, 'state=online', '')
replicas = text(replicas)
local kind = redis.call('TYPE', key).ok
local found = {}
if kind == 'hash' then found = redis.call('HMGET', key, 'version', 'value', 'at', 'by', 'since', 'under') end
local version, value, at, by, since = found[1], found[2], found[3], found[4], tonumber(found[5] or nil)
if kind ~= 'none' and not (version and value) then version, value, at, since = 'damaged', '', false, nil end
local isNew = not since or found[6] ~= server
if isNew then since = now end
if ARGV[2] == server or ARGV[2] == '*' then since = math.min(since, now - tonumber(ARGV[1])) end
if at and isNew then redis.pcall('HSET', key, 'since', text(since), 'under', server) end
`;

/**
 * Then: `=` and the version of a lease of which it is not known whether a replica has it. Where it is found it gets
 * another version: it does not count as taken, and is taken again.
 */
export const READ = `${opening}
if version and ARGV[3] == '=' .. version then
  version = version .. '?'
  redis.call('HSET', key, 'version', version)
end
local age = ''
if at and by == server and server ~= '' then age = text(math.max(0, now - at)) end
return {version and '=' .. version or '', value or '', age, server, replicas}
`;

/**
 * Then: the version that is to be replaced, after a `=`, or nothing; version and value of the next entry; for how long
 * it is kept (ms), or nothing; the channel; `news` or `lease`.
 *
 * With `PERSIST` goes the time that the entry before it had; and after it an entry is replaced also where memory is full.
 * What is no entry goes with `DEL`. An entry never does: where its slot is about to move to another node of a Cluster, a
 * key that is gone cannot be made anew.
 */
export const REPLACE = `${opening}
local known = version and '=' .. version or ''
if known ~= ARGV[3] then return {'no', '0', server, replicas} end
local left = since + ${HOLD} - now
if ARGV[8] == 'lease' and server ~= '' and left > 0 then return {'later', text(left), server, replicas} end
if kind ~= 'none' then redis.call(kind == 'hash' and 'PERSIST' or 'DEL', key) end
redis.call('HSET', key, 'version', ARGV[4], 'value', ARGV[5], 'at', text(now), 'by', server, 'since', text(since), 'under', server)
if ARGV[6] ~= '' then redis.call('PEXPIRE', key, ARGV[6]) end
if ARGV[8] == 'news' then redis.pcall('PUBLISH', ARGV[7], ARGV[4]) end
return {'yes', '0', server, replicas}
`;

/** Who leads, how much it has written, and how much of it the replica has that has confirmed most. */
export const CONFIRMED = `
local info = redis.call('INFO', 'replication')
local most = -1
for offset in string.gmatch(info, 'state=online,offset=(%d+)') do most = math.max(most, tonumber(offset)) end
local server = string.match(info, 'master_replid:(%w+)') or ''
return {server, string.match(info, 'master_repl_offset:(%d+)') or '', string.format('%.0f', most)}
`;

/** What a script answers: clients may turn it into buffers, or texts of digits into numbers. */
export const textsOf = (answer: unknown): string[] => (answer as unknown[]).map((one) => `${one ?? ''}`);
