-- What wrk asks for: "page" is the same page again and again, "post" each time another act.
local how, number

function init(args)
  how, number = args[1], tonumber(args[2])
end

function request()
  if how == "post" then
    number = number + 1
    wrk.headers["Content-Type"] = "application/x-www-form-urlencoded"
    return wrk.format("POST", "/obligations/race/" .. number .. "/data@tf-vn", nil, "act=acknowledge")
  end
  return wrk.format("GET", "/")
end

function done(summary, latency, _)
  local errors = summary.errors
  print(string.format(
    '{"rate": %f, "median": %f, "p99": %f, "asked": %d, "errors": %d}',
    summary.requests / summary.duration * 1e6, latency:percentile(50) / 1000,
    latency:percentile(99) / 1000, summary.requests,
    errors.connect + errors.read + errors.write + errors.status))
end
