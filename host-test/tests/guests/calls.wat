;; Asks the service "auth" over HTTP about each request, pausing it meanwhile. Resumes the request
;; if the answer is 200; otherwise answers 401 with the status that it got in the property
;; "status": the HTTP answer's, or the call's message where there was no answer.
(module
  (import "env" "proxy_http_call"
    (func $call (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_header_map_value"
    (func $get (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_buffer_bytes"
    (func $body (param i32 i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_get_status" (func $status (param i32 i32 i32) (result i32)))
  (import "env" "proxy_set_effective_context" (func $effective (param i32) (result i32)))
  (import "env" "proxy_continue_stream" (func $continue (param i32) (result i32)))
  (import "env" "proxy_set_property" (func $property (param i32 i32 i32 i32) (result i32)))
  (import "env" "proxy_send_local_response"
    (func $send (param i32 i32 i32 i32 i32 i32 i32 i32) (result i32)))
  (memory (export "memory") 1)
  (data (i32.const 0) "auth")
  ;; Three pairs: ":method" "POST", ":path" "/", ":authority" "a".
  (data (i32.const 16) "\03\00\00\00\07\00\00\00\04\00\00\00\05\00\00\00\01\00\00\00\0a\00\00\00\01\00\00\00")
  (data (i32.const 44) ":method\00POST\00:path\00/\00:authority\00a\00")
  (data (i32.const 96) ":status")
  (data (i32.const 112) "status")
  (data (i32.const 128) "ask")
  (global $stream (mut i32) (i32.const 0))
  (global $heap (mut i32) (i32.const 1024))
  (func (export "proxy_abi_version_0_2_1"))
  (func (export "proxy_on_memory_allocate") (param i32) (result i32)
    (global.set $heap (i32.add (global.get $heap) (i32.const 64)))
    (global.get $heap))
  (func (export "proxy_on_request_headers") (param i32 i32 i32) (result i32)
    (global.set $stream (local.get 0))
    (global.set $heap (i32.const 1024))
    (if (call $call (i32.const 0) (i32.const 4) (i32.const 16) (i32.const 63)
        (i32.const 128) (i32.const 3) (i32.const 0) (i32.const 0) (i32.const 1000)
        (i32.const 200))
      (then (drop (call $refuse))))
    (i32.const 1))
  (func $refuse (result i32)
    (call $send (i32.const 401) (i32.const 0) (i32.const 0) (i32.const 0) (i32.const 0)
      (i32.const 0) (i32.const 0) (i32.const -1)))
  (func (export "proxy_on_http_call_response") (param i32 i32 i32 i32 i32)
    (if (i32.ne (i32.load (i32.const 200)) (local.get 1)) (then unreachable))
    (drop (call $effective (global.get $stream)))
    (if (i32.eqz (local.get 2))
      (then
        (drop (call $status (i32.const 204) (i32.const 208) (i32.const 212))))
      (else
        (if (call $get (i32.const 6) (i32.const 96) (i32.const 7) (i32.const 208) (i32.const 212))
          (then unreachable))
        (if (call $body (i32.const 4) (i32.const 0) (local.get 3) (i32.const 216) (i32.const 220))
          (then unreachable))))
    (drop (call $property (i32.const 112) (i32.const 6)
      (i32.load (i32.const 208)) (i32.load (i32.const 212))))
    (if (i32.eq (i32.load (i32.load (i32.const 208))) (i32.const 0x00303032))
      (then (drop (call $continue (i32.const 0))))
      (else (drop (call $refuse))))))
