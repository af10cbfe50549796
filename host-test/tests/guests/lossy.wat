;; Adds one to the shared value "n" for each request without comparing: it loses updates whenever
;; another worker comes between.
(module
  (import "env" "proxy_get_shared_data"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "n")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.store (i32.const 112) (i32.const 1))
    (if (i32.eqz (call $get (i32.const 0) (i32.const 1)
          (i32.const 100) (i32.const 104) (i32.const 108)))
      (then (i32.store (i32.const 112)
        (i32.add (i32.load (i32.load (i32.const 100))) (i32.const 1)))))
    (drop (call $set (i32.const 0) (i32.const 1) (i32.const 112) (i32.const 4) (i32.const 0)))
    (i32.const 0)))
