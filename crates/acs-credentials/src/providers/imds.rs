//! The instance metadata service of an ECS instance: the keys of the RAM role that is attached to it.

use std::borrow::Cow;
use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use acs_core::{Body, BoxFuture};
use http::{HeaderValue, Method, Request};
use zeroize::Zeroizing;

use crate::context::Context;
use crate::context::http::{Answer, Bounds, HttpFault, Route, exchange, within};
use crate::failure::{Failure, LoadError};
use crate::session::{self, Clocks};
use crate::source::{Found, Source};
use crate::vars;

const BASE: &str = "http://100.100.100.200";
const TOKEN_PATH: &str = "/latest/api/token";
const ROLES_PATH: &str = "/latest/meta-data/ram/security-credentials/";
const TOKEN_HEADER: &str = "x-aliyun-ecs-metadata-token";
const TTL_HEADER: &str = "x-aliyun-ecs-metadata-token-ttl-seconds";
const TOKEN_TTL: Duration = Duration::from_secs(21_600);
/// A token is renewed this long before its end.
const TOKEN_MARGIN: Duration = Duration::from_secs(120);
const BOUNDS: Bounds = Bounds {
    time: Duration::from_secs(1),
    body: 64 << 10,
};
/// How long a chain looks for the service where there may be none.
const PROBE_TIME: Duration = Duration::from_secs(2);

/// The RAM role of the ECS instance, from its metadata service at `100.100.100.200`.
///
/// Version 2 of the service (with a token) is asked first. Version 1 is asked where the token is answered with 403, 404,
/// 405 or 5xx, not in time, or by a closed connection, and for a page that is answered 403 with a token; unless
/// [`v2_only`](Self::v2_only), [`Context::imds_v2_only`] or `ALIBABA_CLOUD_IMDSV1_DISABLED` forbids it, which is
/// recommended. A page that is answered 401 is asked for once more, with a new token. Never by a proxy, redirects are not
/// followed, an answer may have 64 KiB.
pub struct EcsRamRole {
    role_name: Option<String>,
    base: Cow<'static, str>,
    v2_only: bool,
    /// A step of a chain: where nobody answers, nobody set it up.
    is_probe: bool,
    has_answered: AtomicBool,
    token: Mutex<Option<Token>>,
}

struct Token {
    value: Zeroizing<String>,
    /// On the clock that never goes back.
    until: Duration,
}

impl EcsRamRole {
    /// Takes the role that `ALIBABA_CLOUD_ECS_METADATA` names, else that which the instance has.
    pub fn new() -> Self {
        Self {
            role_name: None,
            base: Cow::Borrowed(BASE),
            v2_only: false,
            is_probe: false,
            has_answered: AtomicBool::new(false),
            token: Mutex::default(),
        }
    }

    /// Looks whether there is a metadata service, as a step of a chain: one attempt, 2 s at most, and where nobody
    /// answers the step counts as not set up. Once it has answered it is asked like any other source.
    pub fn probe() -> Self {
        Self {
            is_probe: true,
            ..Self::new()
        }
    }

    /// Takes the role of a name, which spares the question for it.
    #[must_use]
    pub fn role_name(mut self, name: impl Into<String>) -> Self {
        self.role_name = Some(name.into());
        self
    }

    /// Never asks version 1 of the service, which any program that can be made to send a request can read.
    #[must_use]
    pub fn v2_only(mut self) -> Self {
        self.v2_only = true;
        self
    }

    /// Asks another address: for tests.
    #[must_use]
    pub fn base_url(mut self, base: impl Into<String>) -> Self {
        self.base = Cow::Owned(base.into());
        self
    }

    async fn load_role(&self, context: &Context) -> Result<Found, LoadError> {
        if context.switch(vars::ECS_METADATA_DISABLED)? {
            let reason = format!(
                "IMDS credentials is disabled by {}",
                vars::ECS_METADATA_DISABLED
            );
            return Err(match self.is_probe {
                true => LoadError::not_configured(reason),
                false => Failure::new(reason).into(),
            });
        }
        // Once it has answered, there is nothing to be found out any more.
        if self.is_probe && !self.has_answered.load(Ordering::Relaxed) {
            return within(context, PROBE_TIME, self.attempt(context))
                .await
                .unwrap_or_else(|| Err(self.silent("no answer within 2 s")));
        }
        match self.attempt(context).await {
            Err(LoadError::Failed(_)) => self.attempt(context).await,
            answer => answer,
        }
    }

    async fn attempt(&self, context: &Context) -> Result<Found, LoadError> {
        let name = match &self.role_name {
            Some(name) => Some(name.clone()),
            None => context.var(vars::ECS_METADATA)?,
        };
        let name = match name {
            Some(name) => name.trim().to_owned(),
            None => self.discover(context).await?,
        };
        let is_allowed =
            |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'.' | b'_' | b'-');
        if name.is_empty() || name.len() > 64 || !name.bytes().all(is_allowed) {
            return Err(Failure::new(
                "the instance metadata service: the role name is malformed: 1 to 64 letters, digits and `._-` make one",
            )
            .into());
        }
        let answer = self.fetch(context, &format!("{ROLES_PATH}{name}")).await?;
        if answer.status != 200 {
            let hint = if answer.status == 404 {
                "; the instance has no such role"
            } else {
                ""
            };
            return Err(refused(&answer, &format!("role {name}{hint}")).into());
        }
        let what = "the answer of the instance metadata service";
        let mut map = session::parse_object(&answer.body, what)?;
        session::check_code(&map, what, true)?;
        let clocks = Clocks {
            what,
            now: context.now(),
            headers: &answer.headers,
        };
        let keys = session::take_session(&mut map, "ecs_ram_role".to_owned(), &clocks)?;
        self.has_answered.store(true, Ordering::Relaxed);
        Ok(Found::new(
            keys,
            format!("the instance metadata service, role {name}"),
        ))
    }

    async fn discover(&self, context: &Context) -> Result<String, LoadError> {
        let answer = self.fetch(context, ROLES_PATH).await?;
        match answer.status {
            200 => {}
            404 => {
                return Err(LoadError::not_configured(
                    "no RAM role is attached to this instance (HTTP 404 from the instance metadata service)",
                ));
            }
            _ => return Err(refused(&answer, "list of roles").into()),
        }
        let name = String::from_utf8_lossy(&answer.body).trim().to_owned();
        if name.is_empty() {
            return Err(LoadError::not_configured(
                "no RAM role is attached to this instance",
            ));
        }
        Ok(name)
    }

    /// Asks for a page of the metadata, with a token where there is one.
    async fn fetch(&self, context: &Context, path: &str) -> Result<Answer, LoadError> {
        let v2_only = self.v2_only || context.is_imds_v2_only()?;
        let Some(token) = self.token(context, v2_only).await? else {
            return self.get(context, path, None).await;
        };
        let answer = self.get(context, path, Some(&token)).await?;
        match answer.status {
            401 => {
                self.forget_token();
                let token = self.token(context, v2_only).await?;
                self.get(context, path, token.as_ref()).await
            }
            403 if !v2_only => self.get(context, path, None).await,
            _ => Ok(answer),
        }
    }

    async fn get(
        &self,
        context: &Context,
        path: &str,
        token: Option<&Zeroizing<String>>,
    ) -> Result<Answer, LoadError> {
        let mut request = Request::builder()
            .method(Method::GET)
            .uri(format!("{}{path}", self.base));
        if let Some(token) = token {
            let mut value = HeaderValue::from_str(token).map_err(|_| {
                Failure::new("the instance metadata service gave a malformed token")
            })?;
            value.set_sensitive(true);
            request = request.header(TOKEN_HEADER, value);
        }
        self.send(context, request)
            .await
            .map_err(|fault| self.without_answer(&fault))
    }

    /// Returns the token, from memory where that is fresh; `None` where version 1 is to be asked.
    async fn token(
        &self,
        context: &Context,
        v2_only: bool,
    ) -> Result<Option<Zeroizing<String>>, LoadError> {
        let now = context.runtime().elapsed();
        if let Some(token) = &*self.token.lock().unwrap_or_else(PoisonError::into_inner)
            && now < token.until
        {
            return Ok(Some(token.value.clone()));
        }
        let request = Request::builder()
            .method(Method::PUT)
            .uri(format!("{}{TOKEN_PATH}", self.base))
            .header(TTL_HEADER, TOKEN_TTL.as_secs());
        match self.send(context, request).await {
            Ok(answer) if answer.status == 200 => {
                let value = String::from_utf8_lossy(&answer.body).trim().to_owned();
                let value = Zeroizing::new(value);
                let token = Token {
                    value: value.clone(),
                    until: now + TOKEN_TTL - TOKEN_MARGIN,
                };
                *self.token.lock().unwrap_or_else(PoisonError::into_inner) = Some(token);
                Ok(Some(value))
            }
            Ok(answer) if v2_only => {
                Err(refused(&answer, "token, and version 1 is switched off").into())
            }
            Ok(answer) if is_without_version_2(answer.status) => Ok(None),
            Ok(answer) => Err(refused(&answer, "token").into()),
            Err(HttpFault::TimedOut | HttpFault::Broken(_)) if !v2_only => Ok(None),
            // Nobody is there, or not the service: version 1 would be asked in vain.
            Err(fault) => Err(self.without_answer(&fault)),
        }
    }

    fn forget_token(&self) {
        *self.token.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }

    async fn send(
        &self,
        context: &Context,
        request: http::request::Builder,
    ) -> Result<Answer, HttpFault> {
        let request = request
            .body(Body::empty())
            .map_err(|_| HttpFault::Setup("the address is malformed".to_owned()))?;
        exchange(context, Route::Metadata, request, BOUNDS).await
    }

    fn without_answer(&self, fault: &HttpFault) -> LoadError {
        match fault {
            // Somebody does answer, and that is a fault wherever it happens.
            HttpFault::TooLarge(_) => {
                Failure::new(format!("the instance metadata service: {fault}")).into()
            }
            _ => self.silent(&fault.to_string()),
        }
    }

    /// Nobody answers: no instance, to a chain that only looks; a failure where it is known to be one.
    fn silent(&self, reason: &str) -> LoadError {
        let text = format!("the instance metadata service does not answer: {reason}");
        if self.is_probe && !self.has_answered.load(Ordering::Relaxed) {
            return LoadError::not_configured(text);
        }
        Failure::new(text).into()
    }
}

/// Says whether a refusal of a token is that of a service which has no version 2, or not now. A redirect and the other
/// refusals are not: they say that something else is wrong.
fn is_without_version_2(status: u16) -> bool {
    matches!(status, 403..=405 | 500..=599)
}

fn refused(answer: &Answer, what: &str) -> Failure {
    Failure::new(format!(
        "the instance metadata service answered HTTP {} ({what})",
        answer.status
    ))
}

impl Default for EcsRamRole {
    fn default() -> Self {
        Self::new()
    }
}

impl Source for EcsRamRole {
    fn name(&self) -> Cow<'static, str> {
        Cow::Borrowed("ecs_ram_role")
    }

    fn load<'a>(&'a self, context: &'a Context) -> BoxFuture<'a, Result<Found, LoadError>> {
        Box::pin(self.load_role(context))
    }
}

impl fmt::Debug for EcsRamRole {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("EcsRamRole")
            .field("role_name", &self.role_name)
            .field("v2_only", &self.v2_only)
            .finish_non_exhaustive()
    }
}
