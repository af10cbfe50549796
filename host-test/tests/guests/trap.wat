;; Traps in the callback that the request's header "x-trap" names by a letter: (h)eaders or (b)ody
;; of the request, (r)esponse headers, response b(o)dy, (l)og.
(module
  (import "env" "proxy_get_header_map_value"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "x-trap")
  (global $mode (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func $at (param i32) (result i32)
    (if (i32.eq (global.get $mode) (local.get 0)) (then unreachable))
    (i32.const 0))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $mode (i32.const 0))
    (if (i32.eqz (call $get (i32.const 0) (i32.const 0) (i32.const 6) (i32.const 100) (i32.const 104)))
      (then (global.set $mode (i32.load8_u (i32.load (i32.const 100))))))
    (call $at (i32.const 104)))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32) (call $at (i32.const 98)))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32) (call $at (i32.const 114)))
  (func (export "proxy_on_response_body") (param i32 i32 i32) (result i32) (call $at (i32.const 111)))
  (func (export "proxy_on_log") (param i32) (drop (call $at (i32.const 108)))))
