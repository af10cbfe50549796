;; Adds one to the shared value "n" (32-bit little-endian) for each request, by compare and swap,
;; for as long as it takes; creates it with a number that no value has. Counts its failed swaps
;; in a metric.
(module
  (import "env" "proxy_get_shared_data"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_shared_data"
    (func $set (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_define_metric" (func $define (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_increment_metric" (func $increment (param i32 i64) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "n")
  (data (i32.const 8) "retries")
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_vm_start") (param i32 i32) (result i32)
    (drop (call $define (i32.const 0) (i32.const 8) (i32.const 7) (i32.const 120)))
    (i32.const 1))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (local $status i32)
    (loop $again
      (local.set $status
        (call $get (i32.const 0) (i32.const 1) (i32.const 100) (i32.const 104) (i32.const 108)))
      (if (local.get $status)
        (then
          (i32.store (i32.const 108) (i32.const -1))
          (i32.store (i32.const 112) (i32.const 1)))
        (else
          (i32.store (i32.const 112)
            (i32.add (i32.load (i32.load (i32.const 100))) (i32.const 1)))))
      (local.set $status
        (call $set (i32.const 0) (i32.const 1) (i32.const 112) (i32.const 4)
          (i32.load (i32.const 108))))
      (if (i32.eq (local.get $status) (i32.const 8)) (then
        (drop (call $increment (i32.load (i32.const 120)) (i64.const 1)))
        (br $again)))
      (if (local.get $status) (then unreachable)))
    (i32.const 0)))
