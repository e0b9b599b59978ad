/** What runs inside Redis: one script reads an entry, one compares and sets it, each in one step and one round trip. */

/** So long after a failover or a restart nobody takes a lease: whoever holds a newer entry writes it back (ms). */
export const HOLD = 1_000;

/**
 * What both begin with. `server` is who leads just now; it changes with a failover and with a restart. An entry that
 * was written under another one has no age here, because its moment is another machine's, and may be older than what
 * somebody holds: `since` is when it was first met.
 *
 * Replicas that are still being filled can confirm nothing, and do not count. `INFO` may be forbidden: then nothing of
 * that is known. Numbers are made texts by hand, because Lua itself rounds
 * them to 14 digits.
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
if kind == 'hash' then found = redis.call('HMGET', key, 'version', 'value', 'at', 'by', 'since', 'sinceBy') end
local version, value, at, by, since = found[1], found[2], found[3], found[4], now
if kind ~= 'none' and not (version and value) then version, value, at = 'damaged', '', false end
local isOther = at and server ~= '' and by ~= server
if isOther and found[6] == server then since = tonumber(found[5]) end
if isOther and found[6] ~= server then redis.pcall('HSET', key, 'since', text(now), 'sinceBy', server) end
`;

/**
 * ARGV: `=` and the version of a lease of which it is not known whether a replica has it. Where it is found it gets
 * another version: it does not count as taken, and is taken again.
 */
export const READ = `${opening}
if version and ARGV[1] == '=' .. version then
  version = version .. '?'
  redis.call('HSET', key, 'version', version)
end
local age = ''
if at and by == server and server ~= '' then age = text(math.max(0, now - at)) end
return {version and '=' .. version or '', value or '', age, server, replicas}
`;

/**
 * ARGV: the version that is to be replaced, after a `=`, or nothing; version and value of the next entry; for how long
 * it is kept (ms), or nothing; the channel; `news` or `lease`; for how long this process has known the server (ms).
 *
 * With `DEL` goes what an entry had before it, its time too; and after it an entry is replaced also where memory is full.
 */
export const REPLACE = `${opening}
local known = version and '=' .. version or ''
if known ~= ARGV[1] then return {'no', '0', server, replicas} end
if ARGV[6] == 'lease' and (isOther or kind == 'none') and server ~= '' then
  local left = ${HOLD} - math.max(now - since, tonumber(ARGV[7]))
  if left > 0 then return {'later', text(left), server, replicas} end
end
if kind ~= 'none' then redis.call('DEL', key) end
redis.call('HSET', key, 'version', ARGV[2], 'value', ARGV[3], 'at', text(now), 'by', server)
if ARGV[4] ~= '' then redis.call('PEXPIRE', key, ARGV[4]) end
if ARGV[6] == 'news' then redis.pcall('PUBLISH', ARGV[5], ARGV[2]) end
return {'yes', '0', server, replicas}
`;

/** What a script answers: clients may turn it into buffers, or texts of digits into numbers. */
export const textsOf = (answer: unknown): string[] => (answer as unknown[]).map((one) => `${one ?? ''}`);
