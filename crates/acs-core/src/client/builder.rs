use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use super::Client;
use super::bucket::RetryBucket;
use super::call::Inner;
use super::clock::ClockOffset;
use super::limit::{Limiter, RateLimit};
use super::observe::Observer;
use super::pace::MinThroughput;
use super::settings::Settings;
use super::sign::Buffers;
use crate::credentials::{ProvideCredentials, SharedCredentialsProvider};
use crate::endpoint::{Endpoint, Network, Product, check_region};
use crate::error::Error;
use crate::retry::RetryPolicy;
use crate::runtime::{SharedRuntime, SystemRuntime};
use crate::transport::{SharedTransport, default_transport};

/// Settings of a [`Client`].
#[derive(Debug)]
#[must_use]
pub struct ClientBuilder<P> {
    region: String,
    network: Network,
    endpoint: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
    transport: Option<SharedTransport>,
    runtime: Option<SharedRuntime>,
    settings: Settings,
    observer: Option<Box<dyn Observer>>,
    rate_limit: Option<RateLimit>,
    product: PhantomData<fn() -> P>,
}

impl<P: Product> ClientBuilder<P> {
    pub(super) fn new(region: String) -> Self {
        Self {
            region,
            network: Network::default(),
            endpoint: None,
            credentials: None,
            transport: None,
            runtime: None,
            settings: Settings::default(),
            observer: None,
            rate_limit: None,
            product: PhantomData,
        }
    }

    /// Sets where the client's credentials come from: [`Credentials`](crate::Credentials) themselves, or a provider
    /// such as `acs_credentials::default_chain()`. Without it only unsigned operations can be sent.
    pub fn credentials(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(Arc::new(provider));
        self
    }

    /// Sets the endpoint by hand, in place of the region's own: see [`Endpoint::parse`] for its form.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Sets the network that the service is reached by. Default: the public one.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets when calls are sent again. Default: three attempts in all.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.settings.retry = policy;
        self
    }

    /// Sets how long name look-up, connection and TLS handshake may take together. Default: the transport's own, 3 s.
    pub fn connect_timeout(mut self, timeout: Duration) -> Self {
        self.settings.connect_timeout = Some(timeout);
        self
    }

    /// Sets how long one attempt may take, its whole answer included. Default: 15 s.
    pub fn attempt_timeout(mut self, timeout: Duration) -> Self {
        self.settings.attempt_timeout = timeout;
        self
    }

    /// Sets how long a call may take: all attempts and the waits between them. Default: 60 s.
    pub fn call_timeout(mut self, timeout: Duration) -> Self {
        self.settings.call_timeout = timeout;
        self
    }

    /// Has an observer told of each attempt and each call.
    pub fn observer(mut self, observer: impl Observer + 'static) -> Self {
        self.observer = Some(Box::new(observer));
        self
    }

    /// Keeps the calls of each operation below a rate that adapts to throttling. Default: off.
    pub fn rate_limit(mut self, limit: RateLimit) -> Self {
        self.rate_limit = Some(limit);
        self
    }

    /// Sets how many bytes an answer may have, as sent and unpacked. Default: 16 MiB.
    pub fn max_response_bytes(mut self, bytes: usize) -> Self {
        self.settings.max_response_bytes = bytes;
        self
    }

    /// Sets the least rate at which bodies must move, either way. Default: 256 bytes a second over 5 s.
    pub fn min_throughput(mut self, floor: MinThroughput) -> Self {
        self.settings.min_throughput = floor;
        self
    }

    /// Sets the transport, in place of reqwest.
    pub fn transport(mut self, transport: SharedTransport) -> Self {
        self.transport = Some(transport);
        self
    }

    /// Sets where time and randomness come from: for tests.
    pub fn runtime(mut self, runtime: SharedRuntime) -> Self {
        self.runtime = Some(runtime);
        self
    }

    /// Makes the client. Nothing is sent.
    ///
    /// # Errors
    /// The region or the endpoint is wrong, or there is no transport (the TLS features are off and none was set).
    pub fn build(self) -> Result<Client<P>, Error> {
        let endpoint = match &self.endpoint {
            Some(text) => {
                check_region(&self.region)?;
                Endpoint::parse(text)?
            }
            None => Endpoint::resolve(P::INFO, &self.region, self.network)?,
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => default_transport()?,
        };
        let limiter = self
            .rate_limit
            .map(|limit| Limiter::new(limit, P::INFO.product, &self.region));
        Ok(Client::from_inner(Inner {
            region: self.region,
            endpoint,
            credentials: self.credentials,
            transport,
            runtime: self
                .runtime
                .unwrap_or_else(|| Arc::new(SystemRuntime::new())),
            settings: self.settings,
            observer: self.observer,
            limiter,
            clock: ClockOffset::default(),
            bucket: RetryBucket::default(),
            buffers: Buffers::default(),
        }))
    }
}
