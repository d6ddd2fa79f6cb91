//! The instance metadata service: where there is none, where it misbehaves, and which requests it gets.
#![allow(clippy::unwrap_used)]

mod support {
    pub(crate) mod wire;
}

use std::sync::Arc;
use std::time::Duration;

use acs_core::ReplayTransport;
use acs_credentials::{
    Chain, Context, CredentialsCache, CredentialsUri, EcsRamRole, FixedEnv, Source as _,
    StepOutcome,
};
use support::wire::{Act, Server, transport};

const TOKEN: &str = "PUT /latest/api/token";
const ROLES: &str = "GET /latest/meta-data/ram/security-credentials/";
const ROLE: &str = "GET /latest/meta-data/ram/security-credentials/node";

fn keys(expiration: &str) -> String {
    format!(
        r#"{{"Code":"Success","AccessKeyId":"STS.I","AccessKeySecret":"canary-secret","SecurityToken":"canary-token","Expiration":"{expiration}"}}"#
    )
}

fn good() -> Act {
    Act::Answer(200, "", keys("2999-01-01T00:00:00Z"))
}

fn text(status: u16, body: &str) -> Act {
    Act::Answer(status, "", body.to_owned())
}

fn context() -> Context {
    Context::isolated().with_transport(transport())
}

fn seconds(context: &Context, start: Duration) -> f64 {
    (context.runtime().elapsed() - start).as_secs_f64()
}

/// Asks the metadata service in a chain, followed by a step that always has keys.
async fn through_a_chain(base: &str) -> (f64, Vec<acs_credentials::StepReport>) {
    let context = context();
    let start = context.runtime().elapsed();
    let last = acs_credentials::Static::access_key("LTAI", "secret").unwrap();
    let chain = Chain::empty("default")
        .with(EcsRamRole::probe().base_url(base))
        .with(last);
    let reports = chain.explain(&context).await;
    (seconds(&context, start), reports)
}

#[tokio::test]
async fn f15_a_chain_goes_on_where_the_metadata_service_hangs_is_a_black_hole_or_is_off() {
    let hangs = Server::start(vec![("", vec![Act::Hang])]).await;
    // A queue of one connection that nobody accepts: the next one is never answered.
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind("127.0.0.1:0".parse().unwrap()).unwrap();
    let black_hole = socket.listen(1).unwrap();
    let address = black_hole.local_addr().unwrap();
    let mut queued = Vec::new();
    for _ in 0..4 {
        queued.push(
            tokio::time::timeout(
                Duration::from_millis(100),
                tokio::net::TcpStream::connect(address),
            )
            .await,
        );
    }
    let off = {
        let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
        format!("http://{}", listener.local_addr().unwrap())
    };
    for (name, base, expected_requests) in [
        ("hangs", hangs.base.clone(), Some(2)),
        ("black hole", format!("http://{address}"), None),
        ("off", off, None),
    ] {
        let (took, reports) = through_a_chain(&base).await;
        println!("F15: {name}: the chain went on after {took:.2} s");
        assert!(
            matches!(&reports[0].outcome, StepOutcome::NotConfigured(_)),
            "{name}: {:?}",
            reports[0]
        );
        assert!(
            matches!(&reports[1].outcome, StepOutcome::Found { .. }),
            "{name}: {:?}",
            reports[1]
        );
        assert!(took <= 2.2, "{name}: {took} s");
        if let Some(requests) = expected_requests {
            assert!(hangs.seen().len() <= requests, "{:?}", hangs.seen());
        } else {
            // One attempt to connect, not one for each version of the service.
            assert!(took <= 1.2, "{name}: {took} s");
        }
    }
    drop(queued);
}

#[tokio::test]
async fn f16_an_answer_that_is_none_is_refused_and_asked_for_once_a_second_at_most() {
    for (name, role_list, answer) in [
        (
            "expired",
            text(200, "node"),
            Act::Answer(200, "", keys("2020-01-01T00:00:00Z")),
        ),
        (
            "code is not Success",
            text(200, "node"),
            text(200, r#"{"Code":"Failed"}"#),
        ),
        ("two roles", text(200, "node\nother"), good()),
        ("no role", text(200, " \n"), good()),
        ("a path for a role", text(200, "../../user-data"), good()),
        ("HTML for a role", text(200, "<html>sign in</html>"), good()),
        (
            "HTML for keys",
            text(200, "node"),
            text(200, "<html>canary-secret</html>"),
        ),
        (
            "no expiry",
            text(200, "node"),
            text(
                200,
                r#"{"Code":"Success","AccessKeyId":"a","AccessKeySecret":"canary-secret","SecurityToken":"t"}"#,
            ),
        ),
        ("too large", text(200, "node"), Act::Flood(200 << 10)),
        ("closed", text(200, "node"), Act::Close),
    ] {
        let server = Server::start(vec![
            (TOKEN, vec![text(200, "TOKEN")]),
            (ROLE, vec![answer]),
            (ROLES, vec![role_list]),
        ])
        .await;
        let cache = CredentialsCache::builder(
            Chain::empty("default").with(EcsRamRole::probe().base_url(&server.base)),
        )
        .context(context())
        .build();
        let mut error = String::new();
        for _ in 0..100 {
            error = cache.get().await.unwrap_err().to_string();
        }
        let requests = server.seen().len();
        println!("F16: {name}: {requests} request(s) for 100 calls; {error}");
        assert!(requests <= 4, "{name}: {:?}", server.seen());
        // A name that is none never becomes part of an address.
        let is_bad_name = ["two roles", "a path for a role", "HTML for a role"].contains(&name);
        assert_eq!(
            error.contains("role name is malformed"),
            is_bad_name,
            "{name}: {error}"
        );
        assert!(!is_bad_name || requests == 2, "{name}: {:?}", server.seen());
        assert!(!error.contains("canary"), "{name}: {error}");
        // A service that answers is there: only without an answer, or without a role, nobody set it up.
        let is_silent = ["no role", "closed"].contains(&name);
        assert_eq!(
            error.contains("ecs_ram_role: failed"),
            !is_silent,
            "{name}: {error}"
        );
    }
}

#[tokio::test]
async fn f17_version_1_is_asked_only_when_allowed_and_an_expired_token_is_replaced_once() {
    let allowed = Context::isolated().with_transport(transport());
    let forbidden = allowed
        .clone()
        .with_env(FixedEnv::from([("ALIBABA_CLOUD_IMDSV1_DISABLED", "true")]));
    let token = |acts: &[Act]| (TOKEN, acts.to_vec());
    for (name, context, acts, expected, served) in [
        (
            "token 403, version 1 allowed",
            &allowed,
            vec![token(&[text(403, "")]), (ROLE, vec![good()])],
            vec![TOKEN.to_owned(), ROLE.to_owned()],
            true,
        ),
        (
            "token 404, version 1 forbidden",
            &forbidden,
            vec![token(&[text(404, "")]), (ROLE, vec![good()])],
            // The second attempt of the load, and nothing more.
            vec![TOKEN.to_owned(), TOKEN.to_owned()],
            false,
        ),
        (
            "token expired",
            &allowed,
            vec![
                token(&[text(200, "T1"), text(200, "T2")]),
                (ROLE, vec![text(401, ""), good()]),
            ],
            vec![
                TOKEN.to_owned(),
                format!("{ROLE} +token"),
                TOKEN.to_owned(),
                format!("{ROLE} +token"),
            ],
            true,
        ),
        (
            "token refused for the page, version 1 allowed",
            &allowed,
            vec![
                token(&[text(200, "T1")]),
                (ROLE, vec![text(403, ""), good()]),
            ],
            vec![TOKEN.to_owned(), format!("{ROLE} +token"), ROLE.to_owned()],
            true,
        ),
        (
            "a redirect is not followed",
            &allowed,
            vec![
                token(&[text(200, "T1")]),
                (
                    ROLE,
                    vec![Act::Answer(302, "location: /elsewhere\r\n", String::new())],
                ),
            ],
            // The token is remembered for the second attempt.
            vec![
                TOKEN.to_owned(),
                format!("{ROLE} +token"),
                format!("{ROLE} +token"),
            ],
            false,
        ),
    ] {
        let server = Server::start(acts).await;
        let source = EcsRamRole::new().role_name("node").base_url(&server.base);
        let loaded = source.load(context).await;
        println!("F17: {name}: {} requests", server.seen().len());
        assert_eq!(server.seen(), expected, "{name}");
        assert_eq!(loaded.is_ok(), served, "{name}: {loaded:?}");
    }
}

#[tokio::test]
async fn f17_version_1_is_asked_for_no_other_refusal_than_that_of_a_service_without_version_2() {
    let without = [
        text(403, ""),
        text(404, ""),
        text(405, ""),
        text(500, ""),
        text(503, ""),
        Act::Hang,
        Act::Close,
    ];
    let other = [301, 302, 307, 400, 401, 402, 406, 429]
        .map(|status| Act::Answer(status, "location: /latest/api/token2\r\n", String::new()));
    let other = other.into_iter().chain([Act::Flood(200 << 10)]);
    for (acts, is_asked) in [(without.to_vec(), true), (other.collect(), false)] {
        for act in acts {
            let server =
                Server::start(vec![(TOKEN, vec![act.clone()]), (ROLE, vec![good()])]).await;
            let context =
                context().with_env(FixedEnv::from([("ALIBABA_CLOUD_ECS_METADATA", "node")]));
            let found = EcsRamRole::probe()
                .base_url(&server.base)
                .load(&context)
                .await;
            assert_eq!(found.is_ok(), is_asked, "{act:?}: {found:?}");
            let asked = server
                .seen()
                .iter()
                .filter(|request| *request == ROLE)
                .count();
            assert_eq!(asked, usize::from(is_asked), "{act:?}: {:?}", server.seen());
        }
    }
    println!(
        "F17: version 1 is asked after 403, 404, 405, 5xx, silence and a closed connection, and after nothing else"
    );
}

#[tokio::test]
async fn f17_a_page_that_is_refused_with_a_token_is_asked_for_without_one_only_on_403() {
    for (status, pages) in [(400, 1), (404, 1), (429, 1), (500, 1), (403, 2), (401, 2)] {
        let server = Server::start(vec![
            (TOKEN, vec![text(200, "T")]),
            (ROLE, vec![text(status, "")]),
        ])
        .await;
        let context = context().with_env(FixedEnv::from([("ALIBABA_CLOUD_ECS_METADATA", "node")]));
        EcsRamRole::probe()
            .base_url(&server.base)
            .load(&context)
            .await
            .unwrap_err();
        let seen = server.seen();
        let with_token = format!("{ROLE} +token");
        let bare = seen.iter().filter(|request| *request == ROLE).count();
        let tokens = seen
            .iter()
            .filter(|request| **request == with_token)
            .count();
        assert_eq!(bare + tokens, pages, "{status}: {seen:?}");
        assert_eq!(bare, usize::from(status == 403), "{status}: {seen:?}");
    }
}

#[tokio::test]
async fn a_token_is_used_again_until_shortly_before_its_end() {
    let server = Server::start(vec![(TOKEN, vec![text(200, "T")]), (ROLE, vec![good()])]).await;
    let source = EcsRamRole::new().role_name("node").base_url(&server.base);
    let context = context();
    for _ in 0..3 {
        source.load(&context).await.unwrap();
    }
    assert_eq!(
        server
            .seen()
            .iter()
            .filter(|request| *request == TOKEN)
            .count(),
        1
    );
}

#[tokio::test]
async fn an_instance_that_once_answered_is_not_taken_for_none_when_it_falls_silent() {
    let server = Server::start(vec![
        (TOKEN, vec![text(200, "T")]),
        (ROLE, vec![good(), Act::Close]),
    ])
    .await;
    let context = context().with_env(FixedEnv::from([("ALIBABA_CLOUD_ECS_METADATA", "node")]));
    let other = acs_credentials::Static::access_key("LTAI", "secret").unwrap();
    let chain = Chain::empty("default")
        .with(EcsRamRole::probe().base_url(&server.base))
        .with(other);
    chain.load(&context).await.unwrap();
    // The next step is another identity: it must not stand in.
    let before = server.seen().len();
    let error = chain.load(&context).await.unwrap_err().to_string();
    assert!(error.contains("ecs_ram_role: failed"), "{error}");
    // It is asked twice now, as off a chain: that it is there is known.
    assert_eq!(server.seen().len() - before, 2, "{:?}", server.seen());
}

#[tokio::test]
async fn f18_a_credentials_uri_is_not_left_for_where_it_redirects_to() {
    let sink = Server::start(vec![("", vec![good()])]).await;
    for status in [301, 302, 307, 308] {
        let location = format!("location: {}/x\r\n", sink.base);
        let location: &'static str = Box::leak(location.into_boxed_str());
        let server = Server::start(vec![(
            "GET",
            vec![Act::Answer(status, location, String::new())],
        )])
        .await;
        let error = CredentialsUri::new(format!("{}/cred", server.base))
            .load(&context())
            .await
            .unwrap_err();
        assert!(error.to_string().contains(&status.to_string()), "{error}");
    }
    println!("F18: {} requests at the sink", sink.seen().len());
    assert!(sink.seen().is_empty());
}

#[tokio::test]
async fn metadata_and_credentials_uris_never_go_through_a_proxy() {
    let answers = |count: usize| {
        let transport = Arc::new(ReplayTransport::new());
        for _ in 0..count {
            transport.answer(200, keys("2999-01-01T00:00:00Z"));
        }
        transport
    };
    for uri in [
        "https://keys.example.com/x",
        "http://127.0.0.1:1/x",
        "http://100.100.100.200/x",
    ] {
        let (general, direct) = (answers(1), answers(1));
        let context = Context::isolated()
            .with_transports(Arc::clone(&general) as _, Arc::clone(&direct) as _);
        CredentialsUri::new(uri).load(&context).await.unwrap();
        assert_eq!((general.sent().len(), direct.sent().len()), (0, 1), "{uri}");
    }
    let (general, direct) = (answers(2), answers(2));
    let context =
        Context::isolated().with_transports(Arc::clone(&general) as _, Arc::clone(&direct) as _);
    let role = EcsRamRole::new().role_name("node");
    // The first answer is taken for the token.
    role.load(&context).await.unwrap();
    assert_eq!((general.sent().len(), direct.sent().len()), (0, 2));
}

#[tokio::test]
async fn no_message_shows_the_query_or_the_answer_of_a_credentials_uri() {
    let server = Server::start(vec![("GET", vec![text(200, "canary-secret")])]).await;
    let address = server.base.replace("http://", "http://canary:canary@");
    for uri in [
        format!("{}/cred?key=canary", server.base),
        format!("{address}/cred?key=canary"),
    ] {
        let error = CredentialsUri::new(uri).load(&context()).await.unwrap_err();
        assert!(!format!("{error} {error:?}").contains("canary"), "{error}");
    }
}
