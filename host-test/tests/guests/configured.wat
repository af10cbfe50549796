;; Logs its plugin configuration and refuses one that begins with "b".
(module
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (call $get (i32.const 7) (i32.const 0) (local.get 1) (i32.const 100) (i32.const 104))
      (then unreachable))
    (drop (call $log (i32.const 2) (i32.load (i32.const 100)) (i32.load (i32.const 104))))
    (i32.ne (i32.load8_u (i32.load (i32.const 100))) (i32.const 98)))
  ;; Out of sight again outside of the configuration.
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (if (i32.ne (i32.const 1)
        (call $get (i32.const 7) (i32.const 0) (i32.const 9) (i32.const 100) (i32.const 104)))
      (then unreachable))
    (i32.const 0)))
