use std::fmt;
use std::sync::Arc;

use super::{CallOptions, Client, Product};
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::response::Response;

/// A client for code that is not async: it waits in the calling thread.
///
/// It has a tokio runtime of its own, whose work is done in the threads that call. Within an async context its
/// calls are an error, not a panic: use [`Client`] there.
#[derive(Clone)]
pub struct BlockingClient<P> {
    client: Client<P>,
    runtime: Arc<OwnRuntime>,
}

/// Ends in the background: waiting for its threads would panic in an async context.
struct OwnRuntime(Option<tokio::runtime::Runtime>);

impl<P: Product> BlockingClient<P> {
    /// Wraps a client.
    ///
    /// # Errors
    /// The runtime could not be made, because the system gives no more handles, say.
    pub fn new(client: Client<P>) -> Result<Self, Error> {
        // One worker drives connections while no thread waits in a call.
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(1)
            .thread_name("acs-blocking")
            .enable_all()
            .build()
            .map_err(|error| {
                Error::new(ErrorKind::Io, "the runtime cannot be made").with_source(error)
            })?;
        Ok(Self {
            client,
            runtime: Arc::new(OwnRuntime(Some(runtime))),
        })
    }

    /// Sends an operation and waits for its answer: see [`Client::send`].
    ///
    /// # Errors
    /// As for [`Client::send`]; [`ErrorKind::InvalidInput`] within an async context.
    pub fn send<O>(&self, operation: O) -> Result<Response<O::Output>, Error>
    where
        O: Operation<Product = P>,
    {
        self.send_with(operation, &CallOptions::new())
    }

    /// Sends an operation with settings of its own, and waits for its answer: see [`Client::send_with`].
    ///
    /// # Errors
    /// As for [`send`](Self::send).
    pub fn send_with<O>(
        &self,
        operation: O,
        options: &CallOptions,
    ) -> Result<Response<O::Output>, Error>
    where
        O: Operation<Product = P>,
    {
        if tokio::runtime::Handle::try_current().is_ok() {
            let text = "a blocking call within an async context would stop all its tasks: use the async client there";
            return Err(Error::new(ErrorKind::InvalidInput, text).with_action(O::INFO.action));
        }
        match &self.runtime.0 {
            Some(runtime) => runtime.block_on(self.client.send_with(operation, options)),
            None => Err(Error::new(ErrorKind::Io, "the runtime has ended")),
        }
    }
}

impl Drop for OwnRuntime {
    fn drop(&mut self) {
        if let Some(runtime) = self.0.take() {
            runtime.shutdown_background();
        }
    }
}

impl<P> fmt::Debug for BlockingClient<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("BlockingClient")
            .field("client", &self.client)
            .finish_non_exhaustive()
    }
}
