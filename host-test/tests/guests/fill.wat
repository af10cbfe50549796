;; Never returns, and in each turn fills a megabyte with a single instruction.
(module
  (memory (export "memory") 17)
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (loop $ever
      (memory.fill (i32.const 0) (i32.const 7) (i32.const 1048576))
      (br $ever))
    (i32.const 0)))
