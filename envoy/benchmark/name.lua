-- A Lua filter that does what people write first: it reads the body and looks for the tool's name.
function envoy_on_request(handle)
  local body = handle:body()
  if body == nil then
    handle:respond({[":status"] = "400"}, "no body")
    return
  end
  local text = body:getBytes(0, body:length())
  local name = string.match(text, '"name"%s*:%s*"([^"]+)"')
  if name ~= "create_refund" and name ~= "search_orders" and name ~= "get_order" then
    handle:respond({[":status"] = "403"}, "not permitted")
  end
end
