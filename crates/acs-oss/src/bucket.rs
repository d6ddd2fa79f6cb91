use std::fmt;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use acs_core::{
    Credentials, Error, ErrorKind, ProvideCredentials, RetryPolicy, SharedCredentialsProvider,
    SharedRuntime, SharedTransport, SystemRuntime,
};
use acs_signer::oss_v4::ScopedKey;
use chrono::{DateTime, TimeDelta, Utc};

use crate::address::{Address, Network};
use crate::key::check_bucket;
use crate::timeouts::Timeouts;

/// A handle on one bucket: it signs, sends, checks and sends again. Cheap to clone; clones share all.
#[derive(Clone)]
pub struct Bucket(Arc<Inner>);

struct Inner {
    name: String,
    region: String,
    address: Address,
    credentials: SharedCredentialsProvider,
    transport: SharedTransport,
    runtime: SharedRuntime,
    retry: RetryPolicy,
    timeouts: Timeouts,
    /// The key of the day, with the credentials that it was derived from.
    scoped_key: Mutex<Option<(Credentials, Arc<ScopedKey>)>>,
    /// What the server's clock is ahead of ours, in milliseconds, as learnt from an error about time.
    clock_offset: AtomicI64,
}

/// Settings of a [`Bucket`].
#[derive(Debug)]
#[must_use]
pub struct BucketBuilder {
    name: String,
    region: String,
    network: Network,
    endpoint: Option<String>,
    credentials: Option<SharedCredentialsProvider>,
    transport: Option<SharedTransport>,
    runtime: Option<SharedRuntime>,
    retry: RetryPolicy,
    timeouts: Timeouts,
}

impl Bucket {
    /// Starts the settings of a handle on the bucket `name` in `region`, `cn-shanghai` say (not the location
    /// `oss-cn-shanghai`).
    pub fn builder(name: impl Into<String>, region: impl Into<String>) -> BucketBuilder {
        BucketBuilder {
            name: name.into(),
            region: region.into(),
            network: Network::default(),
            endpoint: None,
            credentials: None,
            transport: None,
            runtime: None,
            retry: RetryPolicy::default(),
            timeouts: Timeouts::default(),
        }
    }

    /// Returns the bucket's name.
    pub fn name(&self) -> &str {
        &self.0.name
    }

    /// Returns the region id, `cn-shanghai` say.
    pub fn region(&self) -> &str {
        &self.0.region
    }

    /// Returns the location, as OSS and MPS spell the region: `oss-cn-shanghai` say.
    pub fn location(&self) -> String {
        format!("oss-{}", self.0.region)
    }

    pub(crate) fn address(&self) -> &Address {
        &self.0.address
    }

    pub(crate) fn provider(&self) -> &dyn ProvideCredentials {
        &*self.0.credentials
    }

    pub(crate) fn transport(&self) -> &SharedTransport {
        &self.0.transport
    }

    pub(crate) fn runtime(&self) -> &SharedRuntime {
        &self.0.runtime
    }

    pub(crate) fn retry(&self) -> &RetryPolicy {
        &self.0.retry
    }

    pub(crate) fn timeouts(&self) -> &Timeouts {
        &self.0.timeouts
    }

    /// Returns the time to sign with: our clock, corrected by what the server told of its own.
    pub(crate) fn signing_time(&self) -> DateTime<Utc> {
        let offset = TimeDelta::milliseconds(self.0.clock_offset.load(Ordering::Relaxed));
        let now = self.0.runtime.now();
        now.checked_add_signed(offset).unwrap_or(now)
    }

    /// Learns the server's clock, if it is so far from the time used so far that requests are refused for it. Only an
    /// error about time may teach it, never an ordinary answer's date.
    pub(crate) fn learn_time(&self, server_time: DateTime<Utc>) {
        /// OSS refuses what is 15 minutes off; a change of less than this was not the reason.
        const SMALLEST_CORRECTION: TimeDelta = TimeDelta::minutes(4);
        if (server_time - self.signing_time()).abs() < SMALLEST_CORRECTION {
            return;
        }
        let offset = server_time - self.0.runtime.now();
        self.0
            .clock_offset
            .store(offset.num_milliseconds(), Ordering::Relaxed);
    }

    /// Returns the key of the day; derives it when the day or the credentials changed.
    pub(crate) fn scoped_key(
        &self,
        credentials: &Credentials,
        date: DateTime<Utc>,
    ) -> Result<Arc<ScopedKey>, Error> {
        let mut cached = self
            .0
            .scoped_key
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        if let Some((owner, key)) = &*cached
            && owner.is_same(credentials)
            && key.covers(date)
        {
            return Ok(Arc::clone(key));
        }
        let Some(signing_key) = credentials.signing_key() else {
            return Err(Error::new(
                ErrorKind::Credentials,
                "OSS needs an AccessKey pair or an STS session: a bearer token can't sign",
            ));
        };
        let key = ScopedKey::new(signing_key, date, &self.0.region, "oss")
            .map_err(|error| Error::invalid_parameter(error.field(), error.to_string()))?;
        let key = Arc::new(key);
        *cached = Some((credentials.clone(), Arc::clone(&key)));
        Ok(key)
    }
}

impl fmt::Debug for Bucket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Bucket")
            .field("name", &self.0.name)
            .field("region", &self.0.region)
            .field("endpoint", &format_args!("{}", self.0.address.endpoint()))
            .finish_non_exhaustive()
    }
}

impl BucketBuilder {
    /// Sets where the credentials come from; they are asked for before each attempt.
    pub fn credentials(mut self, provider: impl ProvideCredentials + 'static) -> Self {
        self.credentials = Some(Arc::new(provider));
        self
    }

    /// Sets the network that OSS is reached by. Default: the public one.
    pub fn network(mut self, network: Network) -> Self {
        self.network = network;
        self
    }

    /// Sets the endpoint by hand: OSS's own host, without the bucket. An IP address or `localhost` is addressed by
    /// path, and may be plain `http` if it is a loopback one.
    pub fn endpoint(mut self, endpoint: impl Into<String>) -> Self {
        self.endpoint = Some(endpoint.into());
        self
    }

    /// Sets when a request is sent again; a part or an object counts as one request. Default: three attempts in all.
    pub fn retry(mut self, policy: RetryPolicy) -> Self {
        self.retry = policy;
        self
    }

    /// Sets how long a transfer may stand still.
    pub fn timeouts(mut self, timeouts: Timeouts) -> Self {
        self.timeouts = timeouts;
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

    /// Makes the handle. Nothing is sent.
    ///
    /// # Errors
    /// The bucket's name, the region or the endpoint is wrong; no credentials were set; or there is no transport (the
    /// TLS features are off and none was set).
    pub fn build(self) -> Result<Bucket, Error> {
        check_bucket(&self.name)?;
        let address = Address::resolve(
            &self.name,
            &self.region,
            self.network,
            self.endpoint.as_deref(),
        )?;
        let Some(credentials) = self.credentials else {
            return Err(Error::invalid_parameter(
                "credentials",
                "none are set: give the builder some",
            ));
        };
        let transport = match self.transport {
            Some(transport) => transport,
            None => acs_core::default_transport()?,
        };
        Ok(Bucket(Arc::new(Inner {
            name: self.name,
            region: self.region,
            address,
            credentials,
            transport,
            runtime: self
                .runtime
                .unwrap_or_else(|| Arc::new(SystemRuntime::new())),
            retry: self.retry,
            timeouts: self.timeouts,
            scoped_key: Mutex::new(None),
            clock_offset: AtomicI64::new(0),
        })))
    }
}
