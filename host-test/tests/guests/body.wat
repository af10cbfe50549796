;; Holds the headers, reads the request's whole body, and replaces it by "new" with its length.
;; With the first byte of the plugin's configuration "s", leaves the stale length.
(module
  (import "env" "proxy_set_buffer_bytes"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_replace_header_map_value"
    (func $replace (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "content-length")
  (data (i32.const 16) "3")
  (data (i32.const 20) "new")
  (global $stale (mut i32) (i32.const 0))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_configure") (param i32 i32) (result i32)
    (if (local.get 1) (then
      (drop (call $get (i32.const 7) (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 104)))
      (global.set $stale
        (i32.eq (i32.load8_u (i32.load (i32.const 100))) (i32.const 115)))))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.eqz (local.get 2)))
  (func $replace_all (param $size i32) (result i32)
    (if (i32.eqz (local.get $size)) (then (return (i32.const 0))))
    (if (call $set (i32.const 0) (i32.const 0) (local.get $size) (i32.const 20) (i32.const 3))
      (then unreachable))
    (if (i32.eqz (global.get $stale)) (then
      (if (call $replace (i32.const 0) (i32.const 0) (i32.const 14) (i32.const 16) (i32.const 1))
        (then unreachable))))
    (i32.const 0))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (if (i32.eqz (local.get 2)) (then (return (i32.const 1))))
    (call $replace_all (local.get 1)))
  (func (export "proxy_on_request_trailers") (param i32 i32) (result i32)
    (call $replace_all (i32.const 0x7fffffff))))
