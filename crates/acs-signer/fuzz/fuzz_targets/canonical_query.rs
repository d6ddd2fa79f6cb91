#![no_main]

#[path = "../properties/canonical_query.rs"]
mod canonical_query;

libfuzzer_sys::fuzz_target!(|data: &[u8]| {
    canonical_query::run(data);
});
