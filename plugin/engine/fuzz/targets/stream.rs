//! Fuzzes the event streams.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| toolgate_fuzz::stream::check(input));
