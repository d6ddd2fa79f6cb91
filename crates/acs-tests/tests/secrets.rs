//! B4: no secret, token or signature in any log, error or Debug text.

#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "helpers of tests")]

use std::io;
use std::sync::{Arc, Mutex};

use acs_core::{
    CallOptions, Credentials, HyperTransport, ReplayTransport, ReqwestTransport, RetryPolicy,
    SharedTransport, TransportErrorKind,
};
use acs_emulator::Emulator;
use acs_sts::AssumeRole;
use acs_tests::fault::{Act, FaultServer, answer};
use acs_vod::upload::{UploadTicket, Uploader};
use acs_vod::{Client, CreateUploadVideo, GetPlayInfo, GetVideoPlayAuth};
use tracing_subscriber::fmt::MakeWriter;

const SECRET: &str = "canary-access-key-secret";
const TOKEN: &str = "canary-security/token+of==";
const BEARER: &str = "canary-bearer/token+of==";

#[test]
fn b4_no_secret_token_or_signature_is_in_any_output() {
    let output = Output::default();
    let subscriber = tracing_subscriber::fmt()
        .with_max_level(tracing::Level::TRACE)
        .with_writer(output.clone())
        .finish();
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    let mut canaries = vec![
        SECRET.to_owned(),
        // Whatever stands around these is written in one form or another.
        "canary-security".to_owned(),
        "canary-bearer".to_owned(),
    ];
    tracing::subscriber::with_default(subscriber, || {
        runtime.block_on(async {
            against_an_emulator(&output, &mut canaries).await;
            let reqwest = ReqwestTransport::builder().build().unwrap();
            against_faults(&output, &mut canaries, Arc::new(reqwest)).await;
            let hyper = HyperTransport::builder().build().unwrap();
            against_faults(&output, &mut canaries, Arc::new(hyper)).await;
            against_echoes(&output).await;
        });
    });
    let text = output.text();
    assert!(
        text.contains("GetPlayInfo") && text.contains("attempt ended"),
        "the log is empty"
    );
    for canary in &canaries {
        assert!(!text.contains(canary.as_str()), "found {canary}");
    }
    println!(
        "B4: {} bytes of logs, errors and Debug texts, 0 of {} canaries",
        text.len(),
        canaries.len()
    );
}

/// Everything that is made and returned on the way of an upload, printed.
async fn against_an_emulator(output: &Output, canaries: &mut Vec<String>) {
    let emulator = Emulator::builder().start().await.unwrap();
    canaries.push(emulator.access_key_secret().to_owned());
    let credentials =
        Credentials::access_key(emulator.access_key_id(), emulator.access_key_secret()).unwrap();
    output.debug(&credentials);
    let sts = acs_sts::Client::builder("cn-shanghai")
        .endpoint(emulator.endpoint())
        .credentials(credentials.clone());
    let sts = sts.build().unwrap();
    let session = sts
        .send(AssumeRole::new(emulator.role_arn(), "b4-test"))
        .await
        .unwrap();
    output.debug(&session);
    let session = session.into_inner().credentials;
    canaries.extend([
        session.access_key_secret.clone(),
        session.security_token.clone(),
    ]);
    output.debug(&session);
    let credentials = Credentials::sts(
        session.access_key_id,
        session.access_key_secret,
        session.security_token,
    )
    .unwrap();
    output.debug(&credentials);

    let vod = Client::builder("cn-shanghai")
        .endpoint(emulator.endpoint())
        .credentials(credentials)
        .build()
        .unwrap();
    output.debug(&vod);
    let created = vod
        .send(CreateUploadVideo::new("T", "clip.mp4"))
        .await
        .unwrap();
    output.debug(&created);
    canaries.push(created.upload_auth.clone());
    let video_id = created.video_id.clone();
    let ticket = UploadTicket::from(created.into_inner());
    let auth = ticket.auth(emulator.now()).unwrap();
    canaries.push(auth.credentials.access_key_secret().to_owned());
    canaries.extend(auth.credentials.security_token().map(str::to_owned));
    output.debug(&(&ticket, &auth));

    let folder = tempfile::TempDir::new().unwrap();
    let file = folder.path().join("clip.mp4");
    std::fs::write(&file, vec![7; 100_000]).unwrap();
    output.debug(&Uploader::new(ticket).upload_file(&file).await.unwrap());

    // A play credential is not to be had before the video is Normal, so this is an error, or holds a secret.
    let play_auth = vod.send(GetVideoPlayAuth::new().video_id(&video_id)).await;
    canaries.extend(
        play_auth
            .as_ref()
            .ok()
            .map(|answer| answer.play_auth.clone()),
    );
    output.debug(&play_auth);
    for record in emulator.requests() {
        output.debug(&record);
    }
    emulator.shutdown().await;
}

/// Errors of every kind, printed with all their sources.
async fn against_faults(output: &Output, canaries: &mut Vec<String>, transport: SharedTransport) {
    output.debug(&transport);
    let credentials = Credentials::sts("STS.test", SECRET, TOKEN).unwrap();
    let client = |builder: acs_core::ClientBuilder<acs_vod::Vod>| {
        builder
            .credentials(credentials.clone())
            .retry(RetryPolicy::none())
            .build()
            .unwrap()
    };
    let to = |endpoint: &str| {
        let builder = Client::builder("cn-shanghai").endpoint(endpoint);
        client(builder.transport(Arc::clone(&transport)))
    };
    let body = r#"{"Code":"Forbidden","Message":"no","RequestId":"R"}"#;
    let acts = [
        Act::SendAndReset(Vec::new()),
        Act::SendAndClose(b"HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\n{".to_vec()),
        Act::Send(answer("403 Forbidden", "", body)),
        Act::Send(answer("200 OK", "", "<html>")),
        Act::Send(answer("302 Found", "Location: http://127.0.0.1:9/\r\n", "")),
    ];
    for act in acts {
        let server = FaultServer::start(move |_, _| act.clone()).await.unwrap();
        let failed = to(&server.endpoint())
            .send(GetPlayInfo::new().video_id("v1"))
            .await
            .unwrap_err();
        let seen = &server.seen()[0];
        let authorization = seen.header("authorization").unwrap();
        canaries.push(
            authorization
                .rsplit_once("Signature=")
                .unwrap()
                .1
                .to_owned(),
        );
        assert_eq!(seen.header("x-acs-security-token"), Some(TOKEN));
        output.error(&failed);
    }
    output.error(
        &to("http://127.0.0.1:9")
            .send(GetPlayInfo::new().video_id("v1"))
            .await
            .unwrap_err(),
    );
    let slow = FaultServer::start(|_, _| Act::SendAndHang(Vec::new()))
        .await
        .unwrap();
    let options = CallOptions::new().attempt_timeout(std::time::Duration::from_millis(50));
    output.error(
        &to(&slow.endpoint())
            .send_with(GetPlayInfo::new().video_id("v1"), &options)
            .await
            .unwrap_err(),
    );

    let transport = Arc::new(ReplayTransport::new());
    transport.fail(TransportErrorKind::Interrupted);
    let replaying = client(Client::builder("cn-shanghai").transport(Arc::clone(&transport) as _));
    output.error(
        &replaying
            .send(CreateUploadVideo::new("T", "clip.mp4"))
            .await
            .unwrap_err(),
    );
    output.debug(&transport.sent());
    // What a caller gives that is wrong is named and not shown.
    output.error(&Credentials::sts("STS.test", format!("{SECRET}\n"), TOKEN).unwrap_err());
    output.error(&UploadTicket::from_json(&format!(r#"{{"VideoId":"{TOKEN}""#)).unwrap_err());
}

/// Answers that send the token back, in every field and form.
async fn against_echoes(output: &Output) {
    let holders = [
        (TOKEN, Credentials::sts("STS.test", SECRET, TOKEN).unwrap()),
        (BEARER, Credentials::bearer_token(BEARER).unwrap()),
    ];
    for (token, credentials) in holders {
        let in_json = token.replace('/', "\\/").replace('=', "\\u003d");
        let in_url = acs_signer::percent_encode(token);
        for echo in [token, &in_json, &in_url, &in_url.to_lowercase()] {
            let fields = format!(
                r#"{{"Code":"C.{echo}","Message":"{echo} is wrong","Recommend":"https://e/?t={echo}","RequestId":"{echo}"}}"#
            );
            let xml = format!("<Error><Code>{echo}</Code><Message>{echo}</Message></Error>");
            let long = format!("<html>{}{echo}", "x".repeat(485));
            for (status, body) in [
                (403, fields.clone()),
                (403, xml),
                (502, long.clone()),
                (200, long),
                (200, format!("{fields}{fields}")),
            ] {
                let mut response = http::Response::new(body.into());
                *response.status_mut() = http::StatusCode::from_u16(status).unwrap();
                if let Ok(id) = echo.parse() {
                    response.headers_mut().insert("x-acs-request-id", id);
                }
                let transport = Arc::new(ReplayTransport::new());
                transport.answer_with(response);
                let client = Client::builder("cn-shanghai")
                    .credentials(credentials.clone())
                    .transport(transport)
                    .retry(RetryPolicy::none())
                    .build()
                    .unwrap();
                let call = client.send(GetPlayInfo::new().video_id("v1"));
                output.error(&call.await.unwrap_err());
            }
        }
    }
}

/// Collects what is logged and printed.
#[derive(Clone, Default)]
struct Output(Arc<Mutex<Vec<u8>>>);

impl Output {
    fn debug(&self, value: &dyn std::fmt::Debug) {
        self.write(&format!("{value:?}\n{value:#?}\n"));
    }

    fn error(&self, error: &acs_core::Error) {
        self.debug(error);
        let mut next: Option<&dyn std::error::Error> = Some(error);
        while let Some(error) = next {
            self.write(&format!("{error}\n"));
            next = error.source();
        }
    }

    fn write(&self, text: &str) {
        self.0.lock().unwrap().extend_from_slice(text.as_bytes());
    }

    fn text(&self) -> String {
        String::from_utf8_lossy(&self.0.lock().unwrap()).into_owned()
    }
}

impl io::Write for Output {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap().extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl<'a> MakeWriter<'a> for Output {
    type Writer = Self;

    fn make_writer(&'a self) -> Self {
        self.clone()
    }
}
