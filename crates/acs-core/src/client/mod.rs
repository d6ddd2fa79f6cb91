//! The client: one generic `send`, thin over code that is compiled once.

mod answer;
#[cfg(feature = "blocking")]
mod blocking;
mod bucket;
mod builder;
mod by_name;
mod call;
mod clock;
mod decide;
mod limit;
mod observe;
mod pace;
mod paging;
mod published;
mod redact;
mod settings;
mod sign;
mod target;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

use self::answer::Answer;
#[cfg(feature = "blocking")]
pub use self::blocking::BlockingClient;
pub use self::builder::ClientBuilder;
pub use self::by_name::CallByName;
use self::call::Inner;
pub use self::limit::RateLimit;
pub use self::observe::{AttemptReport, CallReport, Observer};
pub use self::pace::MinThroughput;
pub use self::paging::Items;
pub use self::settings::CallOptions;
use crate::decode;
use crate::encode;
use crate::endpoint::{Endpoint, Product};
use crate::error::Error;
use crate::model::{FieldValue, Model};
use crate::operation::{Operation, OperationInfo};
use crate::response::Response;
use crate::runtime::{BoxFuture, SharedRuntime};

/// A client of one product. Cheap to clone: clones share connections, credentials and settings.
pub struct Client<P> {
    inner: Arc<Inner>,
    product: PhantomData<fn() -> P>,
}

impl<P: Product> Client<P> {
    /// Starts a client for a region, `cn-shanghai` say.
    pub fn builder(region: impl Into<String>) -> ClientBuilder<P> {
        ClientBuilder::new(region.into())
    }

    fn from_inner(inner: Inner) -> Self {
        Self {
            inner: Arc::new(inner),
            product: PhantomData,
        }
    }

    /// Sends an operation of the product, and returns its typed answer.
    ///
    /// The request is signed anew for each attempt. An operation that can be repeated is, after a failure that a
    /// repeat may cure; a write is, only where nothing of it can have been carried out.
    ///
    /// # Errors
    /// [`Error::kind`] says what to do next. Wrong parameters are found before anything is sent.
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand it over, as a value made for one call"
    )]
    pub fn send<O>(&self, operation: O) -> impl Future<Output = Result<Response<O::Output>, Error>>
    where
        O: Operation<Product = P>,
    {
        // Written at once, so that the future, which is moved around, doesn't hold the operation.
        read(&self.inner, self.start(&operation, O::INFO, None), O::INFO)
    }

    /// Sends an operation with settings of its own.
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    #[allow(
        clippy::needless_pass_by_value,
        reason = "callers hand it over, as a value made for one call"
    )]
    pub fn send_with<'a, O>(
        &'a self,
        operation: O,
        options: &'a CallOptions,
    ) -> impl Future<Output = Result<Response<O::Output>, Error>>
    where
        O: Operation<Product = P>,
    {
        let call = self.start(&operation, O::INFO, Some(options));
        read(&self.inner, call, O::INFO)
    }

    fn start<'a>(
        &'a self,
        request: &dyn Model,
        info: &'static OperationInfo,
        options: Option<&'a CallOptions>,
    ) -> Result<BoxFuture<'a, Result<Answer, Error>>, Error> {
        let request = encode::encode(request, info)?;
        Ok(self.inner.call(info.into(), request, options))
    }

    /// Returns the region that the client was made for.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Returns where the client's time and sleep come from: for waiters.
    pub fn runtime(&self) -> &SharedRuntime {
        &self.inner.runtime
    }

    /// Returns where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
    }
}

/// Waits for a call's answer and reads it.
async fn read<T: FieldValue + Default>(
    inner: &Inner,
    call: Result<BoxFuture<'_, Result<Answer, Error>>, Error>,
    info: &'static OperationInfo,
) -> Result<Response<T>, Error> {
    let named = |error: Error| error.with_action(info.action);
    let answer = call.map_err(named)?.await.map_err(named)?;
    let mut output = T::default();
    let filled = answer.fill(&mut output);
    inner.report(
        info.action,
        answer.start,
        answer.attempts,
        filled.as_ref().err(),
    );
    filled.map_err(named)?;
    Ok(answer.into_response(output))
}

impl Answer {
    /// Reads the answer into the operation's output.
    fn fill(&self, output: &mut dyn FieldValue) -> Result<(), Error> {
        decode::decode(&self.body, output)
            .and_then(|()| decode::decode_headers(&self.headers, output))
            .map_err(|error| self.malformed(error))
    }

    fn into_response<T>(self, value: T) -> Response<T> {
        Response::new(
            value,
            self.request_id,
            self.status,
            self.body,
            self.attempts,
        )
    }
}

impl<P> Clone for Client<P> {
    fn clone(&self) -> Self {
        Self {
            inner: Arc::clone(&self.inner),
            product: PhantomData,
        }
    }
}

impl<P> fmt::Debug for Client<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client")
            .field("region", &self.inner.region)
            .field("endpoint", &self.inner.endpoint)
            .finish_non_exhaustive()
    }
}
