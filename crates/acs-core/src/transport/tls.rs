//! TLS of every transport: whose cryptography, which roots are trusted, and what a failed handshake says.

use std::error::Error as StdError;
use std::io;
use std::sync::Arc;

use rustls::ClientConfig;
use rustls::crypto::CryptoProvider;
use rustls::pki_types::CertificateDer;
use rustls::pki_types::pem::{self, PemObject as _};
use rustls_platform_verifier::Verifier;

use super::TransportErrorKind;
use crate::error::{Error, ErrorKind};

/// The name of the setting at fault, in errors.
const ROOTS: &str = "root_certificates_pem";

/// Makes the settings of HTTP/1.1 over TLS 1.2 or 1.3. Certificates are checked by the platform's own verifier; those in
/// the PEM files `extra_roots` are trusted besides its own.
///
/// # Errors
/// A file holds no certificates; there is no crypto provider; the platform has no certificates.
pub(super) fn client_config(extra_roots: &[Vec<u8>]) -> Result<ClientConfig, Error> {
    let extra_roots = certificates(extra_roots)?;
    let provider = provider()?;
    let verifier = verifier(extra_roots, Arc::clone(&provider))?;
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| not_set_up(&error))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier))
        .with_no_client_auth();
    config.alpn_protocols = vec![b"http/1.1".to_vec()];
    Ok(config)
}

/// Tells the sort of failure of a connection that was not had.
pub(super) fn failed_connection(
    error: &(dyn StdError + 'static),
    is_timeout: bool,
) -> TransportErrorKind {
    if is_timeout {
        TransportErrorKind::ConnectTimeout
    } else if is_refusal(error) {
        TransportErrorKind::Tls
    } else {
        TransportErrorKind::Connect
    }
}

/// Says whether the handshake ended with a verdict on the certificate, or because no TLS is spoken there. An alert of the
/// other side is neither: a server that is overloaded or restarts sends one too.
fn is_refusal(error: &(dyn StdError + 'static)) -> bool {
    io_errors(error).any(is_verdict)
}

/// Goes through the I/O errors among an error and its causes.
pub(super) fn io_errors<'a>(
    error: &'a (dyn StdError + 'static),
) -> impl Iterator<Item = &'a io::Error> {
    std::iter::successors(Some(error), |&error| error.source())
        .filter_map(|error| error.downcast_ref())
}

/// An I/O error inside another is not among the latter's sources.
fn is_verdict(error: &io::Error) -> bool {
    use rustls::Error::{InvalidCertificate, InvalidMessage};
    error.get_ref().is_some_and(|inner| {
        inner.downcast_ref().is_some_and(is_verdict)
            || matches!(
                inner.downcast_ref(),
                Some(InvalidCertificate(_) | InvalidMessage(_))
            )
    })
}

fn certificates(files: &[Vec<u8>]) -> Result<Vec<CertificateDer<'static>>, Error> {
    let mut all = Vec::new();
    for file in files {
        let read: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(file).collect();
        let read = read.and_then(|read| match read.len() {
            0 => Err(pem::Error::NoItemsFound),
            _ => Ok(read),
        });
        all.extend(read.map_err(|error| {
            Error::invalid_parameter(ROOTS, "this is no PEM with certificates").with_source(error)
        })?);
    }
    Ok(all)
}

/// The program's own choice comes first: it installs `aws-lc-rs`, say, for all that use rustls.
fn provider() -> Result<Arc<CryptoProvider>, Error> {
    CryptoProvider::get_default().map_or_else(own_provider, |installed| Ok(Arc::clone(installed)))
}

#[cfg(feature = "ring")]
#[allow(
    clippy::unnecessary_wraps,
    reason = "without the feature there is none"
)]
fn own_provider() -> Result<Arc<CryptoProvider>, Error> {
    Ok(Arc::new(rustls::crypto::ring::default_provider()))
}

#[cfg(not(feature = "ring"))]
fn own_provider() -> Result<Arc<CryptoProvider>, Error> {
    Err(Error::invalid_parameter(
        "transport",
        "rustls has no crypto provider: install one when the program starts, \
         `rustls::crypto::aws_lc_rs::default_provider().install_default()` say, or turn on the feature `rustls` or `ring`",
    ))
}

#[cfg(not(target_os = "android"))]
fn verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    use rustls::Error::InvalidCertificate;
    let made = if extra_roots.is_empty() {
        Verifier::new(provider)
    } else {
        Verifier::new_with_extra_roots(extra_roots, provider)
    };
    made.map_err(|error| match error {
        InvalidCertificate(_) => {
            Error::invalid_parameter(ROOTS, "a certificate is malformed").with_source(error)
        }
        other => not_set_up(&other),
    })
}

#[cfg(target_os = "android")]
fn verifier(
    extra_roots: Vec<CertificateDer<'static>>,
    provider: Arc<CryptoProvider>,
) -> Result<Verifier, Error> {
    if extra_roots.is_empty() {
        Verifier::new(provider).map_err(|error| not_set_up(&error))
    } else {
        Err(Error::invalid_parameter(
            ROOTS,
            "Android's verifier takes none: add them to the device",
        ))
    }
}

fn not_set_up(error: &rustls::Error) -> Error {
    Error::new(ErrorKind::Tls, format!("TLS could not be set up: {error}"))
}
