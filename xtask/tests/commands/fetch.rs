//! Documents from a server.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;

use crate::{Folder, document, stderr, stdout, xtask};

#[test]
fn a_fetch_without_a_network_says_what_else_to_do() {
    // Port 9 of loopback takes no connections.
    let output = xtask(&[
        "metadata",
        "fetch",
        "vod",
        "2017-03-21",
        "--base",
        "http://127.0.0.1:9/meta/v1",
    ]);
    let error = stderr(&output);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert!(
        error.contains("http://127.0.0.1:9/meta/v1/products/vod/versions/2017-03-21/api-docs.json"),
        "{error}"
    );
    assert!(error.contains("metadata import FILE"), "{error}");
    let output = xtask(&["metadata", "fetch", "../vod", "2017-03-21"]);
    assert_eq!(output.status.code(), Some(2));
}

#[test]
fn a_fetch_keeps_the_document_as_it_is_served() {
    let folder = Folder::new("fetch");
    let text = fs::read_to_string(document("form")).unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let base = format!("http://{}/meta/v1", listener.local_addr().unwrap());
    let served = text.clone();
    let server = std::thread::spawn(move || {
        let (mut connection, _) = listener.accept().unwrap();
        let mut head = vec![0; 4_096];
        let length = connection.read(&mut head).unwrap();
        let answer = format!(
            "HTTP/1.1 200 OK\r\nContent-Length: {}\r\n\r\n{served}",
            served.len()
        );
        connection.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&head[..length]).into_owned()
    });
    let out = folder.0.join("nlb.json");
    let output = xtask(&[
        "metadata",
        "fetch",
        "Nlb",
        "2022-04-30",
        "--base",
        &base,
        "--out",
        out.to_str().unwrap(),
    ]);
    assert!(output.status.success(), "{}", stderr(&output));
    let head = server.join().unwrap();
    assert!(
        head.starts_with(
            "GET /meta/v1/products/Nlb/versions/2022-04-30/api-docs.json HTTP/1.1\r\n"
        ),
        "{head}"
    );
    assert_eq!(fs::read_to_string(out).unwrap(), text);
    assert!(
        stdout(&output).contains("metadata import"),
        "{}",
        stdout(&output)
    );
}
