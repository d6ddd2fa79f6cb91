//! A program with TLS and nobody's cryptography is told what to do, before anything is sent.
//! `cargo test -p acs-core --no-default-features --features rustls-no-provider,hyper --test no_provider`
#![cfg(not(feature = "ring"))]

#[cfg(feature = "rustls-no-provider")]
#[test]
fn without_a_crypto_provider_reqwest_is_an_error_that_names_the_remedy() {
    let failed = acs_core::ReqwestTransport::builder().build().unwrap_err();
    names_the_remedy(&failed);
}

#[cfg(feature = "hyper")]
#[test]
fn without_a_crypto_provider_hyper_is_an_error_that_names_the_remedy() {
    let failed = acs_core::HyperTransport::builder().build().unwrap_err();
    names_the_remedy(&failed);
}

#[cfg(any(feature = "rustls-no-provider", feature = "hyper"))]
fn names_the_remedy(failed: &acs_core::Error) {
    assert_eq!(failed.kind(), acs_core::ErrorKind::InvalidInput);
    let text = failed.to_string();
    assert!(
        text.contains("install_default()") && text.contains("feature `rustls`"),
        "{text}"
    );
}
