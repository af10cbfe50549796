;; Pauses everything until it has seen all of it, requests and responses; changes nothing.
(module
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func $until_end (param i32 i32 i32) (result i32) (i32.eqz (local.get 2)))
  (export "proxy_on_request_headers" (func $until_end))
  (export "proxy_on_request_body" (func $until_end))
  (export "proxy_on_response_headers" (func $until_end))
  (export "proxy_on_response_body" (func $until_end)))
