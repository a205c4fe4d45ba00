-- One thread's requests for wrk: templates from a file, numbered onwards from a given number.
-- Arguments: the file, the number of the next request, the first card, how many cards, and how many requests in a
-- thousand are for the first card besides.

local threads = {}

function setup(thread)
  table.insert(threads, thread)
end

function init(args)
  local file = assert(io.open(args[1], "rb"))
  templates = {}
  for template in file:read("*a"):gmatch("[^%z]+") do
    table.insert(templates, template)
  end
  file:close()
  number, first_card, cards = tonumber(args[2]), tonumber(args[3]), tonumber(args[4])
  hot_permille = tonumber(args[5])
  math.randomseed(number + 1)
  sent, wrong = 0, 0
end

function request()
  local template = templates[number % #templates + 1]
  local card = first_card
  if math.random(0, 999) >= hot_permille then
    card = first_card + math.random(0, cards - 1)
  end
  local made = string.format(template, number, card)
  number = number + 1
  sent = sent + 1
  return made
end

function response(status, headers, body)
  if status ~= 201 then
    wrong = wrong + 1
    first_wrong = first_wrong or body
  end
end

function done(summary, latency, requests)
  local errors = summary.errors
  io.stdout:write(threads[1]:get("first_wrong") or "")
  io.stdout:write(string.format(
    '\n{"us": %d, "answered": %d, "sent": %d, "wrong": %d, "p50_us": %d, "p99_us": %d}\n',
    summary.duration, summary.requests, threads[1]:get("sent"),
    threads[1]:get("wrong") + errors.connect + errors.read + errors.write + errors.timeout,
    latency:percentile(50), latency:percentile(99)))
end
