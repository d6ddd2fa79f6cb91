//! Everything that reads what others wrote: each with an input that it takes, where the secret reads `canary`.

use std::io;
use std::path::Path;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context as Task, Poll, Waker};

use acs_core::{Body, BoxFuture, Transport, TransportError};
use http::HeaderMap;
use zeroize::Zeroizing;

use crate::config::cli::CliConfig;
use crate::config::ini::Ini;
use crate::context::http::Answer;
use crate::providers::split_command;
use crate::session::{self, Clocks};
use crate::{
    CliProfile, CommandLine, Context, CredentialsUri, EcsRamRole, Environment, ExternalProcess,
    Files, FixedEnv, OidcRoleArn, ProcessOutput, Processes, Profile, RamRoleArn, Source, Static,
    from_options,
};

/// A parser, and an input that it takes: mutations begin there.
pub(super) struct Parser {
    pub(super) name: &'static str,
    pub(super) seed: &'static [u8],
    /// Returns all that anybody can be shown of what was read, or of what was wrong with it.
    pub(super) parse: fn(&[u8]) -> Result<String, String>,
}

const ROLE: &str = "acs:ram::1234567890123456:role/app";
const SESSION: &[u8] = br#"{"Code":"Success","AccessKeyId":"I","AccessKeySecret":"canary","SecurityToken":"canary","Expiration":"2999-11-20T09:05:30Z"}"#;
const STS_SESSION: &[u8] = br#"{"Credentials":{"AccessKeyId":"I","AccessKeySecret":"canary","SecurityToken":"canary","Expiration":"2999-11-20T09:05:30Z"},"RequestId":"R"}"#;
#[cfg(feature = "oauth")]
const OAUTH_CONFIG: &[u8] = br#"{"current":"o","meta":[1,{"x":null}],"profiles":[{"name":"o","mode":"OAuth","oauth_site_type":"CN","oauth_access_token":"canary","oauth_refresh_token":"canary","oauth_access_token_expire":1}]}"#;
#[cfg(feature = "oauth")]
const OAUTH_TOKENS: &[u8] =
    br#"{"access_token":"canary","refresh_token":"canary","expires_in":3600}"#;

pub(super) const PARSERS: &[Parser] = &[
    Parser {
        name: "ini file",
        seed: b"[default]\ntype = access_key # c\naccess_key_id = I\naccess_key_secret = canary\n\n[p2]\r\ntype=sts\r\nsecurity_token=canary\r\n",
        parse: |bytes| match Ini::parse(bytes) {
            Ok(ini) => {
                let _ = ini.value("default", "access_key_secret");
                Ok(String::new())
            }
            Err(error) => Err(format!("{error} {error:?}")),
        },
    },
    Parser {
        name: "config.json",
        seed: br#"{"current":"a","profiles":[{"name":"a","mode":"AK","access_key_id":"I","access_key_secret":"canary","expired_seconds":900,"enable_vpc":true,"sts_expiration":"1"}]}"#,
        parse: |bytes| CliConfig::parse(bytes).map(|_| String::new()),
    },
    Parser {
        name: "session keys",
        seed: SESSION,
        parse: |bytes| {
            let read = || {
                let mut map = session::parse_object(bytes, "the answer")?;
                session::check_code(&map, "the answer", false)?;
                let headers = HeaderMap::new();
                let clocks = Clocks { what: "the answer", now: chrono::DateTime::UNIX_EPOCH, headers: &headers };
                session::take_session(&mut map, "x".to_owned(), &clocks)
            };
            shown(read())
        },
    },
    Parser {
        name: "ini file, as a role on another section",
        seed: b"[default]\ntype = ram_role_arn\nrole_arn = acs:ram::1234567890123456:role/app\nrole_session_name = name\npolicy = {}\nsource = keys\nrole_session_expiration = 900\nexternal_id = EXT\nsts_region = cn-shanghai\nenable_vpc = true\n[keys]\ntype = sts\naccess_key_id = I\naccess_key_secret = canary\nsecurity_token = canary\n",
        parse: |bytes| {
            load(&Profile::current(), &reading(bytes).with_transport(always(STS_SESSION)))
        },
    },
    Parser {
        name: "config.json, as a role on another profile",
        seed: br#"{"current":"r","profiles":[{"name":"r","mode":"ChainableRamRoleArn","source_profile":"a","ram_role_arn":"acs:ram::1234567890123456:role/app","ram_session_name":"name","expired_seconds":900,"sts_endpoint":"https://sts.aliyuncs.com/","policy":"{}","external_id":"EXT"},{"name":"a","mode":"StsToken","access_key_id":"I","access_key_secret":"canary","sts_token":"canary"}]}"#,
        parse: |bytes| {
            load(&CliProfile::current(), &reading(bytes).with_transport(always(STS_SESSION)))
        },
    },
    #[cfg(feature = "oauth")]
    Parser {
        name: "config.json, as OAuth that is written back",
        seed: OAUTH_CONFIG,
        parse: |bytes| load(&CliProfile::current(), &reading(bytes).with_transport(oauth(OAUTH_TOKENS, SESSION))),
    },
    Parser {
        name: "config.json, as CloudSSO",
        seed: br#"{"current":"s","profiles":[{"name":"s","mode":"CloudSSO","cloud_sso_sign_in_url":"https://signin.example.com:8443/x","cloud_sso_account_id":"1","cloud_sso_access_config":"c","access_token":"canary","cloud_sso_access_token_expire":32503680000}]}"#,
        parse: |bytes| {
            let answer = [b"{\"CloudCredential\":", SESSION, b"}"].concat();
            load(&CliProfile::current(), &reading(bytes).with_transport(always(&answer)))
        },
    },
    #[cfg(feature = "oauth")]
    Parser {
        name: "OAuth tokens",
        seed: OAUTH_TOKENS,
        parse: |bytes| load(&CliProfile::current(), &reading(OAUTH_CONFIG).with_transport(oauth(bytes, SESSION))),
    },
    #[cfg(feature = "oauth")]
    Parser {
        name: "OAuth exchange",
        seed: SESSION,
        parse: |bytes| load(&CliProfile::current(), &reading(OAUTH_CONFIG).with_transport(oauth(OAUTH_TOKENS, bytes))),
    },
    Parser {
        name: "answer of a credentials URI",
        seed: SESSION,
        parse: |bytes| {
            let context = Context::isolated().with_transport(always(bytes));
            load(&CredentialsUri::new("https://keys.example.com/x?canary"), &context)
        },
    },
    Parser {
        name: "credentials URI",
        seed: b"http://user:canary@127.0.0.1:8099/keys?key=canary",
        parse: |bytes| {
            let context = Context::isolated().with_transport(always(SESSION));
            let uri = text(bytes);
            let answer = load(&CredentialsUri::new(&uri), &context);
            // Host and path are shown, and a mutation can make one of what was the password or the query.
            let parsed: http::Uri = uri.trim().parse().unwrap_or_default();
            let is_shown = [parsed.host().unwrap_or_default(), parsed.path()]
                .iter()
                .any(|part| part.contains("canary"));
            let without = |text: String| match is_shown {
                true => text.replace("canary", ""),
                false => text,
            };
            answer.map(without).map_err(without)
        },
    },
    Parser {
        name: "answer of STS",
        seed: STS_SESSION,
        parse: |bytes| load(&role(), &Context::isolated().with_transport(always(bytes))),
    },
    Parser {
        name: "refusal of STS",
        seed: br#"{"Code":"NoPermission","Message":"not authorized","RequestId":"R","secret":"canary"}"#,
        parse: |bytes| {
            let answer = Answer { status: 400, headers: HeaderMap::new(), body: bytes.to_vec().into() };
            let error = crate::sts::read_error(&answer);
            assert!(error.message.chars().count() <= 512);
            let context = Context::isolated().with_transport(canned(403, bytes));
            let failure = load(&role(), &context).unwrap_err();
            // An answer that is no error of a service is a refusal too.
            if error.code.is_empty() { Err(failure) } else { Ok(failure) }
        },
    },
    Parser {
        name: "role name of the metadata service",
        seed: b"node-role\n",
        parse: |bytes| metadata(b"TOKEN", bytes, SESSION),
    },
    Parser {
        name: "token of the metadata service",
        seed: b"canary-token",
        parse: |bytes| metadata(bytes, b"node", SESSION),
    },
    Parser {
        name: "keys of the metadata service",
        seed: SESSION,
        parse: |bytes| metadata(b"TOKEN", b"node", bytes),
    },
    Parser {
        name: "output of a program",
        seed: br#"{"mode":"StsToken","access_key_id":"I","access_key_secret":"canary","sts_token":"canary","expiration":"2999-11-20T09:05:30Z"}"#,
        parse: |bytes| {
            let context = Context::isolated().with_processes(Wrote(bytes.to_vec()));
            load(&ExternalProcess::new("tool"), &context)
        },
    },
    Parser {
        name: "process_command",
        seed: b"\"/opt/my tool\" --secret 'canary' a\\ b \"\\$x\"",
        parse: |bytes| {
            let text = text(bytes);
            for is_windows in [false, true] {
                split_command(&text, is_windows).map_err(|error| format!("{error} {error:?}"))?;
            }
            let context = Context::isolated().with_processes(Wrote(b"{}".to_vec()));
            Ok(load(&ExternalProcess::new(text), &context).unwrap_err())
        },
    },
    Parser {
        name: "file with an OIDC token",
        seed: b" canary.canary-canary\n",
        parse: |bytes| {
            let provider = "acs:ram::1234567890123456:oidc-provider/k8s";
            let source = OidcRoleArn::builder(ROLE, provider, "/token").build().unwrap();
            load(&source, &reading(bytes).with_transport(always(STS_SESSION)))
        },
    },
    Parser {
        name: "options",
        seed: b"type=sts\naccess_key_id=I\naccess_key_secret=canary\nsecurity_token=canary\nrole_arn=acs:ram::1:role/r",
        parse: |bytes| {
            let text = text(bytes);
            let options = text.split('\n').filter_map(|line| line.split_once('='));
            match from_options(options) {
                Ok(source) => load(&source, &Context::isolated()),
                Err(error) => Err(format!("{error} {error:?}")),
            }
        },
    },
    Parser {
        name: "environment",
        seed: b"canary",
        parse: |bytes| {
            let env = FixedEnv::from([
                ("ALIBABA_CLOUD_ACCESS_KEY_ID", "I".into()),
                ("ALIBABA_CLOUD_ACCESS_KEY_SECRET", os_string(bytes)),
                ("ALIBABA_CLOUD_SECURITY_TOKEN", os_string(bytes)),
            ]);
            load(&Environment::new(), &Context::isolated().with_env(env))
        },
    },
    Parser {
        name: "role of the environment",
        seed: b"acs:ram::1234567890123456:role/app",
        parse: |bytes| {
            let env = FixedEnv::from([
                ("ALIBABA_CLOUD_ROLE_ARN", os_string(bytes)),
                ("ALIBABA_CLOUD_OIDC_PROVIDER_ARN", "acs:ram::1:oidc-provider/k".into()),
                ("ALIBABA_CLOUD_OIDC_TOKEN_FILE", "/token".into()),
                ("ALIBABA_CLOUD_ROLE_SESSION_NAME", "name".into()),
            ]);
            let context = reading(b"canary").with_env(env).with_transport(always(STS_SESSION));
            load(&OidcRoleArn::from_env(), &context)
        },
    },
    Parser {
        name: "STS endpoint",
        seed: b"https://sts.cn-shanghai.aliyuncs.com/",
        parse: |bytes| {
            let address = crate::sts::StsAddress { endpoint: Some(text(bytes)), ..Default::default() };
            shown(address.resolve(&Context::isolated()))
        },
    },
    Parser {
        name: "time",
        seed: b"2026-11-20T09:05:30.123+08:00",
        parse: |bytes| {
            session::parse_time(&text(bytes)).map(|_| String::new()).ok_or_else(String::new)
        },
    },
];

/// Loads, and returns all that anybody can be shown of the answer.
fn load(source: &dyn Source, context: &Context) -> Result<String, String> {
    let mut future = pin!(source.load(context));
    match future.as_mut().poll(&mut Task::from_waker(Waker::noop())) {
        Poll::Ready(answer) => shown(answer).map(|text| format!("{text} {source:?}")),
        Poll::Pending => panic!("it waits, and nothing is to be waited for"),
    }
}

fn shown<T: std::fmt::Debug, E: std::fmt::Debug + std::fmt::Display>(
    answer: Result<T, E>,
) -> Result<String, String> {
    match answer {
        Ok(value) => Ok(format!("{value:?}")),
        Err(error) => Err(format!("{error} {error:?}")),
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn role() -> RamRoleArn {
    RamRoleArn::builder(ROLE)
        .source_of(Static::access_key("LTAI", "canary").unwrap())
        .build()
        .unwrap()
}

fn reading(bytes: &[u8]) -> Context {
    let env = FixedEnv::from([("HOME", "/home")]);
    Context::isolated()
        .with_env(env)
        .with_files(OneFile(bytes.to_vec()))
}

fn metadata(token: &[u8], role: &[u8], keys: &[u8]) -> Result<String, String> {
    let [token, role, keys] = [token, role, keys].map(<[u8]>::to_vec);
    let transport = Canned(Box::new(move |path| {
        let body = match path {
            "/latest/api/token" => &token,
            "/latest/meta-data/ram/security-credentials/" => &role,
            _ => &keys,
        };
        (200, body.clone())
    }));
    let context = Context::isolated().with_transport(Arc::new(transport));
    load(&EcsRamRole::new(), &context)
}

fn always(body: &[u8]) -> Arc<dyn Transport> {
    canned(200, body)
}

fn canned(status: u16, body: &[u8]) -> Arc<dyn Transport> {
    let body = body.to_vec();
    Arc::new(Canned(Box::new(move |_| (status, body.clone()))))
}

#[cfg(feature = "oauth")]
fn oauth(tokens: &[u8], keys: &[u8]) -> Arc<dyn Transport> {
    let [tokens, keys] = [tokens, keys].map(<[u8]>::to_vec);
    Arc::new(Canned(Box::new(move |path| match path {
        "/v1/token" => (200, tokens.clone()),
        _ => (200, keys.clone()),
    })))
}

/// Answers by path.
struct Canned(Box<Respond>);

type Respond = dyn Fn(&str) -> (u16, Vec<u8>) + Send + Sync;

impl std::fmt::Debug for Canned {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Canned")
    }
}

impl Transport for Canned {
    fn send(
        &self,
        request: http::Request<Body>,
    ) -> BoxFuture<'_, Result<http::Response<Body>, TransportError>> {
        let (status, body) = (self.0)(request.uri().path());
        let response = http::Response::builder()
            .status(status)
            .body(Body::from(body))
            .unwrap();
        Box::pin(std::future::ready(Ok(response)))
    }
}

/// The same bytes under every path.
#[derive(Debug)]
struct OneFile(Vec<u8>);

impl Files for OneFile {
    fn read<'a>(
        &'a self,
        _: &'a Path,
        limit: usize,
    ) -> BoxFuture<'a, io::Result<Zeroizing<Vec<u8>>>> {
        let answer = match self.0.len() > limit {
            true => Err(io::ErrorKind::FileTooLarge.into()),
            false => Ok(Zeroizing::new(self.0.clone())),
        };
        Box::pin(std::future::ready(answer))
    }

    #[cfg(feature = "oauth")]
    fn lock<'a>(&'a self, _: &'a Path) -> BoxFuture<'a, io::Result<crate::FileLock>> {
        Box::pin(std::future::ready(Ok(crate::FileLock::new(()))))
    }

    #[cfg(feature = "oauth")]
    fn replace<'a>(&'a self, _: &'a Path, _: Zeroizing<Vec<u8>>) -> BoxFuture<'a, io::Result<()>> {
        Box::pin(std::future::ready(Ok(())))
    }
}

/// A program that wrote this.
#[derive(Debug)]
struct Wrote(Vec<u8>);

impl Processes for Wrote {
    fn run(&self, _: CommandLine, _: usize) -> BoxFuture<'_, io::Result<ProcessOutput>> {
        let output = ProcessOutput::new(Some(0), self.0.clone());
        Box::pin(std::future::ready(Ok(output)))
    }
}

#[cfg(unix)]
fn os_string(bytes: &[u8]) -> std::ffi::OsString {
    std::os::unix::ffi::OsStringExt::from_vec(bytes.to_vec())
}

#[cfg(not(unix))]
fn os_string(bytes: &[u8]) -> std::ffi::OsString {
    text(bytes).into()
}
