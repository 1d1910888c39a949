-- wrk's requests: views, each with a fact id and a visitor of its own (an address behind a trusted proxy).
-- Arguments after "--": facts per request, number of the first visitor, prefix of the ids, file of user agents.
local size, number, prefix, agents = 1, 0, "", {}
local paths, referrers, campaigns = {}, {}, {}
local languages = {"en-US", "en-GB", "de-DE", "fr-FR", "ja"}
local widths = {360, 390, 768, 1366, 1440, 1920}

function init(args)
   size, number, prefix = tonumber(args[1]), tonumber(args[2]), args[3]
   for line in io.lines(args[4]) do agents[#agents + 1] = line end
   for n = 1, 200 do paths[n] = string.format("/%s/an-article-about-topic-%d", n % 3 == 0 and "docs" or "blog", n) end
   for n = 1, 40 do referrers[n] = string.format("https://www.site-%d.example/search/page-%d", n, n % 7) end
   for n = 1, 10 do campaigns[n] = string.format("?utm_source=letter-%d&utm_medium=email&utm_campaign=autumn-%d", n, n % 4) end
   wrk.method = "POST"
end

local function fact()
   number = number + 1
   local n = number
   local path = paths[n % #paths + 1]
   local tail = n % 5 == 0 and campaigns[n / 5 % #campaigns + 1] or ""
   local from = n % 3 == 0 and string.format('"r":"%s",', referrers[n / 3 % #referrers + 1]) or ""
   return string.format(
      '{"s":"bench","k":"view","i":"%s%012d","u":"https://example.com%s%s",%s"t":"An article: %s","w":%d,"l":"%s"}',
      prefix, n, path, tail, from, path, widths[n % #widths + 1], languages[n % #languages + 1])
end

function request()
   local body
   if size == 1 then
      body = fact()
   else
      local facts = {}
      for n = 1, size do facts[n] = fact() end
      body = "[" .. table.concat(facts, ",") .. "]"
   end
   -- an odd multiplier modulo 2^32: every number has an address of its own, spread over all of them
   local a = (number * 1640531527) % 4294967296
   local address = string.format("%d.%d.%d.%d", a / 16777216, a / 65536 % 256, a / 256 % 256, a % 256)
   return wrk.format("POST", "/e", {
      ["content-type"] = "text/plain;charset=UTF-8",
      ["user-agent"] = agents[number % #agents + 1],
      ["x-forwarded-for"] = address,
      ["accept-language"] = "en-GB,en;q=0.9",
      ["accept"] = "*/*",
      ["origin"] = "https://example.com",
      ["referer"] = "https://example.com/",
   }, body)
end

function done(summary, latency)
   local e = summary.errors
   io.write(string.format(
      'RESULT {"requests": %d, "seconds": %f, "p50": %f, "p99": %f, "p999": %f, "max": %f, "errors": %d, "statuses": %d}\n',
      summary.requests, summary.duration / 1e6, latency:percentile(50) / 1e3, latency:percentile(99) / 1e3,
      latency:percentile(99.9) / 1e3, latency.max / 1e3, e.connect + e.read + e.write + e.timeout, e.status))
end
