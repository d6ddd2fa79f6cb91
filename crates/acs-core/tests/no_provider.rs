//! A program with TLS and nobody's cryptography is told what to do, before anything is sent.
//! `cargo test -p acs-core --no-default-features --features rustls-no-provider --test no_provider`
#![cfg(all(feature = "rustls-no-provider", not(feature = "ring")))]

use acs_core::{ErrorKind, ReqwestTransport};

#[test]
fn without_a_crypto_provider_a_transport_is_an_error_that_names_the_remedy() {
    let failed = ReqwestTransport::builder().build().unwrap_err();
    assert_eq!(failed.kind(), ErrorKind::InvalidInput);
    let text = failed.to_string();
    assert!(
        text.contains("install_default()") && text.contains("feature `rustls`"),
        "{text}"
    );
}
