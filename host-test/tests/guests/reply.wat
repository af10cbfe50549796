;; Holds the headers and answers every body itself: 403 "no" with a header. Marks each response
;; that it sees, and writes the property "verdict".
(module
  (import "env" "proxy_send_local_response"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_add_header_map_value"
    (func $add (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_set_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_log" (func $log (param i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "no")
  (data (i32.const 8) "by the book")
  ;; One pair: "x-why", "rule".
  (data (i32.const 32) "\01\00\00\00\05\00\00\00\04\00\00\00x-why\00rule\00")
  (data (i32.const 64) "x-marked")
  (data (i32.const 80) "verdict")
  (func (export "proxy_abi_version_0_2_0"))
  (func (export "malloc") (param i32) (result i32) (i32.const 1024))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (i32.eqz (local.get 2)))
  (func (export "proxy_on_request_body") (param i32 i32 i32) (result i32)
    (drop (call $property (i32.const 80) (i32.const 7) (i32.const 0) (i32.const 2)))
    (drop (call $send (i32.const 403) (i32.const 8) (i32.const 11) (i32.const 0) (i32.const 2)
      (i32.const 32) (i32.const 23) (i32.const -1)))
    (i32.const 1))
  (func (export "proxy_on_response_headers") (param i32 i32 i32) (result i32)
    (call $add (i32.const 2) (i32.const 64) (i32.const 8) (i32.const 64) (i32.const 1)))
  (func (export "proxy_on_log") (param i32)
    (drop (call $log (i32.const 2) (i32.const 80) (i32.const 7)))))
