#![no_main]

#[path = "../properties/verify.rs"]
mod verify;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    verify::run(data);
});
