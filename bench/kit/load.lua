-- Without arguments: GETs. With them, POSTs made from a template (a file), in which {n} is a number
-- never used before and {code} the next code's number.
-- Arguments: the template, a tag for the numbers of this run, how many codes (0: none in it).
local next_thread = 0

function setup(thread)
  thread:set("thread_id", next_thread)
  next_thread = next_thread + 1
end

function init(args)
  if not args[1] then
    return
  end
  local file = assert(io.open(args[1]))
  template = file:read("*a")
  file:close()
  tag, codes, sent = args[2], tonumber(args[3]), 0
  wrk.headers["Content-Type"] = "application/json"
end

function request()
  if not template then
    return wrk.format("GET")
  end
  sent = sent + 1
  local n = string.format("%s.%d.%d", tag, thread_id, sent)
  local body = template:gsub("{n}", n)
  if codes > 0 then
    -- Both threads walk through all codes, each from a place of its own.
    local code = (sent * 7 + thread_id * math.floor(codes / 2)) % codes + 1
    body = body:gsub("{code}", string.format("%d", code))
  end
  wrk.headers["Idempotency-Key"] = n
  return wrk.format("POST", nil, nil, body)
end

-- What came of the run, as one line of JSON.
function done(summary, latency, requests)
  local bad = summary.errors
  io.write(string.format(
    '{"answered": %d, "seconds": %f, "refused": %d, "broken": %d, "median_ms": %f, "p99_ms": %f}\n',
    summary.requests, summary.duration / 1e6, bad.status,
    bad.connect + bad.read + bad.write + bad.timeout,
    latency:percentile(50) / 1e3, latency:percentile(99) / 1e3))
end
