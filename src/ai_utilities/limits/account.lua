-- The steps of account.py as one step of a Redis server, by the server's clock. KEYS: account.
-- ARGV: step, ask, SLOTS, GRACE, NEVER_LONGER, SHORTLY, seconds to keep the account or 0, the account's time as the
-- caller expects it or nothing, the version of the layout.
local SLOTS, GRACE, NEVER_LONGER, SHORTLY = tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5]), tonumber(ARGV[6])
local ask = cjson.decode(ARGV[2])
local clock = redis.call('TIME')
local seen = ask.now or (tonumber(clock[1]) + tonumber(clock[2]) / 1e6)
local kept = redis.call('GET', KEYS[1])
local function fresh() return {windows = {}, live = {}, running = {}, paused = 0, queue = {}} end
local whole, account = pcall(cjson.decode, kept or '')
if not kept then whole, account = true, fresh() end
whole = whole and type(account) == 'table'
if not whole then account = fresh() end
for name, empty in pairs(fresh()) do
  if account[name] == nil then account[name] = empty end
  if type(account[name]) ~= type(empty) then account, whole = fresh(), false break end
end
if tonumber(account.version or 0) > tonumber(ARGV[9]) then return {'version', tostring(account.version)} end
local now, jumped

local function tick()
  local known = account.clock or {seen = seen, ahead = 0}
  account.clock = known
  known.ahead = known.ahead + math.max(0, known.seen - seen)
  known.seen = seen
  now, jumped = seen + known.ahead, 0
  -- The caller's own clock does not jump: what the server's is ahead of it did not pass.
  local expected = tonumber(ARGV[8])
  if expected and now > expected then
    jumped = now - expected
    known.ahead, now = known.ahead - jumped, expected
  end
end

local function level_of(known)
  return math.min(known.limit, known.level + known.rate * math.max(0, now - known.at))
end

local function without(queue, ticket, also_gone)
  local rest = {}
  for _, one in ipairs(queue) do
    local gone = also_gone and one['until'] <= now and one.ticket ~= ticket
    if not gone and (also_gone or one.ticket ~= ticket) then rest[#rest + 1] = one end
  end
  return rest
end

local function window_wait(want, before)
  local width = want.window / SLOTS
  local slots = account.windows[want.bucket] or {}
  account.windows[want.bucket] = slots
  local numbers, excess = {}, before + want.amount - want.limit
  for slot, amount in pairs(slots) do
    if (tonumber(slot) + 1) * width + want.window <= now then
      slots[slot] = nil
    else
      numbers[#numbers + 1] = tonumber(slot)
      excess = excess + amount
    end
  end
  if excess <= 0 then return 0 end
  table.sort(numbers)
  for _, number in ipairs(numbers) do
    excess = excess - slots[string.format('%.0f', number)]
    if excess <= 0 then return (number + 1) * width + want.window - now end
  end
  return want.window
end

local function live_wait(want, before)
  local known = account.live[want.bucket]
  if not known then return 0 end
  local missing = math.min(want.amount + before, known.limit) - level_of(known)
  return missing > 0 and missing / known.rate or 0
end

local function running(lane)
  local calls, count = account.running[lane] or {}, 0
  account.running[lane] = calls
  for ticket, till in pairs(calls) do
    if till <= now then calls[ticket] = nil else count = count + 1 end
  end
  return count
end

local function enqueue(look)
  local till = now + look + GRACE
  for _, one in ipairs(account.queue) do
    if one.ticket == ask.ticket then one['until'] = till return end
  end
  local amounts = {}
  for _, want in ipairs(ask.wants) do amounts[want.bucket] = want.amount end
  for _, want in ipairs(ask.live) do amounts[want.bucket] = want.amount end
  for _, lane in ipairs(ask.lanes) do amounts[lane.lane] = 1 end
  account.queue[#account.queue + 1] = {ticket = ask.ticket, ['until'] = till, amounts = amounts}
end

local function slot_of(want, at)
  return string.format('%.0f', math.floor(at / (want.window / SLOTS)))
end

local function grant()
  account.queue = without(account.queue, ask.ticket, false)
  for _, want in ipairs(ask.wants) do
    local slots, slot = account.windows[want.bucket], slot_of(want, now)
    slots[slot] = (slots[slot] or 0) + want.amount
  end
  for _, want in ipairs(ask.live) do
    local known = account.live[want.bucket]
    if known then known.level, known.at = level_of(known) - want.amount, now end
  end
  for _, lane in ipairs(ask.lanes) do account.running[lane.lane][ask.ticket] = now + ask.lease end
end

local steps = {}

function steps.take()
  account.queue = without(account.queue, ask.ticket, true)
  local before = {}
  for _, one in ipairs(account.queue) do
    if one.ticket == ask.ticket then break end
    for bucket, amount in pairs(one.amounts) do before[bucket] = (before[bucket] or 0) + amount end
  end
  local wait, why, look = account.paused - now, 'paused', 0
  for _, want in ipairs(ask.wants) do
    local seconds = window_wait(want, before[want.bucket] or 0)
    if seconds > wait then wait, why = seconds, want.bucket end
  end
  for _, want in ipairs(ask.live) do
    local seconds = live_wait(want, before[want.bucket] or 0)
    if seconds > wait then wait, why = seconds, want.bucket end
  end
  for _, lane in ipairs(ask.lanes) do
    local too_many = running(lane.lane) + (before[lane.lane] or 0) - lane.limit + 1
    look = math.max(look, too_many * SHORTLY)
    if too_many > 0 and wait < SHORTLY then wait, why = SHORTLY, lane.lane end
  end
  if wait > 0 then
    look = math.min(math.max(look, wait), ask.looks or NEVER_LONGER)
    enqueue(look)
  else
    grant()
    wait, why, look = 0, '', 0
  end
  return {wait = wait, why = why, look = look, at = now}
end

function steps.settle()
  for _, lane in pairs(account.running) do lane[ask.ticket] = nil end
  for _, want in ipairs(ask.wants) do
    local slots, slot = account.windows[want.bucket] or {}, slot_of(want, ask.at)
    if slots[slot] then slots[slot] = math.max(0, slots[slot] + want.amount) end
  end
  for _, want in ipairs(ask.live) do
    local known = account.live[want.bucket]
    if known then known.level = known.level - want.amount end
  end
end

function steps.leave()
  account.queue = without(account.queue, ask.ticket, false)
end

function steps.pause()
  account.paused = math.max(account.paused, now + ask.seconds)
end

function steps.observe()
  for _, seen in ipairs(ask.seen) do
    local known, level = account.live[seen.bucket], seen.remaining
    if known then level = math.min(level, level_of(known)) end
    local rate = seen.reset > 0 and (seen.limit - seen.remaining) / seen.reset or 0
    account.live[seen.bucket] = {level = level, limit = seen.limit, rate = rate > 0 and rate or seen.limit / 60, at = now}
  end
end

tick()
local done, found = pcall(steps[ARGV[1]])
if not done then
  account, whole = fresh(), false
  tick()
  found = steps[ARGV[1]]()
end
account.version = tonumber(ARGV[9])
redis.call('SET', KEYS[1], cjson.encode(account))
if ARGV[7] ~= '0' then redis.call('EXPIRE', KEYS[1], ARGV[7]) end
local state = not whole and 'damaged' or kept and 'known' or 'new'
return {cjson.encode(found or {}), string.format('%.6f', now), string.format('%.3f', jumped), state}
