//! The gateway of the RPC services: finds the operation, checks the call, writes JSON.

use http::request::Parts;
use http::{Response, StatusCode};
use hyper::body::Incoming;
use serde_json::{Map, Value};

use crate::auth::Scheme;
use crate::body::{self, Body};
use crate::error::ServiceError;
use crate::identity::Principal;
use crate::oss::{host, set};
use crate::policy::Context;
use crate::query::Query;
use crate::state::Cloud;
use crate::trace::Trace;
use crate::{auth, mps, sts, vod};

/// The largest body of an API call: parameters, never files.
const MAX_BODY_BYTES: usize = 4 << 20;

/// A service behind the gateway.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Service {
    Sts,
    Vod,
    Mts,
}

/// An emulated operation and the parameters without which the gateway turns it away.
struct Operation {
    service: Service,
    action: &'static str,
    required: &'static [&'static str],
}

const fn operation(
    service: Service,
    action: &'static str,
    required: &'static [&'static str],
) -> Operation {
    Operation {
        service,
        action,
        required,
    }
}

const OPERATIONS: [Operation; 13] = [
    operation(Service::Sts, "AssumeRole", &["RoleArn", "RoleSessionName"]),
    operation(Service::Sts, "GetCallerIdentity", &[]),
    operation(Service::Vod, "CreateUploadVideo", &["Title", "FileName"]),
    operation(Service::Vod, "RefreshUploadVideo", &[]),
    operation(Service::Vod, "GetVideoInfo", &[]),
    operation(Service::Vod, "GetUploadDetails", &["MediaIds"]),
    operation(Service::Vod, "DeleteVideo", &[]),
    operation(Service::Vod, "GetVideoPlayAuth", &[]),
    operation(Service::Vod, "GetPlayInfo", &[]),
    operation(
        Service::Mts,
        "SubmitJobs",
        &["Input", "OutputBucket", "Outputs", "PipelineId"],
    ),
    operation(Service::Mts, "QueryJobList", &["JobIds"]),
    operation(Service::Mts, "CancelJob", &["JobId"]),
    operation(Service::Mts, "SearchPipeline", &[]),
];

/// A call whose signature held.
pub(crate) struct Call<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) principal: &'a Principal,
    pub(crate) action: &'a str,
    context: Context,
    parameters: Query,
}

/// Answers an API call, refusals included.
pub(crate) async fn handle(
    cloud: &Cloud,
    context: Context,
    parts: &Parts,
    body: &mut Incoming,
    trace: &mut Trace,
) -> Response<Body> {
    trace.request_id = cloud.random.request_id();
    let (status, mut answer) = match answer(cloud, context, parts, body, trace).await {
        Ok(answer) => (StatusCode::OK, answer),
        Err(error) => {
            trace.code = Some(error.code.clone().into_owned());
            (error.status, refusal(error, parts, trace))
        }
    };
    answer.insert("RequestId".to_owned(), trace.request_id.clone().into());
    let mut response = Response::new(Body::from(Value::Object(answer).to_string()));
    *response.status_mut() = status;
    set(
        &mut response,
        "content-type",
        "application/json;charset=utf-8",
    );
    set(&mut response, "x-acs-request-id", &trace.request_id);
    response
}

async fn answer(
    cloud: &Cloud,
    context: Context,
    parts: &Parts,
    body: &mut Incoming,
    trace: &mut Trace,
) -> Result<Map<String, Value>, ServiceError> {
    let body = body::collect(body, MAX_BODY_BYTES).await.ok_or_else(|| {
        ServiceError::bad_request(
            "InvalidParameter",
            "The request body is not whole or too large.",
        )
    })?;
    let query = parameters(parts.uri.query().unwrap_or_default())?;
    let mut all = query.clone();
    if is_form(parts) {
        let form = std::str::from_utf8(&body).ok();
        let form = form.ok_or_else(|| not_utf8("body"))?;
        all.merge(parameters(form)?);
    }
    let scheme = Scheme::of(parts, &all);
    let named = |name, parameter: &str| {
        Some(header(parts, name))
            .filter(|value| scheme == Scheme::Acs3 && !value.is_empty())
            .or_else(|| all.value(parameter))
            .unwrap_or_default()
            .to_owned()
    };
    let (action, version) = (
        named("x-acs-action", "Action"),
        named("x-acs-version", "Version"),
    );
    trace.action.clone_from(&action);
    if let Some(service) = Service::of_version(&version) {
        service.name().clone_into(&mut trace.service);
    }
    if action.is_empty() {
        return Err(ServiceError::missing("Action"));
    }
    let principal = auth::api(cloud, scheme, parts, &query, &body, trace)?;
    let operation = Operation::find(&action, &version)?;
    if let Some(format) = all.value("Format")
        && !format.is_empty()
        && !format.eq_ignore_ascii_case("json")
    {
        return Err(ServiceError::unsupported(&format!("answers as {format}")));
    }
    operation.service.name().clone_into(&mut trace.service);
    let call = Call {
        cloud,
        principal: &principal,
        action: operation.action,
        context,
        parameters: all,
    };
    for name in operation.required {
        call.required(name)?;
    }
    let answer = match operation.service {
        Service::Sts => sts::call(&call),
        Service::Vod => vod::call(&call),
        Service::Mts => mps::call(&call),
    };
    answer.map(|value| match value {
        Value::Object(fields) => fields,
        _ => Map::new(),
    })
}

impl<'a> Call<'a> {
    /// Returns a parameter that the operation can't do without.
    pub(crate) fn required(&self, name: &str) -> Result<&str, ServiceError> {
        self.optional(name)
            .ok_or_else(|| ServiceError::missing(name))
    }

    /// Returns a parameter that came with a value.
    pub(crate) fn optional(&self, name: &str) -> Option<&str> {
        self.parameters
            .value(name)
            .filter(|value| !value.is_empty())
    }

    /// Fails unless the caller may do `action` on `resource`.
    pub(crate) fn authorize(&self, action: &str, resource: &str) -> Result<(), ServiceError> {
        self.cloud
            .identity
            .authorize(self.principal, &self.context, action, resource)
    }

    /// Fails unless the caller may do this call's action on anything of `service` in the region.
    pub(crate) fn authorize_service(&self, service: &str) -> Result<(), ServiceError> {
        let region = &self.cloud.settings.region;
        let account = &self.cloud.identity.account_id;
        self.authorize(
            &format!("{service}:{}", self.action),
            &format!("acs:{service}:{region}:{account}:*"),
        )
    }
}

impl Operation {
    fn find(action: &str, version: &str) -> Result<&'static Self, ServiceError> {
        let Some(operation) = OPERATIONS.iter().find(|known| known.action == action) else {
            return Err(ServiceError::not_found(
                "InvalidAction.NotFound",
                "Specified api is not found, please check your url and method.",
            ));
        };
        if version.is_empty() {
            return Err(ServiceError::missing("Version"));
        }
        if version != operation.service.version() {
            return Err(ServiceError::bad_request(
                "InvalidVersion",
                "Specified parameter Version is not valid.",
            ));
        }
        Ok(operation)
    }
}

impl Service {
    const ALL: [Self; 3] = [Self::Sts, Self::Vod, Self::Mts];

    fn of_version(version: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|service| service.version() == version)
    }

    fn version(self) -> &'static str {
        match self {
            Self::Sts => "2015-04-01",
            Self::Vod => "2017-03-21",
            Self::Mts => "2014-06-18",
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Sts => "sts",
            Self::Vod => "vod",
            Self::Mts => "mts",
        }
    }
}

fn refusal(error: ServiceError, parts: &Parts, trace: &Trace) -> Map<String, Value> {
    let product = match trace.service.as_str() {
        "sts" => "Sts",
        "vod" => "Vod",
        "mts" => "Mts",
        _ => "",
    };
    let mut fields = *error.details;
    let recommend = format!(
        "https://api.aliyun.com/troubleshoot?q={}&product={product}",
        error.code
    );
    fields.insert("HostId".to_owned(), host(&parts.headers).into());
    fields.insert("Code".to_owned(), error.code.into());
    fields.insert("Message".to_owned(), error.message.into());
    fields.insert("Recommend".to_owned(), recommend.into());
    fields
}

fn parameters(raw: &str) -> Result<Query, ServiceError> {
    Query::parse(raw).ok_or_else(|| not_utf8("query"))
}

fn not_utf8(what: &str) -> ServiceError {
    ServiceError::bad_request(
        "InvalidParameter",
        format!("The {what} is not UTF-8 behind its percent signs."),
    )
}

/// Tells whether the body is a form, by the verifier's own rule: what is taken as a parameter is signed as one.
fn is_form(parts: &Parts) -> bool {
    let kind = header(parts, "content-type").split(';').next();
    kind.is_some_and(|kind| {
        kind.trim()
            .eq_ignore_ascii_case("application/x-www-form-urlencoded")
    })
}

fn header<'a>(parts: &'a Parts, name: &str) -> &'a str {
    let value = parts.headers.get(name);
    value
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
}
