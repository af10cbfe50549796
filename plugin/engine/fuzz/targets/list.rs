//! Fuzzes the lists in responses.
#![no_main]

libfuzzer_sys::fuzz_target!(|input: &[u8]| toolgate_fuzz::list::check(input));
