//! The client: one generic `send`, thin over code that is compiled once.

mod builder;
mod call;
mod decide;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;

pub use self::builder::ClientBuilder;
use self::call::Inner;
use crate::decode;
use crate::encode;
use crate::endpoint::{Endpoint, Product};
use crate::error::Error;
use crate::operation::Operation;
use crate::response::Response;

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
    pub async fn send<O>(&self, operation: O) -> Result<Response<O::Output>, Error>
    where
        O: Operation<Product = P>,
    {
        let encoded = encode::encode(&operation, O::INFO)
            .map_err(|error| error.with_action(O::INFO.action))?;
        drop(operation);
        let answer = self
            .inner
            .call(O::INFO, encoded)
            .await
            .map_err(|error| error.with_action(O::INFO.action))?;
        let mut output = O::Output::default();
        decode::decode(&answer.body, &answer.headers, &mut output)
            .map_err(|error| answer.malformed(error).with_action(O::INFO.action))?;
        Ok(Response::new(
            output,
            answer.request_id,
            answer.status,
            answer.body,
            answer.attempts,
        ))
    }

    /// Returns the region that the client was made for.
    pub fn region(&self) -> &str {
        &self.inner.region
    }

    /// Returns where requests go.
    pub fn endpoint(&self) -> &Endpoint {
        &self.inner.endpoint
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
