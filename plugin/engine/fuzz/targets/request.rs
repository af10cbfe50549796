//! Fuzzes the request headers and body.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| toolgate_fuzz::request::check(input));
