use std::fmt;
use std::sync::Arc;

use super::{CallOptions, Client, Product};
use crate::error::{Error, ErrorKind};
use crate::operation::Operation;
use crate::response::Response;

/// A client for code that is not async: it waits in the calling thread.
///
/// It has a tokio runtime of its own, whose work is done in the threads that call. Within an async context its
/// calls are an error, not a panic: use [`Client`] there. The threads of tokio's `spawn_blocking` count as such, since
/// they can't be told from its others.
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
        self.block_on(self.client.send_with(operation, options))
            .map_err(|error| error.with_action(O::INFO.action))
    }

    /// Runs async code over the client, and waits for it: pages, waiters and calls by name.
    ///
    /// ```no_run
    /// # fn example<P: acs_core::Product>(client: acs_core::BlockingClient<P>) -> Result<(), acs_core::Error> {
    /// let answer = client.run(async |client| client.call("ListThings").send().await)?;
    /// println!("{}", answer["Things"]);
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// Those of the code; [`ErrorKind::InvalidInput`] within an async context, before any of it is run.
    pub fn run<T>(
        &self,
        work: impl AsyncFnOnce(&Client<P>) -> Result<T, Error>,
    ) -> Result<T, Error> {
        self.block_on(work(&self.client))
    }

    fn block_on<T>(&self, work: impl Future<Output = Result<T, Error>>) -> Result<T, Error> {
        if tokio::runtime::Handle::try_current().is_ok() {
            let text = "a blocking call within an async context would stop all its tasks: use the async client there";
            return Err(Error::new(ErrorKind::InvalidInput, text));
        }
        match &self.runtime.0 {
            Some(runtime) => runtime.block_on(work),
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
