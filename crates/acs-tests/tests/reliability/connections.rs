//! Connections that are not had, or lead elsewhere.

use std::sync::Arc;
use std::time::Duration;

use acs_core::{CallOptions, ErrorKind, ReqwestTransport, RetryPolicy};
use acs_tests::fault::{Act, FaultServer, answer};
use acs_vod::Client;
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

use crate::support::{Over, PLAY_INFO, builder, credentials, ok, read, write};

#[tokio::test]
async fn f8_a_server_that_is_not_there_is_a_kind_of_its_own() {
    let endpoints = ["http://127.0.0.1:9", "https://nowhere.invalid"];
    for (over, endpoint) in Over::ALL
        .into_iter()
        .flat_map(|over| endpoints.map(|endpoint| (over, endpoint)))
    {
        let client = builder().endpoint(endpoint).transport(over.transport());
        let failed = client.build().unwrap().send(write()).await.unwrap_err();
        println!("F8 {endpoint} {over:?}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert!(failed.is_retryable());
    }
}

#[tokio::test]
async fn the_host_is_sent_once_and_as_it_was_signed() {
    for over in Over::ALL {
        let server = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
        over.client_of(&server).send(read()).await.unwrap();
        let head = server.seen()[0].head.to_lowercase();
        let signed = server.endpoint().replace("http://", "\r\nhost: ");
        assert!(head.contains(&format!("{signed}\r\n")), "{over:?}: {head}");
        assert_eq!(head.matches("\r\nhost:").count(), 1, "{over:?}");
        assert_eq!(head.matches("\r\nuser-agent: acs-sdk-rust/").count(), 1);
    }
}

#[tokio::test]
async fn loopback_is_never_reached_through_a_proxy() {
    let proxy = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    let server = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    let transport = ReqwestTransport::builder()
        .proxy(proxy.endpoint())
        .build()
        .unwrap();
    let client = builder()
        .endpoint(server.endpoint())
        .transport(Arc::new(transport))
        .build()
        .unwrap();
    client.send(read()).await.unwrap();
    assert_eq!((server.seen().len(), proxy.seen().len()), (1, 0));
}

#[tokio::test]
async fn f18_redirects_are_not_followed() {
    let sink = FaultServer::start(|_, _| ok(PLAY_INFO)).await.unwrap();
    for status in ["301 Moved", "302 Found", "307 Temporary", "308 Permanent"] {
        for target in [
            sink.endpoint(),
            "file:///etc/passwd".to_owned(),
            "http://169.254.169.254/".to_owned(),
        ] {
            let location = format!("Location: {target}\r\n");
            let server = FaultServer::start(move |_, _| Act::Send(answer(status, &location, "")))
                .await
                .unwrap();
            for over in Over::ALL {
                let failed = over.client_of(&server).send(read()).await.unwrap_err();
                assert_eq!(failed.kind(), ErrorKind::Service, "{failed}");
            }
        }
    }
    println!("F18: {} requests at the sink", sink.seen().len());
    assert_eq!(sink.seen().len(), 0);
}

#[tokio::test]
async fn f26_a_proxy_that_refuses_or_dies_gets_no_secret() {
    for (act, word) in [
        (
            Act::Send(answer("407 Proxy Authentication Required", "", "")),
            "407",
        ),
        (Act::SendAndClose(Vec::new()), "proxy that dies"),
    ] {
        let proxy = FaultServer::start(move |_, _| act.clone()).await.unwrap();
        let transport = ReqwestTransport::builder()
            .proxy(proxy.endpoint())
            .build()
            .unwrap();
        let client = Client::builder("cn-shanghai")
            .credentials(credentials())
            .transport(Arc::new(transport));
        let failed = client
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
            .send(write())
            .await
            .unwrap_err();
        let seen = proxy.seen();
        println!("F26 {word}: {failed}");
        assert_eq!(failed.kind(), ErrorKind::Connect);
        assert_eq!(seen.len(), 1);
        assert!(
            seen[0]
                .head
                .starts_with("CONNECT vod.cn-shanghai.aliyuncs.com:443 "),
            "{}",
            seen[0].head
        );
        assert!(
            !seen[0].head.to_lowercase().contains("x-acs-")
                && seen[0].header("authorization").is_none()
        );
    }
}

#[tokio::test]
async fn f8_a_call_may_wait_longer_for_a_connection_than_its_client() {
    // Nobody accepts, and the queue is full: whoever comes next waits.
    let socket = TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    let mut queue = Vec::new();
    while let Ok(Ok(stream)) =
        timeout(Duration::from_millis(200), TcpStream::connect(address)).await
    {
        queue.push(stream);
    }
    for over in Over::ALL {
        let client = builder()
            .endpoint(format!("http://{address}"))
            .transport(over.transport())
            .retry(RetryPolicy::none())
            .build()
            .unwrap();
        let options = CallOptions::new().connect_timeout(20 * Over::CONNECT_TIMEOUT);
        let call = client.send_with(write(), &options);
        let waiting = timeout(4 * Over::CONNECT_TIMEOUT, call).await;
        assert!(waiting.is_err(), "{over:?}: {waiting:?}");
    }
}
