#![no_main]
libfuzzer_sys::fuzz_target!(|octets: &[u8]| faxflow::fuzzing::config(octets));
