//! Clients for one place: Alibaba Cloud in a region, or a running emulator.

use std::sync::Arc;

use acs_core::{ProvideCredentials, ReqwestTransport, SharedTransport};

use crate::args::Common;
use crate::failure::Failure;

/// Where calls go, and one pool of connections for all of them.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) region: String,
    /// An emulator's address; `None` for Alibaba Cloud itself.
    pub(crate) endpoint: Option<String>,
    pub(crate) transport: SharedTransport,
}

impl Place {
    pub(crate) fn new(region: &str, endpoint: Option<&str>) -> Result<Self, Failure> {
        Ok(Self {
            region: region.to_owned(),
            endpoint: endpoint.map(str::to_owned),
            transport: Arc::new(ReqwestTransport::builder().build()?),
        })
    }

    pub(crate) fn of(common: &Common) -> Result<Self, Failure> {
        Self::new(&common.region, common.endpoint.as_deref())
    }

    pub(crate) fn vod(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_vod::Client, Failure> {
        self.build(acs_vod::Client::builder(&self.region), credentials)
    }

    pub(crate) fn mps(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_mps::Client, Failure> {
        self.build(acs_mps::Client::builder(&self.region), credentials)
    }

    pub(crate) fn sts(
        &self,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_sts::Client, Failure> {
        self.build(acs_sts::Client::builder(&self.region), credentials)
    }

    fn build<P: acs_core::Product>(
        &self,
        builder: acs_core::ClientBuilder<P>,
        credentials: impl ProvideCredentials + 'static,
    ) -> Result<acs_core::Client<P>, Failure> {
        let builder = builder
            .credentials(credentials)
            .transport(Arc::clone(&self.transport));
        Ok(match &self.endpoint {
            Some(endpoint) => builder.endpoint(endpoint),
            None => builder,
        }
        .build()?)
    }
}
