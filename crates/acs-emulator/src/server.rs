//! The HTTP server: accepts on loopback, routes each request to its service, logs the answer.

use std::convert::Infallible;
use std::io;
use std::net::IpAddr;
use std::sync::Arc;
use std::time::Duration;

use http::request::Parts;
use http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::{Body as _, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio::task::JoinSet;

use crate::body::{self, Body};
use crate::oss::set;
use crate::policy::Context;
use crate::state::Cloud;
use crate::trace::Trace;
use crate::{cdn, clock, mps, oss, rpc};

/// Serves until `stop` changes or its sender is gone; then ends every connection.
pub(crate) async fn serve(
    listener: TcpListener,
    cloud: Arc<Cloud>,
    mut stop: watch::Receiver<bool>,
) {
    let mut connections = JoinSet::new();
    loop {
        tokio::select! {
            accepted = listener.accept() => match accepted {
                Ok((stream, peer)) => {
                    connections.spawn(connection(stream, peer.ip(), Arc::clone(&cloud)));
                }
                // Out of file handles, most likely: wait for some to be closed.
                Err(_) => tokio::time::sleep(Duration::from_millis(50)).await,
            },
            Some(_) = connections.join_next() => {}
            _ = stop.changed() => break,
        }
    }
    connections.shutdown().await;
}

async fn connection(stream: TcpStream, peer: IpAddr, cloud: Arc<Cloud>) {
    // Answers are small and follow small requests: waiting for more to send only delays them.
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request| answer(Arc::clone(&cloud), peer, request));
    let served = http1::Builder::new()
        .timer(TokioTimer::new())
        .auto_date_header(false)
        .serve_connection(TokioIo::new(stream), service)
        .await;
    // A client that hangs up is nobody's fault.
    drop(served);
}

async fn answer(
    cloud: Arc<Cloud>,
    peer: IpAddr,
    request: Request<Incoming>,
) -> Result<Response<Body>, Infallible> {
    let (parts, mut body) = request.into_parts();
    mps::settle(&cloud);
    let context = Context {
        source_ip: peer,
        now: (cloud.now)(),
    };
    let mut trace = Trace::default();
    let mut response = match route(&cloud, &parts) {
        Route::Emulator => emulator(&cloud, &parts, &mut trace),
        Route::Rpc => rpc::handle(&cloud, context, &parts, &mut body, &mut trace).await,
        Route::Cdn => cdn::handle(&cloud, &parts, &mut trace).await,
        Route::Oss => oss::handle(&cloud, context, &parts, &mut body, &mut trace).await,
    };
    if !body.is_end_stream() && !parts.headers.contains_key("expect") {
        body::drain(&mut body).await;
    }
    set(&mut response, "date", &clock::http_date((cloud.now)()));
    response
        .headers_mut()
        .insert("server", HeaderValue::from_static("acs-emulator"));
    let record = trace.into_record(&cloud, &parts, response.status().as_u16());
    cloud.log.push(record);
    Ok(response)
}

enum Route {
    Emulator,
    Rpc,
    Cdn,
    Oss,
}

fn route(cloud: &Cloud, parts: &Parts) -> Route {
    let path = parts.uri.path();
    if path.starts_with("/_emulator/") {
        return Route::Emulator;
    }
    let authorization = parts.headers.get("authorization");
    let is_acs = authorization.is_some_and(|value| value.as_bytes().starts_with(b"ACS"));
    if is_acs || parts.headers.contains_key("x-acs-action") {
        return Route::Rpc;
    }
    let host = oss::host(&parts.headers);
    let is_bucket_host = host
        .split_once('.')
        .is_some_and(|(first, _)| cloud.store.has_bucket(first));
    if is_bucket_host {
        return Route::Oss;
    }
    if path == "/" && authorization.is_none() {
        return Route::Rpc;
    }
    match cdn::is_play_path(path) {
        true => Route::Cdn,
        false => Route::Oss,
    }
}

fn emulator(cloud: &Cloud, parts: &Parts, trace: &mut Trace) -> Response<Body> {
    "emulator".clone_into(&mut trace.service);
    trace.request_id = cloud.random.request_id();
    let is_get = parts.method == Method::GET;
    let (status, page) = match parts.uri.path() {
        "/_emulator/requests" | "/_emulator/account" if !is_get => (
            StatusCode::METHOD_NOT_ALLOWED,
            serde_json::json!({ "error": "this page is there to GET" }),
        ),
        "/_emulator/requests" => (StatusCode::OK, cloud.log.to_json()),
        "/_emulator/account" => (StatusCode::OK, account(cloud)),
        _ => (
            StatusCode::NOT_FOUND,
            serde_json::json!({ "error": "no such page" }),
        ),
    };
    let mut response = Response::new(Body::from(page.to_string()));
    *response.status_mut() = status;
    if status == StatusCode::METHOD_NOT_ALLOWED {
        set(&mut response, "allow", "GET");
    }
    set(&mut response, "content-type", "application/json");
    response
}

/// What there is in the account, without its key.
fn account(cloud: &Cloud) -> serde_json::Value {
    serde_json::json!({
        "account_id": cloud.identity.account_id,
        "role_arn": cloud.identity.role_arn(),
        "bucket": cloud.settings.user_bucket,
        "pipeline_id": cloud.settings.pipeline_id,
        "region": cloud.settings.region,
        "discard_bodies": cloud.store.discards_bodies(),
    })
}

/// Binds `port` on 127.0.0.1 and nothing else; 0 takes any free port. An error names the port.
pub(crate) async fn bind(port: u16) -> io::Result<TcpListener> {
    TcpListener::bind((std::net::Ipv4Addr::LOCALHOST, port))
        .await
        .map_err(|error| io::Error::new(error.kind(), format!("port {port}: {error}")))
}
