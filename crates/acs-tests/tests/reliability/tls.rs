//! Handshakes that fail: nothing of the request leaves, and only what a repeat may cure is repeated.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use acs_core::{CallOptions, Error, ErrorKind, RetryPolicy};
use acs_tests::fault::Act;
use rcgen::{
    BasicConstraints, Certificate, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd,
};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

use crate::support::{CREATED, Over, builder, ok, write};

#[tokio::test]
async fn f8_a_certificate_of_a_trusted_authority_is_taken() {
    let authority = Authority::new();
    for over in Over::ALL {
        let server = Server::start(&authority.certifies("localhost", 2100), Manner::Serves).await;
        let answer = server.send(over, &authority).await.unwrap();
        println!("F8 valid {over:?}: {} request", server.requests());
        assert_eq!((answer.as_str(), server.requests()), ("v1", 1));
    }
}

#[tokio::test]
async fn f8_a_certificate_that_is_not_valid_is_refused_by_name_and_not_tried_again() {
    let authority = Authority::new();
    let stranger = Authority::new();
    for (fault, certificate, reason) in [
        (
            "another name",
            authority.certifies("elsewhere.example", 2100),
            "elsewhere.example",
        ),
        ("expired", authority.certifies("localhost", 2001), "expired"),
        (
            "unknown authority",
            stranger.certifies("localhost", 2100),
            "invalid peer certificate",
        ),
        (
            "signed by itself",
            Identity::own("localhost"),
            "invalid peer certificate",
        ),
    ] {
        for over in Over::ALL {
            let server = Server::start(&certificate, Manner::Serves).await;
            let failed = server.send(over, &authority).await.unwrap_err();
            println!("F8 {fault} {over:?}: {failed}");
            assert_eq!(failed.kind(), ErrorKind::Tls, "{fault}: {failed:?}");
            assert!(!failed.is_retryable());
            assert!(
                failed.to_string().contains("https://localhost:"),
                "{failed}"
            );
            assert!(failed.to_string().contains(reason), "{failed}");
            assert_eq!((server.connections(), server.requests()), (1, 0), "{fault}");
        }
    }
}

#[tokio::test]
async fn f8_a_handshake_that_is_cut_off_is_tried_again_even_for_a_write() {
    let authority = Authority::new();
    for over in Over::ALL {
        let server = Server::start(&authority.certifies("localhost", 2100), Manner::Cuts).await;
        let failed = server.send(over, &authority).await.unwrap_err();
        println!("F8 cut {over:?}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert!(
            failed.to_string().contains("https://localhost:"),
            "{failed}"
        );
        assert_eq!((server.connections(), server.requests()), (3, 0));
    }
}

#[tokio::test]
async fn f8_a_handshake_that_ends_with_an_alert_is_tried_again_even_for_a_write() {
    const HANDSHAKE_FAILURE: u8 = 40;
    const INTERNAL_ERROR: u8 = 80;
    let authority = Authority::new();
    let certificate = authority.certifies("localhost", 2100);
    for (over, alert) in Over::ALL
        .into_iter()
        .flat_map(|over| [(over, HANDSHAKE_FAILURE), (over, INTERNAL_ERROR)])
    {
        let server = Server::start(&certificate, Manner::Alerts(alert)).await;
        let failed = server.send(over, &authority).await.unwrap_err();
        println!("F8 alert {over:?}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert!(failed.to_string().contains("fatal alert"), "{failed}");
        assert_eq!((server.connections(), server.requests()), (3, 0));
    }
}

#[tokio::test]
async fn f8_a_handshake_that_hangs_ends_with_the_connect_limit() {
    let authority = Authority::new();
    for over in Over::ALL {
        let server = Server::start(&authority.certifies("localhost", 2100), Manner::Hangs).await;
        let failed = server.send(over, &authority).await.unwrap_err();
        println!("F8 hang {over:?}: {failed}");
        // Not the attempt's limit, which would leave a write's fate unknown.
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert!(failed.to_string().contains("in time"), "{failed}");
        assert_eq!((server.connections(), server.requests()), (3, 0));
    }
}

#[tokio::test]
async fn f8_a_connect_limit_is_set_for_a_client_or_a_call() {
    let server = Server::start(
        &Authority::new().certifies("localhost", 2100),
        Manner::Hangs,
    )
    .await;
    for over in Over::ALL {
        let client = builder()
            .endpoint(format!("https://localhost:{}", server.port))
            .transport(over.transport())
            .connect_timeout(Duration::from_secs(3_600))
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let options = CallOptions::new().connect_timeout(Duration::from_millis(100));
        let failed = client.send_with(write(), &options).await.unwrap_err();
        println!("F8 own limit {over:?}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect, "{failed}");
        // The client's own limit is longer than the transport's and the attempt's, and so the attempt's ends the call.
        let options = CallOptions::new().attempt_timeout(2 * Over::CONNECT_TIMEOUT);
        let failed = client.send_with(write(), &options).await.unwrap_err();
        assert_eq!(failed.kind(), ErrorKind::OutcomeUnknown, "{failed}");
    }
}

#[tokio::test]
async fn f8_plain_text_on_a_tls_port_is_named_and_not_tried_again() {
    // Answers at once, before it has read a request to its end, which a handshake never is.
    let hasty = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let port = hasty.local_addr().unwrap().port();
    let connections = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&connections);
    tokio::spawn(async move {
        while let Ok((mut stream, _)) = hasty.accept().await {
            counted.fetch_add(1, Ordering::SeqCst);
            let Act::Send(bytes) = ok(CREATED) else {
                return;
            };
            _ = stream.write_all(&bytes).await;
        }
    });
    for (over, number) in Over::ALL.into_iter().zip(1..) {
        let failed = send(over, port, &Authority::new()).await.unwrap_err();
        println!("F8 plain text {over:?}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Tls, "{failed:?}");
        assert!(
            failed.to_string().contains("https://localhost:"),
            "{failed}"
        );
        assert_eq!(connections.load(Ordering::SeqCst), number);
    }
}

/// Sends a write to a port of this machine, by a client that trusts one authority.
async fn send(over: Over, port: u16, trusted: &Authority) -> Result<String, Error> {
    let client = builder()
        .endpoint(format!("https://localhost:{port}"))
        .transport(over.trusting(trusted.certificate.pem()))
        .build()
        .unwrap();
    let answer = client.send(write()).await?;
    Ok(answer.video_id.clone())
}

/// An authority that signs certificates.
struct Authority {
    certificate: Certificate,
    issuer: Issuer<'static, KeyPair>,
}

impl Authority {
    fn new() -> Self {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self {
            certificate: params.self_signed(&key).unwrap(),
            issuer: Issuer::new(params, key),
        }
    }

    fn certifies(&self, host: &str, until_year: i32) -> Identity {
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2000, 1, 1);
        params.not_after = date_time_ymd(until_year, 1, 1);
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        Identity { certificate, key }
    }
}

/// A server's certificate and its key.
struct Identity {
    certificate: Certificate,
    key: KeyPair,
}

impl Identity {
    /// One that vouches for itself.
    fn own(host: &str) -> Self {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![host.to_owned()]).unwrap();
        let certificate = params.self_signed(&key).unwrap();
        Self { certificate, key }
    }

    fn acceptor(&self) -> TlsAcceptor {
        let key = PrivateKeyDer::try_from(self.key.serialize_der()).unwrap();
        let config = ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(vec![self.certificate.der().clone()], key);
        TlsAcceptor::from(Arc::new(config.unwrap()))
    }
}

/// What a server does with a connection.
#[derive(Clone, Copy)]
enum Manner {
    Serves,
    /// Closes it once the handshake has begun.
    Cuts,
    /// Refuses the handshake by an alert.
    Alerts(u8),
    /// Says nothing.
    Hangs,
}

/// A TLS server on loopback, which counts.
struct Server {
    port: u16,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    connections: AtomicUsize,
    requests: AtomicUsize,
}

impl Server {
    async fn start(identity: &Identity, manner: Manner) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let counts = Arc::new(Counts::default());
        let acceptor = identity.acceptor();
        let counted = Arc::clone(&counts);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                counted.connections.fetch_add(1, Ordering::SeqCst);
                tokio::spawn(serve(
                    stream,
                    acceptor.clone(),
                    manner,
                    Arc::clone(&counted),
                ));
            }
        });
        Self { port, counts }
    }

    async fn send(&self, over: Over, trusted: &Authority) -> Result<String, Error> {
        send(over, self.port, trusted).await
    }

    fn connections(&self) -> usize {
        self.counts.connections.load(Ordering::SeqCst)
    }

    fn requests(&self) -> usize {
        self.counts.requests.load(Ordering::SeqCst)
    }
}

async fn serve(mut stream: TcpStream, acceptor: TlsAcceptor, manner: Manner, counts: Arc<Counts>) {
    match manner {
        Manner::Serves => {}
        Manner::Cuts => {
            _ = stream.read(&mut [0; 64]).await;
            return;
        }
        Manner::Alerts(alert) => {
            _ = stream.read(&mut [0; 64 << 10]).await;
            _ = stream.write_all(&[21, 3, 3, 0, 2, 2, alert]).await;
            return;
        }
        Manner::Hangs => std::future::pending().await,
    }
    let Ok(mut stream) = acceptor.accept(stream).await else {
        return;
    };
    let mut request = vec![0; 64 << 10];
    if stream
        .read(&mut request)
        .await
        .is_ok_and(|length| length > 0)
    {
        counts.requests.fetch_add(1, Ordering::SeqCst);
    }
    let Act::Send(bytes) = ok(CREATED) else {
        return;
    };
    _ = stream.write_all(&bytes).await;
    _ = stream.shutdown().await;
}
