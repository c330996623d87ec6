-- Counts one request in buckets, in order, until one refuses it. The rule is domain.Limit's.
-- ARGV: prefix, now in Unix milliseconds ("" for the clock of the server), and of each bucket: name, client, burst, interval in ms.
-- Answers, of each bucket that was looked at: 1 if it admits, requests of the window before, requests of this window, milliseconds left.
local now = tonumber(ARGV[2])
if not now then
  local time = redis.call('TIME')
  now = tonumber(time[1]) * 1000 + math.floor(tonumber(time[2]) / 1000)
end
local answer = {}
for i = 3, #ARGV, 4 do
  local burst, interval = tonumber(ARGV[i + 2]), tonumber(ARGV[i + 3])
  local window, remaining = math.floor(now / interval), interval - now % interval
  local function key(index) return ARGV[1] .. ARGV[i] .. string.format('%d', index) .. ':' .. ARGV[i + 1] end
  local previous = tonumber(redis.call('GET', key(window - 1)) or 0)
  local current = tonumber(redis.call('GET', key(window)) or 0)
  local overlap = math.floor(math.min(previous, burst) * remaining / interval)
  local admits = current + overlap < burst
  if admits then
    current = redis.call('INCR', key(window))
    redis.call('PEXPIRE', key(window), 2 * interval)
  end
  for _, value in ipairs({ admits and 1 or 0, previous, current, remaining }) do answer[#answer + 1] = value end
  if not admits then break end
end
return answer
