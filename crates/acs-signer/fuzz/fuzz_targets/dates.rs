#![no_main]

#[path = "../properties/dates.rs"]
mod dates;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    dates::run(data);
});
