;; An allocator that misbehaves after the size that it is asked for, which is the length of the
;; request's path. 1: null, 2: outside of memory, 3: traps, more: never returns.
(module
  (import "env" "proxy_get_header_map_value"
    (func $value (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "status")
  (data (i32.const 16) ":path")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param $size i32) (result i32)
    (if (i32.eq (local.get $size) (i32.const 1)) (then (return (i32.const 0))))
    (if (i32.eq (local.get $size) (i32.const 2)) (then (return (i32.const -2))))
    (if (i32.eq (local.get $size) (i32.const 3)) (then unreachable))
    (loop $ever (br $ever))
    (i32.const 0))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store8 (i32.const 200) (i32.add (i32.const 48)
      (call $value (i32.const 0) (i32.const 16) (i32.const 5) (i32.const 100) (i32.const 104))))
    (drop (call $property (i32.const 0) (i32.const 6) (i32.const 200) (i32.const 1)))
    (i32.const 0)))
