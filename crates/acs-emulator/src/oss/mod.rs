//! OSS: the objects of the VOD storage bucket and of the user's own bucket.

pub(crate) mod crc;
mod multipart;
pub(crate) mod object;
pub(crate) mod store;
mod xml;

use acs_policy::Decision;
use http::request::Parts;
use http::{HeaderMap, Method, Response, StatusCode};
use hyper::body::Incoming;
use percent_encoding::percent_decode_str;

use crate::auth;
use crate::body::Body;
use crate::error::ServiceError;
use crate::identity::Principal;
use crate::policy::Context;
use crate::query::Query;
use crate::state::Cloud;
use crate::trace::Trace;

pub(crate) type Result<T> = std::result::Result<T, ServiceError>;

/// Headers that change what an operation does, in ways that the emulator does not follow.
const UNSUPPORTED_HEADERS: [&str; 4] = [
    "x-oss-callback",
    "x-oss-copy-source",
    "x-oss-append-position",
    "x-oss-complete-all",
];

/// A request to OSS, taken apart.
pub(crate) struct Request<'a> {
    pub(crate) cloud: &'a Cloud,
    pub(crate) parts: &'a Parts,
    pub(crate) bucket: String,
    /// Empty for a request to the bucket itself.
    pub(crate) key: String,
    pub(crate) query: Query,
}

/// What a request to OSS asks for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Operation {
    PutObject,
    GetObject,
    HeadObject,
    DeleteObject,
    InitiateMultipartUpload,
    UploadPart,
    ListParts,
    CompleteMultipartUpload,
    AbortMultipartUpload,
}

/// Answers a request to OSS, refusals included.
pub(crate) async fn handle(
    cloud: &Cloud,
    context: Context,
    parts: &Parts,
    body: &mut Incoming,
    trace: &mut Trace,
) -> Response<Body> {
    "oss".clone_into(&mut trace.service);
    trace.request_id = cloud.random.oss_request_id();
    let mut response = match answer(cloud, context, parts, body, trace).await {
        Ok(response) => response,
        Err(error) => {
            trace.code = Some(error.code.clone().into_owned());
            let text = xml::error(&error, &trace.request_id, &host(&parts.headers));
            let mut response = Response::new(Body::from(text));
            *response.status_mut() = error.status;
            set(&mut response, "content-type", "application/xml");
            response
        }
    };
    set(&mut response, "x-oss-request-id", &trace.request_id);
    response
}

async fn answer(
    cloud: &Cloud,
    context: Context,
    parts: &Parts,
    body: &mut Incoming,
    trace: &mut Trace,
) -> Result<Response<Body>> {
    let request = Request::read(cloud, parts)?;
    let operation = Operation::of(&request)?;
    operation.name().clone_into(&mut trace.action);
    let principal = auth::oss(&request, trace)?;
    if !cloud.store.has_bucket(&request.bucket) {
        return Err(ServiceError::not_found(
            "NoSuchBucket",
            "The specified bucket does not exist.",
        )
        .with("BucketName", request.bucket));
    }
    authorize(&request, context, operation, &principal)?;
    store::check_key(&request.key)?;
    if let Some(name) = UNSUPPORTED_HEADERS
        .iter()
        .find(|name| parts.headers.contains_key(**name))
    {
        return Err(not_implemented(&format!("the header {name}")));
    }
    match operation {
        Operation::PutObject => object::put(&request, body).await,
        Operation::GetObject => object::get(&request).await,
        Operation::HeadObject => object::head(&request),
        Operation::DeleteObject => Ok(object::delete(&request)),
        Operation::InitiateMultipartUpload => Ok(multipart::initiate(&request)),
        Operation::UploadPart => multipart::upload_part(&request, body).await,
        Operation::ListParts => multipart::list_parts(&request),
        Operation::CompleteMultipartUpload => multipart::complete(&request, body).await,
        Operation::AbortMultipartUpload => multipart::abort(&request),
    }
}

impl<'a> Request<'a> {
    fn read(cloud: &'a Cloud, parts: &'a Parts) -> Result<Self> {
        let (bucket, key) = address(cloud, parts)
            .ok_or_else(|| invalid_argument("The path is not UTF-8 behind its percent signs."))?;
        let query = Query::parse(parts.uri.query().unwrap_or_default())
            .ok_or_else(|| invalid_argument("The query is not UTF-8 behind its percent signs."))?;
        Ok(Self {
            cloud,
            parts,
            bucket,
            key,
            query,
        })
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.parts.headers.get(name)?.to_str().ok()
    }

    pub(crate) fn object_id(&self) -> (&str, &str) {
        (&self.bucket, &self.key)
    }
}

impl Operation {
    fn of(request: &Request<'_>) -> Result<Self> {
        const KNOWN: [&str; 17] = [
            "Expires",
            "OSSAccessKeyId",
            "Signature",
            "security-token",
            "x-oss-additional-headers",
            "x-oss-credential",
            "x-oss-date",
            "x-oss-expires",
            "x-oss-security-token",
            "x-oss-signature",
            "x-oss-signature-version",
            "uploads",
            "uploadId",
            "partNumber",
            "max-parts",
            "part-number-marker",
            "encoding-type",
        ];
        if request.key.is_empty() {
            return Err(not_implemented("operations on buckets"));
        }
        let names = request.query.pairs().iter().map(|(name, _)| name.as_str());
        if let Some(name) = names.into_iter().find(|name| !KNOWN.contains(name)) {
            return Err(not_implemented(&format!("the query parameter {name}")));
        }
        let has = |name| request.query.has(name);
        let operation = match (&request.parts.method, has("uploadId")) {
            (&Method::POST, false) if has("uploads") => Self::InitiateMultipartUpload,
            (&Method::PUT, true) => Self::UploadPart,
            (&Method::GET, true) => Self::ListParts,
            (&Method::POST, true) => Self::CompleteMultipartUpload,
            (&Method::DELETE, true) => Self::AbortMultipartUpload,
            (&Method::PUT, false) => Self::PutObject,
            (&Method::GET, false) => Self::GetObject,
            (&Method::HEAD, false) => Self::HeadObject,
            (&Method::DELETE, false) => Self::DeleteObject,
            (method, _) => return Err(not_implemented(&format!("{method} on an object"))),
        };
        Ok(operation)
    }

    fn name(self) -> &'static str {
        match self {
            Self::PutObject => "PutObject",
            Self::GetObject => "GetObject",
            Self::HeadObject => "HeadObject",
            Self::DeleteObject => "DeleteObject",
            Self::InitiateMultipartUpload => "InitiateMultipartUpload",
            Self::UploadPart => "UploadPart",
            Self::ListParts => "ListParts",
            Self::CompleteMultipartUpload => "CompleteMultipartUpload",
            Self::AbortMultipartUpload => "AbortMultipartUpload",
        }
    }

    /// The RAM action that covers the operation.
    fn ram_action(self) -> &'static str {
        match self {
            Self::GetObject | Self::HeadObject => "oss:GetObject",
            Self::DeleteObject => "oss:DeleteObject",
            Self::ListParts => "oss:ListParts",
            Self::AbortMultipartUpload => "oss:AbortMultipartUpload",
            Self::PutObject
            | Self::InitiateMultipartUpload
            | Self::UploadPart
            | Self::CompleteMultipartUpload => "oss:PutObject",
        }
    }

    /// Whether the holder of an UploadAuth may do it to its object.
    fn is_upload(self) -> bool {
        !matches!(
            self,
            Self::GetObject | Self::HeadObject | Self::DeleteObject
        )
    }
}

/// Splits a request into bucket and key, from `bucket.host/key` or `host/bucket/key`.
pub(crate) fn address(cloud: &Cloud, parts: &Parts) -> Option<(String, String)> {
    let path = percent_decode_str(parts.uri.path()).decode_utf8().ok()?;
    let path = path.strip_prefix('/').unwrap_or(&path);
    let host = host(&parts.headers);
    if let Some((bucket, _)) = host.split_once('.')
        && cloud.store.has_bucket(bucket)
    {
        return Some((bucket.to_owned(), path.to_owned()));
    }
    let (bucket, key) = path.split_once('/').unwrap_or((path, ""));
    Some((bucket.to_owned(), key.to_owned()))
}

fn authorize(
    request: &Request<'_>,
    context: Context,
    operation: Operation,
    principal: &Principal,
) -> Result<()> {
    let cloud = request.cloud;
    let allowed = match principal {
        Principal::Upload(scope) => {
            let in_scope = request.key == scope.key
                || scope
                    .prefix
                    .as_ref()
                    .is_some_and(|prefix| request.key.starts_with(prefix.as_str()));
            operation.is_upload() && request.bucket == scope.bucket && in_scope
        }
        // VOD's storage belongs to VOD: a user reaches it with an UploadAuth only.
        _ if request.bucket == cloud.settings.vod_bucket => false,
        principal => {
            let resource = format!(
                "acs:oss:oss-{}:{}:{}/{}",
                cloud.settings.region, cloud.identity.account_id, request.bucket, request.key
            );
            let asked = context.request(operation.ram_action(), &resource);
            cloud.identity.decide(principal, &asked) == Decision::Allow
        }
    };
    if allowed {
        return Ok(());
    }
    Err(ServiceError::forbidden(
        "AccessDenied",
        "You have no right to access this object because of bucket acl.",
    ))
}

pub(crate) fn invalid_argument(message: &str) -> ServiceError {
    ServiceError::bad_request("InvalidArgument", message)
}

pub(crate) fn not_implemented(what: &str) -> ServiceError {
    ServiceError::new(
        StatusCode::NOT_IMPLEMENTED,
        "NotImplemented",
        format!("The emulator does not support {what}."),
    )
}

/// Returns the host that the client asked for.
pub(crate) fn host(headers: &HeaderMap) -> String {
    let host = headers.get("host").and_then(|host| host.to_str().ok());
    host.unwrap_or_default().to_owned()
}

/// Sets a header; a value that no header can carry leaves it unset.
pub(crate) fn set(response: &mut Response<Body>, name: &'static str, value: &str) {
    if let Ok(value) = value.parse() {
        response.headers_mut().insert(name, value);
    }
}

fn xml_reply(text: String) -> Response<Body> {
    let mut response = Response::new(Body::from(text));
    set(&mut response, "content-type", "application/xml");
    response
}
