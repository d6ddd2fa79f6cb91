//! The crypto provider that a program installs is the one that its clients use. A process has one, so that this test has
//! a process of its own.

#![allow(clippy::unwrap_used, reason = "a test that can't go on has failed")]

use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acs_core::{ReqwestTransport, Transport as _, TransportErrorKind};
use tokio::net::TcpListener;
use tokio_rustls::rustls::crypto::{CryptoProvider, GetRandomFailed, SecureRandom, ring};

#[tokio::test]
async fn the_installed_crypto_provider_is_used() {
    static INSTALLED: Counting = Counting(AtomicUsize::new(0));
    let provider = CryptoProvider {
        secure_random: &INSTALLED,
        ..ring::default_provider()
    };
    provider.install_default().unwrap();
    let transport = ReqwestTransport::builder()
        .connect_timeout(Duration::from_millis(300))
        .build()
        .unwrap();
    assert_eq!(INSTALLED.0.load(Ordering::SeqCst), 0);
    // Nobody answers; but a handshake begins with random bytes.
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = silent.local_addr().unwrap().port();
    let request = http::Request::get(format!("https://localhost:{port}/"));
    let failed = transport.send(request.body(acs_core::Body::empty()).unwrap());
    let failed = failed.await.unwrap_err();
    assert_eq!(failed.kind(), TransportErrorKind::ConnectTimeout);
    assert_ne!(INSTALLED.0.load(Ordering::SeqCst), 0);
}

/// Ring's random bytes, counted.
#[derive(Debug)]
struct Counting(AtomicUsize);

impl SecureRandom for Counting {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), GetRandomFailed> {
        self.0.fetch_add(1, Ordering::SeqCst);
        ring::default_provider().secure_random.fill(bytes)
    }
}
